"""Text that may be too long to keep whole: its beginning in one file, its newest part in pieces, the middle given up.

The log source writes through it. An attack is at the end of a log and its start at the beginning, so neither is cut; no
more is ever held than the limit, and none of it in memory. `cat HEAD TAIL-*` gives what was kept, in order.
"""

from collections import deque
from collections.abc import Iterator

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag

HEAD_SHARE = 4
PIECES = 12


class Pieces:
    """Takes a stream; keeps a quarter of `limit` bytes of its head and the rest of its tail."""

    def __init__(self, bag: Bag, head: Writer, limit: int) -> None:
        self._bag = bag
        self._head = head
        self._head_limit = limit // HEAD_SHARE
        self._piece_limit = max(1, (limit - self._head_limit) // PIECES)
        self._settled: deque[Artifact] = deque()
        self._open: Writer | None = None
        self._names = _names(head.artifact.id)
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Appends; VolumeFull when the volume takes no more."""
        while data:
            writer, room = self._place()
            writer.write(data[:room])
            data = data[room:]

    def close(self) -> None:
        """Settles the last piece and says in the head's artifact what was given up."""
        self._settle()
        if self._dropped:
            gap = {"kind": "middle", "droppedFromOffset": self._head_limit, "droppedBytes": self._dropped}
            self._head.artifact.truncation = gap
            self._head.artifact.short("LimitReached", f"{self._dropped} bytes of the middle were given up for newer ones.")

    def _place(self) -> tuple[Writer, int]:
        room = self._head_limit - self._head.artifact.bytes
        if room > 0:
            return self._head, room
        if self._open is not None and self._open.artifact.bytes >= self._piece_limit:
            self._settle()
        if self._open is None:
            self._make_room()
            self._open = self._bag.begin(next(self._names), self._head.artifact.source, part_of=self._head.artifact.id)
        return self._open, self._piece_limit - self._open.artifact.bytes

    def _make_room(self) -> None:
        if len(self._settled) >= PIECES:
            oldest = self._settled.popleft()
            self._dropped += oldest.bytes
            self._bag.drop(oldest)

    def _settle(self) -> None:
        if self._open is not None:
            if self._bag.full:
                self._open.artifact.short("VolumeFull", "The evidence volume took no more.")
            self._bag.finish(self._open)
            self._settled.append(self._open.artifact)
            self._open = None


def _names(head: str) -> Iterator[str]:
    stem, dot, ending = head.rpartition(".")
    return (f"{stem}.tail-{number:05d}{dot}{ending}" for number in range(1, 100_000))
