"""A tar stream (POSIX pax) that is made while files are read: nothing is held, and what a file lost meanwhile is said.

Files with holes, or of which only a part is taken, are written as GNU's sparse form 1.0, which tar and Python read. A
file that shrinks while it is read leaves its entry short of bytes that the header has promised: they are zeros, and the
artifact says from where on.
"""

import os
import stat
import tarfile
from typing import Final

from firedoor.look import content
from firedoor.look.content import Segment
from firedoor.look.frames import Sending
from firedoor.look.root import Found, Root
from firedoor.look.told import reason_of, why

BLOCK: Final = 512
TYPES: Final = {
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


class Archive:
    """The archive of one artifact, within its bounds."""

    def __init__(self, sending: Sending, file_limit: int, limit: int) -> None:
        self._sending = sending
        self._file_limit = file_limit
        self._limit = limit
        self._written = 0

    def add(self, root: Root, found: Found) -> None:
        """Adds what was found; what cannot be read is said to be missing."""
        named = found.name.decode("utf-8", "backslashreplace")
        try:
            if stat.S_ISREG(found.about.st_mode):
                with root.file(found.path) as descriptor:
                    self.file(found.name, descriptor)
            elif kind := TYPES.get(stat.S_IFMT(found.about.st_mode)):
                self._other(found, kind)
        except OSError as error:
            self._sending.lacks(reason_of(error), f"{named}: {why(error)}")

    def file(self, name: bytes, descriptor: int) -> None:
        """Adds an open file's content, if it is a regular file."""
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return
        limit = min(self._file_limit, self._limit - self._written)
        taken, left_out = content.segments(descriptor, about.st_size, max(0, limit))
        if left_out:
            self._sending.lacks("LimitReached", f"{name.decode('utf-8', 'backslashreplace')}: {left_out} bytes left out")
        info = _info(name, about)
        if content.whole(taken, about.st_size):
            self._header(info, about.st_size)
        else:
            self._sparse(info, about.st_size, taken)
        self._bytes(name, descriptor, taken)
        self._raced(name, descriptor, about)

    def end(self) -> None:
        self._write(b"\0" * (2 * BLOCK))

    def _other(self, found: Found, kind: bytes) -> None:
        info = _info(found.name, found.about)
        info.type = kind
        info.linkname = os.fsdecode(found.link or b"")
        info.devmajor, info.devminor = os.major(found.about.st_rdev), os.minor(found.about.st_rdev)
        self._header(info, 0)

    def _header(self, info: tarfile.TarInfo, size: int) -> None:
        info.size = size
        self._write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def _sparse(self, info: tarfile.TarInfo, size: int, taken: list[Segment]) -> None:
        listed = [*taken, Segment(size, 0)]
        numbers = "".join(f"{one.at}\n{one.length}\n" for one in listed)
        table = f"{len(listed)}\n{numbers}".encode()
        table += b"\0" * (-len(table) % BLOCK)
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(size)}
        info.pax_headers["GNU.sparse.name"] = info.name
        self._header(info, len(table) + sum(one.length for one in taken))
        self._write(table)

    def _bytes(self, name: bytes, descriptor: int, taken: list[Segment]) -> None:
        for segment in taken:
            left = segment.length
            try:
                for block in content.read(descriptor, segment):
                    self._write(block)
                    left -= len(block)
            except OSError as error:
                self._sending.lacks("ReadErrors", f"{name.decode('utf-8', 'backslashreplace')}: {why(error)}")
            if left:
                what = f"{name.decode('utf-8', 'backslashreplace')}: zeros from {segment.at + segment.length - left}"
                self._sending.lacks("Raced", what)
                self._zeros(left)
        self._write(b"\0" * (-sum(one.length for one in taken) % BLOCK))

    def _zeros(self, left: int) -> None:
        while left:
            self._write(b"\0" * min(content.BLOCK, left))
            left -= min(content.BLOCK, left)

    def _raced(self, name: bytes, descriptor: int, before: os.stat_result) -> None:
        now = os.fstat(descriptor)
        if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            self._sending.lacks("Raced", f"{name.decode('utf-8', 'backslashreplace')}: changed while it was read")

    def _write(self, data: bytes) -> None:
        self._written += len(data)
        self._sending.write(data)


def _info(name: bytes, about: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(os.fsdecode(name) or ".")
    info.mode = stat.S_IMODE(about.st_mode)
    info.uid, info.gid, info.mtime = about.st_uid, about.st_gid, max(0, int(about.st_mtime))
    return info
