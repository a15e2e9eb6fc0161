"""bodyfile.txt: names, owners and times of files, as mactime (The Sleuth Kit 3) and plaso read them.

One line a file: MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime; times in seconds of the epoch, UTC. Names are
escaped, because they are the suspect's: backslashes by a backslash, bars and what is not printable as \\xNN. A bar never
stands for itself, because mactime takes each for the end of a field, and would lose the file.
"""

from collections.abc import Iterator
from typing import Final

from firedoor.evidence.layout import Kind, Way
from firedoor.evidence.views.found import Found, Obj, bytes_of

LETTERS: Final = {
    "file": "r",
    "hardlink": "r",
    "folder": "d",
    "symlink": "l",
    "fifo": "p",
    "socket": "s",
    "chardev": "c",
    "blockdev": "b",
}
BITS: Final = "rwxrwxrwx"
SPECIAL: Final = ((0o4000, 2, "s", "S"), (0o2000, 5, "s", "S"), (0o1000, 8, "t", "T"))
PLAIN: Final = frozenset(range(0x20, 0x7F)) - frozenset(b"|\\")
BACKSLASH: Final = ord("\\")
NANO: Final = 1_000_000_000


def bodyfile(found: Found) -> Iterator[bytes]:
    """The lines: every file that was listed, and of containers without a listing those that were captured."""
    listed = {artifact.source.get("container") for artifact in found.of(Kind.LISTING)}
    for artifact, entry in found.objects(Kind.LISTING):
        yield _line(str(artifact.source.get("container")), entry, "path", NANO)
    captured = {artifact.path: artifact.source.get("container") for artifact in found.artifacts}
    for artifact, entry in found.objects(Kind.INDEX):
        container = captured.get(str(artifact.source.get("of")))
        if artifact.source.get("way") == Way.EXEC and container not in listed:
            yield _line(str(container), entry, "name", 1)


def _line(container: str, entry: Obj, key: str, unit: int) -> bytes:
    name = f"{container}:/".encode() + bytes_of(entry, key).lstrip(b"/")
    if entry.get("kind") == "symlink":
        name += b" -> " + bytes_of(entry, "link")
    numbers = (_number(entry.get(field)) for field in ("uid", "gid", "size"))
    times = (_seconds(entry.get(field), unit) for field in ("atime", "mtime", "ctime"))
    return (
        "|".join(("0", escaped(name), str(_number(entry.get("inode"))), mode(entry), *map(str, numbers), *times, "0")).encode()
        + b"\n"
    )


def escaped(name: bytes) -> str:
    """A name in printable ASCII that says each of its bytes."""
    return "".join(chr(byte) if byte in PLAIN else "\\\\" if byte == BACKSLASH else f"\\x{byte:02x}" for byte in name)


def mode(entry: Obj) -> str:
    """As `ls` writes it, behind the letter of the file's kind: r/rrwxr-xr-x."""
    try:
        bits = int(str(entry.get("mode")).removeprefix("0o"), 8)
    except ValueError:
        bits = 0
    letters = [letter if bits & (1 << (8 - place)) else "-" for place, letter in enumerate(BITS)]
    for bit, place, with_x, without_x in SPECIAL:
        if bits & bit:
            letters[place] = with_x if letters[place] == "x" else without_x
    kind = LETTERS.get(str(entry.get("kind")), "-")
    return f"{kind}/{kind}{''.join(letters)}"


def _number(found: object) -> int:
    return found if isinstance(found, int) else 0


def _seconds(found: object, unit: int) -> str:
    """Exact, also to the nanosecond."""
    if not isinstance(found, int):
        return "0"
    seconds, rest = divmod(found, unit)
    return f"{seconds}.{rest:09d}" if rest else str(seconds)
