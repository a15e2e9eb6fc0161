"""`python -m firedoor.look.leave NAME`: ends what keeps the ephemeral container of this name, and nothing else."""

import os
import signal
import sys
from collections.abc import Iterator

from firedoor.look.place import mount_namespace
from firedoor.look.procfs import PROC, pids


def standing(name: str) -> Iterator[int]:
    """The processes in our own mounts that carry the container's name: a suspect's process never has both."""
    mark, own = b"FIREDOOR_STAND=" + name.encode(), mount_namespace(os.getpid())
    for pid in pids():
        if pid != os.getpid() and mount_namespace(pid) == own and mark in _environment(pid):
            yield pid


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"{PROC}/{pid}/environ", "rb") as opened:
            return opened.read().split(b"\0")
    except OSError:
        return []  # another user's: not ours


if __name__ == "__main__":
    for pid in standing(sys.argv[1]):
        os.kill(pid, signal.SIGTERM)
