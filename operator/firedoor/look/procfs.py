"""Processes as /proc tells of them: one record each, with what could not be read and why.

cmdline, status and stat are open to everyone; exe, cwd, root, fd, maps and environ only to who could trace the process:
the same user with no fewer capabilities (ptrace(2), "Ptrace access mode checking").
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

from firedoor.look.told import text, texts, why

PROC: Final = "/proc"
NAMESPACES: Final = ("mnt", "net", "pid", "user", "ipc", "uts", "cgroup")
STATUS_KEPT: Final = {
    "Umask": "umask",
    "PPid": "ppid",
    "TracerPid": "tracer",
    "Uid": "uid",
    "Gid": "gid",
    "Groups": "groups",
    "NSpid": "ns_pid",
    "Threads": "threads",
    "CapPrm": "cap_permitted",
    "CapEff": "cap_effective",
    "CapBnd": "cap_bounding",
    "NoNewPrivs": "no_new_privs",
    "Seccomp": "seccomp",
    "VmRSS": "rss",
}
SMALL: Final = 1 << 20
FDS_MOST: Final = 4096
MAPS_MOST: Final = 512
HASHED_MOST: Final = 64 << 20


def pids(proc: str = PROC) -> list[int]:
    return sorted(int(name) for name in os.listdir(proc) if name.isdigit())


def record(pid: int, key: bytes, hashes: dict[tuple[int, int], str]) -> dict[str, Any] | None:
    """What there is to tell of a process; None when it is gone. `hashes` remembers executables that were read."""
    base = f"{PROC}/{pid}"
    try:
        before = start_ticks(base)
        told: dict[str, Any] = {"pid": pid, "start_ticks": before, **_status(base)}
    except OSError:
        return None
    errors: dict[str, str] = {}
    for name, look in _looks(base, key, hashes).items():
        try:
            told |= look()
        except (OSError, ValueError, IndexError) as error:
            errors[name] = why(error)
    return told | _ending(base, before, errors)


def _looks(base: str, key: bytes, hashes: dict[tuple[int, int], str]) -> dict[str, Callable[[], dict[str, Any]]]:
    """What is looked at one by one, because each may be denied on its own."""
    return {
        "cmdline": lambda: {"cmdline": texts(_words(_read(f"{base}/cmdline")))},
        "exe": lambda: text("exe", os.readlink(os.fsencode(f"{base}/exe"))),
        "cwd": lambda: text("cwd", os.readlink(os.fsencode(f"{base}/cwd"))),
        "root": lambda: text("root", os.readlink(os.fsencode(f"{base}/root"))),
        "exe_content": lambda: _executable(f"{base}/exe", hashes),
        "ns": lambda: {"ns": {name: os.stat(f"{base}/ns/{name}").st_ino for name in NAMESPACES}},
        "cgroup": lambda: {"cgroup": _read(f"{base}/cgroup").decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")},
        "fds": lambda: {"fds": list(_descriptors(base))},
        "maps": lambda: {"maps": list(_maps(base))},
        "environ": lambda: {"environ": [_redacted(word, key) for word in _words(_read(f"{base}/environ"))]},
    }


def start_ticks(base: str) -> int:
    """When a process started, in clock ticks after boot; with its pid it is one process and no other."""
    return int(_read(f"{base}/stat").rpartition(b")")[2].split()[19])


def hashed(descriptor: int) -> str:
    """SHA-256 of what is behind a descriptor, or "" when it is too long."""
    if os.fstat(descriptor).st_size > HASHED_MOST:
        return ""
    found = hashlib.sha256()
    while block := os.read(descriptor, 1 << 18):
        found.update(block)
    return found.hexdigest()


def _ending(base: str, before: int, errors: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"errors": errors} if errors else {}
    try:
        if start_ticks(base) != before:
            told["raced"] = "another process took the pid meanwhile"
    except OSError:
        told["raced"] = "the process ended meanwhile"
    return told


def _read(path: str) -> bytes:
    with open(path, "rb") as opened:
        return opened.read(SMALL)


def _words(raw: bytes) -> list[bytes]:
    return raw.removesuffix(b"\0").split(b"\0") if raw else []


def _status(base: str) -> dict[str, Any]:
    lines = (line.partition(b":\t") for line in _read(f"{base}/status").split(b"\n"))
    found = {key.decode("ascii", "replace"): value.strip() for key, _, value in lines}
    kept = {name: found[key].decode("ascii", "replace") for key, name in STATUS_KEPT.items() if key in found}
    return {**text("comm", found.get("Name", b"")), "state": found.get("State", b"").decode("ascii", "replace"), **kept}


def _executable(link: str, hashes: dict[tuple[int, int], str]) -> dict[str, Any]:
    about = os.stat(link)
    told: dict[str, Any] = {"exe_deleted": True} if about.st_nlink == 0 else {}
    where = (about.st_dev, about.st_ino)
    if where not in hashes:
        descriptor = os.open(link, os.O_RDONLY | os.O_CLOEXEC)
        try:
            hashes[where] = hashed(descriptor)
        finally:
            os.close(descriptor)
    return told | ({"exe_sha256": hashes[where]} if hashes[where] else {})


def _descriptors(base: str) -> Iterator[dict[str, Any]]:
    names = sorted(os.listdir(f"{base}/fd"), key=int)
    for name in names[:FDS_MOST]:
        try:
            target = os.readlink(os.fsencode(f"{base}/fd/{name}"))
            yield {"fd": int(name), **text("to", target), **_position(f"{base}/fdinfo/{name}")}
        except OSError as error:
            yield {"fd": int(name), "error": why(error)}
    if len(names) > FDS_MOST:
        yield {"error": f"{len(names) - FDS_MOST} more"}


def _position(path: str) -> dict[str, str]:
    try:
        fields = [line.partition(b":") for line in _read(path).split(b"\n")[:2]]
    except OSError:
        return {}
    return {key.decode("ascii", "replace"): value.strip().decode("ascii", "replace") for key, _, value in fields}


def _maps(base: str) -> Iterator[dict[str, Any]]:
    """What is mapped executable: code of files, and code of no file, which is rare and telling."""
    count = 0
    with open(f"{base}/maps", "rb") as opened:
        for line in opened:
            fields = line.rstrip(b"\n").split(maxsplit=5)
            if b"x" not in fields[1]:
                continue
            count += 1
            if count <= MAPS_MOST:
                path = text("path", fields[5]) if len(fields) > 5 else {"path": ""}
                yield {"at": fields[0].decode(), "perms": fields[1].decode(), **path}
    if count > MAPS_MOST:
        yield {"error": f"{count - MAPS_MOST} more"}


def _redacted(word: bytes, key: bytes) -> dict[str, str]:
    """A variable with a keyed hash for its value: equal values can be told, and no value can."""
    name, _, value = word.partition(b"=")
    return {**text("name", name), "value": "hmac-sha256:" + hmac.new(key, value, hashlib.sha256).hexdigest()[:12]}
