"""What a bag holds, as the views read it: files by their kind, lines in bounds, broken ones left out and counted.

Nothing is found by its file name: a second try of the same thing has another one.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firedoor.evidence.artifact import Artifact
from firedoor.evidence.layout import Kind
from firedoor.evidence.views.cut import beginning

Obj = dict[str, Any]
LINE_MOST = 64 << 10
RECORD_MOST = 128 << 10
"""Bytes of a JSON line that are held in memory: of a longer one, its beginning."""
FILE_MOST = 16 << 20
"""Bytes of one file that a view reads."""
WHOLE = (Kind.PROCESSES, Kind.SOCKETS)
"""What is read from the beginning to the end, however much it is: whatever is hidden in the middle could be the suspect."""
HEAD = FILE_MOST // 4
DOCUMENT_MOST = 4 << 20
"""Bytes of a JSON document, which is held in memory as a whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """A bag that is about to be sealed."""

    folder: Path
    artifacts: Sequence[Artifact]
    custody: Sequence[Obj]
    about: Obj
    """The rest of capture.json."""
    left_out: Counter[Kind] = field(default_factory=Counter)
    """Lines of a kind that were no records, or too long to be one; as far as its objects were asked for at last."""

    def of(self, kind: Kind) -> list[Artifact]:
        """The artifacts of a kind that there is a file of."""
        return [one for one in self.artifacts if one.hashes and one.source.get("kind") == kind and one.status != "failed"]

    def objects(self, kind: Kind) -> Iterator[tuple[Artifact, Obj]]:
        """The JSON lines of all files of a kind; one that is too long as the members that it begins with.

        `cut` names the last of these then, which may be shorter than it was.
        """
        self.left_out[kind] = 0
        for artifact in self.of(kind):
            for _, line in self._lines(artifact, RECORD_MOST, artifact.bytes if kind in WHOLE else FILE_MOST):
                too_long = len(line) == RECORD_MOST and not line.endswith(b"\n")
                found = {**began, "cut": [*began][-1]} if too_long and (began := beginning(line)) else parsed(line)
                if isinstance(found, dict):
                    yield artifact, found
                else:
                    self.left_out[kind] += 1

    def in_part(self, kind: Kind) -> bool:
        """Whether some file of it is so long that a view reads only its beginning and its end."""
        return kind not in WHOLE and any(one.bytes > FILE_MOST for one in self.of(kind))

    def document(self, artifact: Artifact) -> Any:
        """A file that is one JSON document; None when it is none, or too long."""
        return parsed(self._read(artifact)) if artifact.bytes <= DOCUMENT_MOST else None

    def pod(self) -> Obj:
        """The suspect as it was first seen."""
        found = next((self.document(one) for one in self.of(Kind.POD)), None)
        return found if isinstance(found, dict) else {}

    def lines(self, artifact: Artifact) -> Iterator[tuple[int, bytes]]:
        """The lines with their offsets; of a long file its beginning and its end, of a long line its beginning."""
        for at, line in self._lines(artifact, LINE_MOST, FILE_MOST):
            yield at, line.rstrip(b"\n")

    def _lines(self, artifact: Artifact, line_most: int, file_most: int) -> Iterator[tuple[int, bytes]]:
        whole = artifact.bytes <= file_most
        yield from self._between(artifact, 0, artifact.bytes if whole else HEAD, line_most)
        if not whole:
            yield from self._between(artifact, artifact.bytes - file_most + HEAD, artifact.bytes, line_most)

    def _between(self, artifact: Artifact, start: int, end: int, line_most: int) -> Iterator[tuple[int, bytes]]:
        with (self.folder / artifact.path).open("rb") as opened:
            opened.seek(start)
            at, whole = start, start == 0
            while at < end and (line := opened.readline(line_most)):
                if whole:
                    yield at, line
                at, whole = at + len(line), line.endswith(b"\n")

    def _read(self, artifact: Artifact) -> bytes:
        return (self.folder / artifact.path).read_bytes()


def parsed(raw: bytes) -> Any:
    """JSON, or None."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def bytes_of(entry: Obj, key: str) -> bytes:
    """A name of the suspect's as the bytes that it is."""
    if isinstance(text := entry.get(key), str):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(str(entry.get(f"{key}_b64", "")))
    except ValueError:
        return b""


def command_of(process: Obj) -> str:
    """How a process was called; its name where nothing more is known."""
    command = words_of(process.get("cmdline")) or str(process.get("comm", ""))
    return f"[too long, cut] {command}" if process.get("cut") == "cmdline" else command


def words_of(found: Any) -> str:
    """A list of the suspect's words as one line."""
    words = found if isinstance(found, list) else []
    return " ".join(
        word if isinstance(word, str) else f"base64:{word.get('b64', '')}" for word in words if isinstance(word, str | dict)
    )


def moment(text: object) -> datetime | None:
    """A time as Kubernetes and we write it, to the microsecond; None when it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def epoch(number: object, unit: float = 1) -> datetime | None:
    """A time in seconds of the epoch, or parts of them; None when it is none that a calendar has."""
    if not isinstance(number, int | float) or isinstance(number, bool):
        return None
    try:
        return datetime.fromtimestamp(number / unit, UTC)
    except (ValueError, OverflowError, OSError):
        return None
