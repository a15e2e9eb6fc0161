"""All views into a bag that is about to be sealed. A view that cannot be made is left out, and the bag is sealed without."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from firedoor.evidence.bag import Bag
from firedoor.evidence.views.bodyfile import bodyfile
from firedoor.evidence.views.found import Found
from firedoor.evidence.views.report import report
from firedoor.evidence.views.timeline import timeline

log = logging.getLogger(__name__)
VIEWS: Final[Mapping[str, Callable[[Found], Iterator[bytes]]]] = {
    "timeline.jsonl": timeline,
    "bodyfile.txt": bodyfile,
    "report.html": report,
}


def write(bag: Bag, about: Mapping[str, Any]) -> None:
    """Writes the views; `about` is capture.json without its artifacts."""
    found = Found(bag.folder, tuple(bag.artifacts.values()), tuple(bag.custody.lines), dict(about))
    for name, view in VIEWS.items():
        try:
            bag.view(name, view(found))
        except OSError:
            raise
        except Exception as error:  # the suspect's words made it fail: the evidence is whole without the view
            log.exception("view %s", name)
            bag.note("view.failed", object=name, reason=type(error).__name__)
