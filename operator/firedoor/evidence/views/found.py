"""What a bag holds, as the views read it: files by their kind, lines in bounds, broken ones left out.

Nothing is found by its file name: a second try of the same thing has another one.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firedoor.evidence.artifact import Artifact
from firedoor.evidence.layout import Kind

Obj = dict[str, Any]
LINE_MOST = 64 << 10
FILE_MOST = 16 << 20
"""Bytes of one file that a view reads."""
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

    def of(self, kind: Kind) -> list[Artifact]:
        """The artifacts of a kind that there is a file of."""
        return [one for one in self.artifacts if one.hashes and one.source.get("kind") == kind and one.status != "failed"]

    def objects(self, kind: Kind) -> Iterator[tuple[Artifact, Obj]]:
        """The JSON lines of all files of a kind."""
        for artifact in self.of(kind):
            for _, line in self.lines(artifact):
                if isinstance(found := parsed(line), dict):
                    yield artifact, found

    def document(self, artifact: Artifact) -> Any:
        """A file that is one JSON document; None when it is none, or too long."""
        return parsed(self._read(artifact)) if artifact.bytes <= DOCUMENT_MOST else None

    def pod(self) -> Obj:
        """The suspect as it was first seen."""
        found = next((self.document(one) for one in self.of(Kind.POD)), None)
        return found if isinstance(found, dict) else {}

    def lines(self, artifact: Artifact) -> Iterator[tuple[int, bytes]]:
        """The lines with their offsets; of a long file its beginning and its end."""
        whole = artifact.bytes <= FILE_MOST
        yield from self._between(artifact, 0, artifact.bytes if whole else HEAD)
        if not whole:
            yield from self._between(artifact, artifact.bytes - FILE_MOST + HEAD, artifact.bytes)

    def _between(self, artifact: Artifact, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        with (self.folder / artifact.path).open("rb") as opened:
            opened.seek(start)
            at, whole = start, start == 0
            while at < end and (line := opened.readline(LINE_MOST)):
                if whole:
                    yield at, line.rstrip(b"\n")
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


def epoch(seconds: object) -> datetime | None:
    """A time in seconds of the epoch; None when it is none that a calendar has."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
