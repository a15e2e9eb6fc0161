"""The chain of custody: one JSON line an act, each carrying the hash of the line before it.

The bag writes it, verify reads it. Any five-line script can check it: `prev` is the SHA-256 of the previous line
without its line feed, 64 zeros for the first.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NOTHING_BEFORE = "0" * 64


class Custody:
    """A custody file that is appended to; it goes on where an earlier process left it."""

    def __init__(self, path: Path, actor: Mapping[str, str]) -> None:
        self._path = path
        self._actor = dict(actor)
        self.lines: list[dict[str, Any]] = []
        self.head = NOTHING_BEFORE
        self._take_up()

    def note(self, at: str, action: str, **detail: Any) -> None:
        """Appends one act and makes sure that it is on the disk."""
        line = {"v": 1, "seq": len(self.lines), "ts": at, "actor": self._actor, "action": action, **detail, "prev": self.head}
        raw = json.dumps(line, separators=(",", ":")).encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            _write_all(descriptor, raw + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.lines.append(line)
        self.head = digest(raw)

    def _take_up(self) -> None:
        if not self._path.exists():
            return
        whole, _, torn = self._path.read_bytes().rpartition(b"\n")
        if torn:
            os.truncate(self._path, len(whole) + 1 if whole else 0)  # a line that a crash cut off was never an act
        for raw in whole.split(b"\n") if whole else ():
            self.lines.append(json.loads(raw))
            self.head = digest(raw)


def digest(raw: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def _write_all(descriptor: int, data: bytes) -> None:
    start = os.fstat(descriptor).st_size
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        os.ftruncate(descriptor, start)  # half a line would break the chain
        raise
