"""Mounts as /proc/PID/mountinfo tells of them (proc(5)), and which of them have nothing to read in."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from firedoor.look.told import text

WITHOUT_FILES: Final = frozenset(
    {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "debugfs", "securityfs", "tracefs", "bpf", "pstore", "configfs"}
    | {"fusectl", "nsfs", "binfmt_misc", "efivarfs"}
)
"""File systems of the kernel's own making: reading there is asking the kernel, and may never end."""
OCTAL: Final = re.compile(rb"\\([0-3][0-7]{2})")
IN_MEMORY: Final = ("tmpfs", "ramfs")
BY_REFERENCE: Final = tuple(f"/kubernetes.io~{kind}/".encode() for kind in ("secret", "configmap", "projected", "downward-api"))


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount. `at` is its place below the suspect's root, without the leading slash."""

    at: bytes
    device: int
    kind: str
    told: dict[str, Any]
    root: bytes
    """What of its file system is mounted here."""
    read_only: bool
    by_reference: bool
    """Comes from a folder in which a kubelet keeps ConfigMaps and their like."""


def parse(mountinfo: bytes) -> tuple[list[Mount], list[bytes]]:
    """The mounts, and the lines that are none: one of those costs itself alone."""
    mounts, strange = list[Mount](), list[bytes]()
    for line in mountinfo.removesuffix(b"\n").split(b"\n"):
        try:
            mounts.append(_mount(line))
        except (ValueError, IndexError):
            strange.append(line)
    return mounts, strange


def over(mounts: Iterable[Mount], path: bytes) -> Mount | None:
    """The mount that a path is on: the longest that leads to it, and of those on one place the last."""
    found = None
    for mount in mounts:
        leads = mount.at in (b"", path) or path.startswith(mount.at + b"/")
        if leads and (found is None or len(mount.at) >= len(found.at)):
            found = mount
    return found


def _mount(line: bytes) -> Mount:
    own, _, rest = line.partition(b" - ")
    fields, (kind, source, options) = own.split(b" "), rest.split(b" ", 2)
    root, place = _plain(fields[3]), _plain(fields[4])
    major, minor = (int(number) for number in fields[2].split(b":"))
    told = {
        **text("mount_point", place),
        "type": kind.decode("ascii", "backslashreplace"),
        **text("source", _plain(source)),
        **text("root", root),
        **text("options", fields[5]),
        **text("super_options", options),
        "device": f"{major}:{minor}",
    }
    read_only, kept = b"ro" in fields[5].split(b","), any(word in root for word in BY_REFERENCE)
    return Mount(place.strip(b"/"), os.makedev(major, minor), told["type"], told, root, read_only, kept)


def _plain(raw: bytes) -> bytes:
    """The kernel writes space, tab, line feed, number sign and backslash as octal."""
    return OCTAL.sub(lambda found: bytes([int(found[1], 8)]), raw)
