"""The tasks that read /proc: processes, sockets, mounts, system, and executables that are in memory alone."""

import os
import stat
from typing import Final

from firedoor.look import mounts, procfs, sockets, system
from firedoor.look.archive import Archive
from firedoor.look.frames import Sending
from firedoor.look.place import Place
from firedoor.look.plan import Plan
from firedoor.look.told import reason_of, text, why

PROCESSES_MOST: Final = 8192
HELD: Final = ("/memfd:",)
DELETED: Final = " (deleted)"


def processes(sending: Sending, plan: Plan, place: Place) -> None:
    """One line a process. What could not be read of one is in its line, and counted here unless the process is no suspect."""
    hashes: dict[tuple[int, int], str] = {}
    known = procfs.pids()
    for pid in known[:PROCESSES_MOST]:
        sending.sender.alive()
        told = procfs.record(pid, bytes.fromhex(plan.key), hashes)
        if told is None:
            continue
        told["part"] = place.part(pid)
        sending.line(told)
        denied = {name for name, error in told.get("errors", {}).items() if error in ("EACCES", "EPERM")}
        if denied and place.counts(pid):
            sending.lacks("Forbidden", f"process {pid}: {', '.join(sorted(denied))}")
        if "raced" in told:
            sending.lacks("Raced", f"process {pid}: {told['raced']}")
    if len(known) > PROCESSES_MOST:
        sending.lacks("LimitReached", f"{len(known) - PROCESSES_MOST} processes left out")


def socket_list(sending: Sending, _: Plan, place: Place) -> None:
    """One line a socket of the suspect's network namespace."""
    held = sockets.holders(procfs.PROC, procfs.pids())
    for told in sockets.sockets(f"{place.base}/net", held):
        sending.line(told)
        if "doubtful" in told:
            sending.lacks("Doubtful", f"unix socket {told['inode']}: {told['doubtful']}")
        if "raw" in told or "raw_b64" in told:
            sending.lacks("ReadErrors", f"{told['proto']}: a line is kept as it came")


def mount_list(sending: Sending, _: Plan, place: Place) -> None:
    """One line a mount of the suspect."""
    found, strange = mounts_of(place, sending)
    for mount in found:
        sending.line(mount.told)
    for line in strange:
        sending.line(text("raw", line))


def mounts_of(place: Place, sending: Sending) -> tuple[list[mounts.Mount], list[bytes]]:
    """The suspect's mounts, and the lines that are none, of which the artifact says that they are missing."""
    with open(f"{place.base}/mountinfo", "rb") as opened:
        found, strange = mounts.parse(opened.read())
    for line in strange:
        sending.lacks("ReadErrors", f"a mount cannot be read: {line!a}")
    return found, strange


def system_facts(sending: Sending, _: Plan, place: Place) -> None:
    """One object."""
    sending.line(system.system(place))


def executables(sending: Sending, plan: Plan, place: Place) -> None:
    """What runs or is held open and has no name in any folder any more: deleted files and memory-only ones."""
    archive, seen = Archive(sending, plan.file_bytes, plan.tar_bytes), set[tuple[int, int]]()
    for pid in procfs.pids():
        sending.sender.alive()
        if place.part(pid) == "helper" and place.first != pid:
            continue
        for link in ("exe", *_descriptors(pid)):
            try:
                _nameless(archive, f"{pid}/{link}", seen)
            except FileNotFoundError:
                continue  # closed or ended meanwhile
            except OSError as error:
                if place.counts(pid):
                    sending.lacks(reason_of(error), f"proc/{pid}/{link}: {why(error)}")
    archive.end()


def _nameless(archive: Archive, link: str, seen: set[tuple[int, int]]) -> None:
    place = f"{procfs.PROC}/{link}"
    target, about = os.readlink(place), os.stat(place)
    where = (about.st_dev, about.st_ino)
    if not (target.startswith(HELD) or target.endswith(DELETED)) or not stat.S_ISREG(about.st_mode) or where in seen:
        return
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        seen.add(where)
        archive.file(f"proc/{link}".encode(), descriptor)
    finally:
        os.close(descriptor)


def _descriptors(pid: int) -> list[str]:
    try:
        return [f"fd/{name}" for name in sorted(os.listdir(f"{procfs.PROC}/{pid}/fd"), key=int)]
    except OSError:
        return []  # the executable of the same process says why
