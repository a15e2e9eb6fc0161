"""One captured thing: what is told of it, and its file while it is written.

The bag makes them; sources write and say what went wrong. Bytes are hashed on their way, before they rest; every further
digest is made of what the disk gives back, beside that first one again, when the bag is sealed.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from firedoor.evidence.volume import FULL, VolumeFull

ACQUIRED: Final = "sha256"
"""By which bytes are hashed while the suspect is asked for them: it may not be there for long."""
ALGORITHMS: Final = (ACQUIRED, "sha512")
MESSAGE_LIMIT = 500
BLOCK: Final = 1 << 20


@dataclass
class Artifact:
    """What capture.json tells of one artifact. `id` is what was planned, `path` the file that it became."""

    path: str
    source: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    status: str = "complete"
    reason: str = ""
    message: str = ""
    bytes: int = 0
    started: str = ""
    ended: str = ""
    hashes: dict[str, str] = field(default_factory=dict)
    truncation: dict[str, Any] = field(default_factory=dict)

    def short(self, reason: str, message: str = "") -> None:
        """Says that something is missing, and why; the first reason stands."""
        if self.status == "complete":
            self.ends("partial", reason, message)

    def ends(self, status: str, reason: str, message: str = "") -> None:
        """Says how it ended: partial, failed (there was something and it could not be had) or skipped (there was nothing)."""
        self.status, self.reason, self.message = status, reason, message[:MESSAGE_LIMIT]

    def told(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value not in ("", {})}


class Writer:
    """An artifact's file while it is written; there is none before the first byte."""

    def __init__(self, part: Path, artifact: Artifact, gives_up: Callable[[], None]) -> None:
        self.part = part
        self.artifact = artifact
        self._gives_up = gives_up
        self._hash = hashlib.new(ACQUIRED)
        self._descriptor = -1

    @property
    def opened(self) -> bool:
        return self._descriptor >= 0

    def write(self, data: bytes) -> None:
        """Appends; VolumeFull when the volume takes no more."""
        try:
            self._append(memoryview(data))
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._gives_up()
            raise VolumeFull from error

    def open(self) -> None:
        """Makes the file, also when nothing will be written."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.part, flags, 0o600)

    def close(self) -> None:
        """Flushes; the hash is that of what was given to the disk."""
        self.artifact.hashes = {ACQUIRED: self._hash.hexdigest()}
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # some file systems say only now that there was no space
            if error.errno not in FULL:
                raise
            self._gives_up()
            self._read_again()
        finally:
            os.close(self._descriptor)

    def _append(self, view: memoryview) -> None:
        if view and not self.opened:
            self.open()
        while view:
            taken = os.write(self._descriptor, view)
            self._hash.update(view[:taken])
            self.artifact.bytes += taken
            view = view[taken:]

    def _read_again(self) -> None:
        self.artifact.short("VolumeFull", "The evidence volume took no more.")
        self.artifact.bytes = self.part.stat().st_size
        self.artifact.hashes = file_digests(self.part)


def file_digests(file: Path) -> dict[str, str]:
    """The digests of a file as it is on the disk, which is read once."""
    hashes = {name: hashlib.new(name) for name in ALGORITHMS}
    with file.open("rb", buffering=0) as opened:
        while block := opened.read(BLOCK):
            for hashed in hashes.values():
                hashed.update(block)
    return {name: hashed.hexdigest() for name, hashed in hashes.items()}


def file_digest(file: Path, algorithm: str = "sha256") -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()
