"""A file or folder as a line of the listing: what lstat said before anything was read."""

import os
import stat
from typing import Any, Final

from firedoor.look.root import Found
from firedoor.look.told import text

KINDS: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "chardev",
    stat.S_IFBLK: "blockdev",
}


def line(found: Found) -> dict[str, Any]:
    """Times in nanoseconds of the epoch."""
    about = found.about
    return {
        **text("path", b"/" + found.name),
        "kind": KINDS.get(stat.S_IFMT(about.st_mode), "other"),
        **(text("link", found.link) if found.link is not None else {}),
        "mode": f"{stat.S_IMODE(about.st_mode):04o}",
        "uid": about.st_uid,
        "gid": about.st_gid,
        "size": about.st_size,
        "atime": about.st_atime_ns,
        "mtime": about.st_mtime_ns,
        "ctime": about.st_ctime_ns,
        "inode": about.st_ino,
        "device": f"{os.major(about.st_dev)}:{os.minor(about.st_dev)}",
        "links": about.st_nlink,
    }
