"""The stream between helper and collector: frames with a checksum of all that went before, and an end that both sides know of.

Exec drops what the client has not drained when the command ends, and still reports success (kubernetes issue 60140). So
an artifact is whole only with its END, whose count must be the reader's own; the stream only with LAST; and the helper
stays until it is told that LAST arrived. A frame that is lost, changed or out of its order shows in the checksum of the
next. Hashes are the reader's: what shares the suspect's machine would not vouch for anything by them.
"""

import json
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO, Final

HEAD: Final = struct.Struct(">4sBII")
SUM: Final = struct.Struct(">I")
WHOLE_HEAD: Final = HEAD.size + SUM.size
MAGIC: Final = b"FDL2"
BLOCK: Final = 256 << 10
"""The more at a time, the less each byte costs on its way; a helper holds two of them."""
LONGEST: Final = 512 << 10
ALIVE_SECONDS: Final = 5.0
ACKNOWLEDGED: Final = b"ACK\n"


class Kind(IntEnum):
    """What a frame is."""

    OPEN = 1
    DATA = 2
    END = 3
    ALIVE = 4
    LAST = 5


KINDS: Final = {int(kind): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `about` numbers the artifact."""

    kind: Kind
    about: int
    payload: bytes

    def told(self) -> dict[str, Any]:
        """The payload of all but DATA."""
        try:
            found = json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise Garbled("a frame cannot be read") from error
        if not isinstance(found, dict):
            raise Garbled("a frame tells no object")
        return found


class HungUp(Exception):
    """Nobody listens any more."""


class Garbled(Exception):
    """What came is no frame: the stream cannot be believed from here on."""


class Reader:
    """Feed it what comes; take the frames that are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._sum = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        self._buffer += data
        while len(self._buffer) >= WHOLE_HEAD:
            magic, kind, about, length = HEAD.unpack_from(self._buffer)
            if magic != MAGIC or length > LONGEST or kind not in KINDS:
                raise Garbled("a frame's head cannot be read")
            if len(self._buffer) < WHOLE_HEAD + length:
                return
            yield Frame(KINDS[kind], about, self._checked(length))

    def _checked(self, length: int) -> bytes:
        """Takes the first frame from the buffer; its payload."""
        with memoryview(self._buffer) as view:
            payload = bytes(view[WHOLE_HEAD : WHOLE_HEAD + length])
            self._sum = zlib.crc32(payload, zlib.crc32(view[: HEAD.size], self._sum))
            (told,) = SUM.unpack_from(view, HEAD.size)
        if told != self._sum:
            raise Garbled("a frame's checksum is wrong")
        del self._buffer[: WHOLE_HEAD + length]
        return payload


class Sender:
    """The helper's side: artifacts one after the other."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._count = 0
        self._sum = 0
        self._spoke = time.monotonic()

    def artifact(self, name: str) -> "Sending":
        self._count += 1
        self.frame(Kind.OPEN, self._count, {"task": name})
        return Sending(self, self._count)

    def last(self) -> None:
        self.frame(Kind.LAST, 0, {"artifacts": self._count})

    def alive(self) -> None:
        """Says so when nothing else was said for a while; whoever takes long without output calls it."""
        if time.monotonic() - self._spoke > ALIVE_SECONDS:
            self.frame(Kind.ALIVE, 0, {})

    def frame(self, kind: Kind, about: int, payload: bytes | Mapping[str, Any]) -> None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        head = HEAD.pack(MAGIC, kind, about, len(raw))
        self._sum = zlib.crc32(raw, zlib.crc32(head, self._sum))
        try:
            self._output.write(head + SUM.pack(self._sum) + raw)
            self._output.flush()
        except OSError as error:
            raise HungUp from error
        self._spoke = time.monotonic()


class Sending:
    """One artifact on its way. What is missing from it is counted by reason; the commonest comes first."""

    def __init__(self, sender: Sender, number: int) -> None:
        self.sender = sender
        self.bytes = 0
        self._number = number
        self._waiting = bytearray()
        self._missing: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}
        self.absent: list[int] = []
        """Numbers of the asked-for paths that are not there."""

    def write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= BLOCK:
            self._send(len(self._waiting) - len(self._waiting) % BLOCK)

    def line(self, told: Mapping[str, Any]) -> None:
        self.write(json.dumps(told, separators=(",", ":")).encode() + b"\n")

    def lacks(self, reason: str, what: str) -> None:
        """Says that something is missing; the first few are named."""
        self._counts[reason] = self._counts.get(reason, 0) + 1
        named = self._missing.setdefault(reason, [])
        if len(named) < 3:
            named.append(what[:100])

    def end(self) -> None:
        self._send(len(self._waiting))
        missing = [{"reason": reason, "count": count, "such": self._missing[reason]} for reason, count in self._counts.items()]
        ending = {"bytes": self.bytes, "missing": missing[:8], "absent": self.absent}
        self.sender.frame(Kind.END, self._number, ending)

    def _send(self, length: int) -> None:
        with memoryview(self._waiting) as waiting:
            for at in range(0, length, BLOCK):
                block = bytes(waiting[at : min(length, at + BLOCK)])
                self.bytes += len(block)
                self.sender.frame(Kind.DATA, self._number, block)
        del self._waiting[:length]
