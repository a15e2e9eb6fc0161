"""The lines of a bag's logs with their times: those that the API gave, and of the node's files those that it did not give.

What the kubelet rotated away lies in the node's files alone. A line whose time is between the first and the last of a log
that the API gave of the same container is taken for one of that log.
"""

import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from firedoor.evidence.artifact import Artifact
from firedoor.evidence.layout import Kind
from firedoor.evidence.views.found import FILE_MOST, LINE_MOST, Found, moment

TIME: Final = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d) "
FROM_API = re.compile(TIME + rb"(.*)", re.DOTALL)
FROM_NODE = re.compile(TIME + rb"(?:stdout|stderr) [FP](?::[^ ]*)? (.*)", re.DOTALL)
"""As the runtime writes it (CRI, kubelet logs.go): time, stream, whether the line is whole or a part, and the text."""
UNREADABLE = (OSError, EOFError, zlib.error)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `at` to the microsecond, `said` the time as it stands there, `offset` None in what is compressed."""

    artifact: Artifact
    offset: int | None
    at: datetime
    said: str
    text: str


def lines(found: Found) -> Iterator[Line]:
    """Every line that has a time."""
    given = defaultdict[object, list[Span]](list)
    for artifact in found.of(Kind.LOG):
        first = last = None
        for line in _timed(found.lines(artifact), artifact, FROM_API):
            first, last = first or line.at, line.at
            yield line
        if first is not None and last is not None:
            given[artifact.source.get("container")].append((first, last))
    for artifact in found.of(Kind.NODE_LOG):
        raw = _unpacked(found, artifact) if artifact.path.endswith(".gz") else found.lines(artifact)
        spans = given[artifact.source.get("container")]
        yield from (line for line in _timed(raw, artifact, FROM_NODE) if not any(a <= line.at <= b for a, b in spans))


def _timed(raw: Iterator[tuple[int | None, bytes]], artifact: Artifact, form: re.Pattern[bytes]) -> Iterator[Line]:
    for offset, line in raw:
        stamp = form.fullmatch(line)
        at = moment(_to_microseconds(stamp)) if stamp else None
        if stamp and at is not None:
            said = (stamp[1] + (stamp[2] or b"") + stamp[3]).decode()
            yield Line(artifact, offset, at, said, stamp[4].decode("utf-8", "backslashreplace"))


def _unpacked(found: Found, artifact: Artifact) -> Iterator[tuple[None, bytes]]:
    """The lines of a compressed file, within bounds, up to where it cannot be read."""
    left = FILE_MOST
    try:
        with gzip.open(found.folder / artifact.path) as opened:
            while left > 0 and (line := opened.readline(LINE_MOST)):
                left -= len(line)
                yield None, line.rstrip(b"\n")
    except UNREADABLE:
        return


def _to_microseconds(stamp: re.Match[bytes]) -> str:
    return f"{stamp[1].decode()}{(stamp[2] or b'').decode()[:7]}{stamp[3].decode()}"
