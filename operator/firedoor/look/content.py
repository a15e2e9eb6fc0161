"""A file's bytes within bounds: which of them to take, and reading exactly so many, whatever happens to the file meanwhile.

Holes are never read: a sparse terabyte costs what is in it. Of a file that is too long, the beginning and the end.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

BLOCK: Final = 256 << 10
SEGMENTS_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a file."""

    at: int
    length: int


def segments(descriptor: int, size: int, limit: int) -> tuple[list[Segment], int]:
    """The stretches to take, and how many bytes of the file's data are left out."""
    found, number, total = _ends(_data(descriptor, size))
    if total <= limit and number <= SEGMENTS_MOST:
        return found, 0
    head = _taken(found[: SEGMENTS_MOST // 2], limit // 2)
    after = head[-1].at + head[-1].length if head else 0
    tail = _taken_from_the_end([one for one in found if one.at + one.length > after][-SEGMENTS_MOST // 2 :], limit // 2, after)
    kept = head + tail
    return kept, total - sum(one.length for one in kept)


def whole(found: list[Segment], size: int) -> bool:
    """Whether the stretches are simply the file."""
    return found == [Segment(0, size)] or (not found and size == 0)


def read(descriptor: int, segment: Segment) -> Iterator[bytes]:
    """The bytes of a stretch; fewer when the file has shrunk."""
    at, left = segment.at, segment.length
    while left:
        block = os.pread(descriptor, min(BLOCK, left), at)
        if not block:
            return
        yield block
        at, left = at + len(block), left - len(block)


def _data(descriptor: int, size: int) -> Iterator[Segment]:
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            at = min(size, os.lseek(descriptor, start, os.SEEK_HOLE))
        except OSError as error:
            if error.errno == 6:  # ENXIO: no data from here on
                return
            start, at = at, size  # a file system that knows no holes
        if at > start:
            yield Segment(start, at - start)


def _ends(stretches: Iterable[Segment]) -> tuple[list[Segment], int, int]:
    """The first and the last of them, their number and their bytes; a hostile file has millions."""
    first: list[Segment] = []
    last: deque[Segment] = deque(maxlen=SEGMENTS_MOST // 2)
    number = total = 0
    for one in stretches:
        (first if number < SEGMENTS_MOST // 2 else last).append(one)
        number, total = number + 1, total + one.length
    return [*first, *last], number, total


def _taken(found: list[Segment], limit: int) -> list[Segment]:
    taken = []
    for one in found:
        length = min(one.length, limit)
        limit -= length
        if length:
            taken.append(Segment(one.at, length))
    return taken


def _taken_from_the_end(found: list[Segment], limit: int, after: int) -> list[Segment]:
    taken: list[Segment] = []
    for one in reversed(found):
        start = max(one.at, after, one.at + one.length - limit)
        length = one.at + one.length - start
        limit -= length
        if length > 0:
            taken.insert(0, Segment(start, length))
        if limit <= 0:
            break
    return taken
