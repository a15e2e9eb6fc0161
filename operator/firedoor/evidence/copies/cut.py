"""A file as an object store sees it: its length, its SHA-256, and that of each part in which it is sent.

The cut depends on the length alone, so a second run finds what the first one laid down. Stands on hashing alone.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PART: Final = 8 << 20
PARTS_MOST: Final = 10_000
"""Parts that a store takes of one object (Amazon S3, multipart upload limits)."""
BLOCK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Cut:
    """One file, measured."""

    size: int
    sha256: str
    parts: tuple[bytes, ...]
    """The digest of each; a file that fits into one part, also an empty one, has one."""

    @property
    def checksum(self) -> str:
        """What a store gives as x-amz-checksum-sha256: of parts, the digest of their digests and their number."""
        if len(self.parts) == 1:
            return encoded(self.parts[0])
        return f"{encoded(hashlib.sha256(b''.join(self.parts)).digest())}-{len(self.parts)}"

    def span(self, number: int) -> tuple[int, int]:
        """Where the part of this number (from 0) begins, and its length."""
        step = part_size(self.size)
        return number * step, min(step, self.size - number * step)


class Meter:
    """Measures what passes, in blocks of any size."""

    def __init__(self, size: int) -> None:
        self._step = part_size(size)
        self._whole = hashlib.sha256()
        self._part = hashlib.sha256()
        self._parts: list[bytes] = []
        self._in_part = 0
        self._size = 0

    def take(self, block: bytes) -> None:
        """The next bytes."""
        self._whole.update(block)
        self._size += len(block)
        while block:
            if self._in_part == self._step:
                self._close()
            now, block = block[: self._step - self._in_part], block[self._step - self._in_part :]
            self._part.update(now)
            self._in_part += len(now)

    def cut(self) -> Cut:
        """The measures; nothing may follow."""
        self._close()
        return Cut(self._size, self._whole.hexdigest(), tuple(self._parts))

    def _close(self) -> None:
        self._parts.append(self._part.digest())
        self._part = hashlib.sha256()
        self._in_part = 0


def measured(file: Path) -> Cut:
    """The file as it is on the disk; read once, a block at a time."""
    meter = Meter(file.stat().st_size)
    for block in blocks(file):
        meter.take(block)
    return meter.cut()


def blocks(file: Path, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The bytes from an offset on, as many as there are up to this length."""
    with file.open("rb") as opened:
        opened.seek(offset)
        while block := opened.read(BLOCK if length is None else min(BLOCK, length)):
            length = None if length is None else length - len(block)
            yield block


def part_size(size: int) -> int:
    """Of a file of this length: whole MiB, and not more parts than a store takes."""
    needed = -(-size // PARTS_MOST)
    return max(PART, -(-needed >> 20) << 20) if needed > PART else PART


def encoded(digest: bytes) -> str:
    """A digest as it stands in a header."""
    return base64.b64encode(digest).decode()
