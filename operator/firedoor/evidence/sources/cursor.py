"""Where a log stream is, so that it can be taken up again after a cut without losing or repeating a byte.

The API takes a time in whole seconds (PodLogOptions.sinceTime). So the cursor remembers how many bytes came since the
newest second began, and the last of them: a new stream from that second has to have those very bytes at that very place,
and goes on after them. Lines carry nanoseconds, so no other place ends like it; a hash of all of them would cost as much
as the evidence's own.
"""

import re
from dataclasses import dataclass
from typing import Final

STAMP: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) ")
STAMP_LONGEST: Final = 36
SECOND: Final = len(b"2026-11-24T10:00:00")
END: Final = 4096


@dataclass
class Cursor:
    """Takes what was kept, chunk by chunk; looks at a line or two of each, whatever its size."""

    second: bytes = b""
    """The newest second in the stream, as the log spells it; empty before the first line."""
    length: int = 0
    """Bytes since that second began."""
    last: bytes = b""
    """How the last line that could be seen begins."""
    end: bytes = b""
    """The last of those bytes."""
    _tail: bytes = b"\n"

    @property
    def since(self) -> str:
        """The time to ask for; empty when the whole log has to come again."""
        return f"{self.second.decode('ascii')}Z" if self.second else ""

    def take(self, data: bytes) -> None:
        window = self._tail + data
        at = window.rfind(b"\n", 0, max(0, len(window) - SECOND))
        second = window[at + 1 : at + 1 + SECOND] if at >= 0 else b""
        if at >= 0:
            self.last = window[at + 1 : at + 1 + STAMP_LONGEST]
        if second > self.second and STAMP.match(second + b"Z "):
            begun = window.find(b"\n" + second) + 1
            self.second, self.end, self.length = second, window[max(begun, len(window) - END) :], len(window) - begun
        else:
            self.end = (self.end + data[-END:])[-END:]
            self.length += len(data)
        self._tail = window[-SECOND - 1 :]


class Overlap:
    """The beginning of a stream that was taken up again: dropped, if it is what was there before."""

    def __init__(self, cursor: Cursor) -> None:
        self._left = cursor.length
        self._end = cursor.end
        self._seen = b""

    def feed(self, data: bytes) -> bytes:
        """What is new in it; Mismatch when the beginning is something else."""
        known, new = data[: self._left], data[self._left :]
        if self._left:
            self._seen = (self._seen + known)[-END:]
            self._left -= len(known)
            if not self._left and self._seen != self._end:
                raise Mismatch
        return new

    @property
    def over(self) -> bool:
        return not self._left


class Mismatch(Exception):
    """The log does not go on where it was."""
