"""The folder in which a bag arrives: what is there already, where the next bytes go, and whether they are the right ones.

The other end of `evidence/handover.py`. Whatever comes is taken for hostile: a path has to be one that a bag can have,
nothing is written through a link, and nothing outside of the folder.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firedoor.evidence.verify import LINE, PAYLOAD, TAGS, safe

HEADER_LIMIT = 8192
CHUNK = 1 << 20
SHA256 = (TAGS[0], PAYLOAD[0])


class Refused(Exception):
    """What came is nothing that a bag can hold."""


@dataclass(slots=True)
class Arrivals:
    """Takes the stream. `seen`: told of how much has arrived, and of how much there is in the files seen so far."""

    folder: Path
    seen: Callable[[int, int], None]
    done: bool = False
    wrong: list[str] = field(default_factory=list)
    """Files whose content is not what their manifest says."""
    _digests: dict[str, str] = field(default_factory=dict)
    """What the manifests that have arrived say of other files."""
    _buffer: bytes = b""
    _path: str = ""
    _left: int = 0
    _descriptor: int = -1
    _arrived: int = 0
    _expected: int = 0
    _files: int = 0

    def have(self) -> dict[str, int]:
        """How much of each file is here."""
        found = (Path(folder, name) for folder, _, names in os.walk(self.folder) for name in names)
        return {os.path.relpath(file, self.folder): file.lstat().st_size for file in found if not file.is_symlink()}

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the stream; Refused when they are none of a bag's."""
        self._buffer += data
        while self._buffer and not self.done:
            if self._descriptor >= 0:
                self._content()
            elif b"\n" in self._buffer:
                line, self._buffer = self._buffer.split(b"\n", 1)
                self._header(line)
            elif len(self._buffer) > HEADER_LIMIT:
                raise Refused("a header of the stream does not end")
            else:
                return

    def close(self) -> None:
        """Ends a stream that was cut; what is here stays for the next one."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _header(self, line: bytes) -> None:
        words = _words(line)
        if "end" in words:
            if words["end"] != self._files:
                raise Refused(f"{words['end']} files were sent, {self._files} arrived")
            self.done = True
            return
        path, size, offset = words.get("path"), words.get("size"), words.get("offset")
        if not isinstance(path, str) or not safe(path):
            raise Refused(f"the name {path!a} is none that a bag can have")
        if not (isinstance(size, int) and isinstance(offset, int) and 0 <= offset <= size):
            raise Refused(f"file {path} has no usable size")
        self._open(path, size, offset)

    def _open(self, path: str, size: int, offset: int) -> None:
        target = self.folder / path
        parents = [self.folder / parent for parent in reversed(target.relative_to(self.folder).parents[:-1])]
        for place in (*parents, target):
            if place.is_symlink():
                raise Refused(f"{place} is a link; remove it")
            if place is not target:
                place.mkdir(exist_ok=True)
        self._descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.fstat(self._descriptor).st_size < offset:
            raise Refused(f"{path} is shorter here than the stream takes it to be")
        os.ftruncate(self._descriptor, offset)
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        self._path, self._left = path, size - offset
        self._expected += size
        self._arrived += offset
        self._files += 1
        self._content()

    def _content(self) -> None:
        data, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        written = 0
        while written < len(data):
            written += os.write(self._descriptor, data[written:])
        self._left -= len(data)
        self._arrived += len(data)
        self.seen(self._arrived, self._expected)
        if not self._left:
            self.close()
            self._check()

    def _check(self) -> None:
        """Compares with the manifest, which came first. What is wrong is taken away and asked for again by the next stream."""
        expected = self._digests.get(self._path)
        if expected is not None and _sha256(self.folder / self._path) != expected:
            self.wrong.append(self._path)
        if self._path in SHA256:
            self._digests |= _manifest(self.folder / self._path)


def _words(line: bytes) -> Mapping[str, Any]:
    try:
        words = json.loads(line)
    except ValueError:
        words = None
    if not isinstance(words, dict):
        raise Refused(f"the stream says {line[:80]!a} where a file should begin")
    return words


def _manifest(file: Path) -> dict[str, str]:
    lines = file.read_text("utf-8", "replace").split("\n")
    return {entry["path"]: entry["digest"] for line in lines if (entry := LINE.fullmatch(line))}


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
