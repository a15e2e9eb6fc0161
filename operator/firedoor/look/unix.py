"""Unix sockets as /proc/net/unix tells of them: a row each, and each row ends with the socket's name as it is.

A name may hold line feeds, so what is no row is the rest of the name before it. It may also hold what looks like a row: a
row that begins where such a name may still go on is told and said to be doubtful, and so is one whose socket has a row
already. What remains is a forged row of a socket that is not there: no process holds it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from firedoor.look.told import text

ROW: Final = re.compile(
    rb"[0-9a-fA-F]{8,16}: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{4}) ([0-9A-F]{2}) +(\d{1,20})(?: (.*))?", re.DOTALL
)
NAME_MOST: Final = 108
"""sun_path (unix(7))."""
BROKEN: Final = "its name has a line feed, so what looks like a row after it may be its own words"
AFTER_BROKEN: Final = "it may be the words of the name before it, which has a line feed"
TWICE: Final = "another row tells of the same socket, and one of the two may be the words of a name"


@dataclass
class _Row:
    """A row, with the lines of its name that have come."""

    kind: int
    state: int
    inode: int
    name: bytes | None
    doubtful: str = ""
    lines: list[bytes] = field(default_factory=list)

    def goes_on(self, line: bytes) -> bool:
        """Whether a line that is no row can be the rest of the name."""
        return self.name is not None and len(b"\n".join((self.name, *self.lines, line))) <= NAME_MOST

    def told(self, held: Mapping[int, list[int]]) -> dict[str, Any]:
        name = {} if self.name is None else text("path", b"\n".join((self.name, *self.lines)))
        doubtful = BROKEN if self.lines else self.doubtful
        return {
            "proto": "unix",
            "type": self.kind,
            "state": self.state,
            "inode": self.inode,
            **name,
            "pids": held.get(self.inode, []),
            **({"doubtful": doubtful} if doubtful else {}),
        }


def rows(lines: Iterable[bytes], held: Mapping[int, list[int]]) -> Iterator[dict[str, Any]]:
    """Every socket; what can be neither a row nor a name is kept as it came."""
    last: _Row | None = None
    reach = _Reach()
    for line in lines:
        if found := ROW.fullmatch(line):
            if last is not None:
                yield last.told(held)
            last = _row(found, reach)
        elif last is not None and last.goes_on(line):
            last.lines.append(line)
            reach.rest(line)
        else:
            yield {"proto": "unix", **text("raw", line)}
    if last is not None:
        yield last.told(held)


@dataclass
class _Reach:
    """How many bytes more the names that have begun can have, and which sockets have been told."""

    any_name: int = 0
    broken_name: int = 0
    seen: set[int] = field(default_factory=set)

    def doubt(self, head: int, inode: int) -> str:
        """Why a row is doubtful, of which so many bytes are no name of its own."""
        if head <= self.broken_name:
            return AFTER_BROKEN
        # Connections that nobody has accepted yet have all the inode 0.
        return TWICE if inode and inode in self.seen else ""

    def row(self, line: bytes, inode: int, name: bytes | None) -> None:
        self._past(line)
        self.seen.add(inode)
        if name is not None:
            self.any_name = max(self.any_name, NAME_MOST - len(name) - 1)

    def rest(self, line: bytes) -> None:
        """A line that is the rest of a name."""
        self._past(line)
        self.broken_name = self.any_name

    def _past(self, line: bytes) -> None:
        self.any_name, self.broken_name = self.any_name - len(line) - 1, self.broken_name - len(line) - 1


def _row(found: re.Match[bytes], reach: _Reach) -> _Row:
    inode, name = int(found[3]), found[4]
    row = _Row(int(found[1], 16), int(found[2], 16), inode, name, reach.doubt(found.end(3), inode))
    reach.row(found[0], inode, name)
    return row
