"""What a pod was before firedoor touched it: the record on the pod, and what a receipt keeps of that.

Pure. Neither is believed by itself: `Situation.prior` says which of them counts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from firedoor.api import names
from firedoor.api.incident import PRIOR_LIMIT
from firedoor.planner.views import Owner, loaded


@dataclass(frozen=True, slots=True)
class PodPrior:
    """What a pod was before the first quarantine: labels, the annotations that firedoor writes over, controlling owner."""

    labels: Mapping[str, str]
    owner: Owner | None
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    """None under a key: the pod had no such annotation."""
    digest: str = ""
    """SHA-256 of a record that was too large for a receipt and is not at hand: then labels and annotations are not known."""

    @property
    def lost(self) -> bool:
        """Whether nobody knows any more what it was, but for the owner."""
        return bool(self.digest)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.dump().encode()).hexdigest()

    @property
    def record(self) -> str | None:
        """The record that the pod had before: of an incident that kept it and is gone since, or forged."""
        return self.annotations.get(names.PRIOR)

    def without(self, label: str) -> Self:
        """The same, but for a label that must not come back."""
        return replace(self, labels={key: value for key, value in self.labels.items() if key != label})

    def dump(self) -> str:
        owner = None if self.owner is None else {"kind": self.owner.kind, "name": self.owner.name, "uid": self.owner.uid}
        known = {"sha256": self.digest} if self.lost else {"labels": dict(self.labels), "annotations": dict(self.annotations)}
        return json.dumps({**known, "owner": owner}, sort_keys=True)

    def receipt(self) -> str:
        """What status keeps of it: all, or of a large one the owner, and by what the record is recognised."""
        whole = self.dump()
        if len(whole) <= PRIOR_LIMIT:
            return whole
        return replace(self, labels={}, annotations={}, digest=self.sha256).dump()

    @classmethod
    def load(cls, text: str) -> Self | None:
        """The prior in an annotation; None when it is not one of ours."""
        document = loaded(text)
        labels, annotations, owner = document.get("labels"), document.get("annotations") or {}, document.get("owner")
        if not (_of_words(labels) and _of_words(annotations, or_none=True) and _is_owner(owner)):
            return None
        return cls(labels=labels or {}, owner=Owner(**owner) if owner else None, annotations=annotations)

    @classmethod
    def of_receipt(cls, text: str) -> Self | None:
        """The prior in a receipt; None when it is not one of ours."""
        document = loaded(text)
        digest, owner = document.get("sha256"), document.get("owner")
        if not digest:
            return cls.load(text)
        if not (isinstance(digest, str) and _is_owner(owner)):
            return None
        return cls({}, Owner(**owner) if owner else None, digest=digest)

    def or_whole(self, recorded: Self | None) -> Self:
        """The record itself, where this is too small for it and it is the very one."""
        return recorded if self.lost and recorded is not None and recorded.sha256 == self.digest else self


def _is_owner(found: object) -> bool:
    return found is None or (isinstance(found, dict) and found.keys() == {"kind", "name", "uid"} and _of_words(found))


def _of_words(found: object, or_none: bool = False) -> bool:
    return isinstance(found, dict) and all(isinstance(value, str) or (or_none and value is None) for value in found.values())
