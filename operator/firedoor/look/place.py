"""Where the suspect is: its first process, its root, and which processes are its own."""

import os
from dataclasses import dataclass
from typing import Final, Self

from firedoor.look.plan import Plan
from firedoor.look.procfs import PROC, pids

NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Place:
    """The suspect as the helper sees it."""

    first: int
    root: str

    @classmethod
    def found(cls, plan: Plan) -> Self:
        """The container's first process: told by its control group, else the first of the namespace that is not ours."""
        own = mount_namespace(os.getpid())
        known = pids()
        inside = [pid for pid in known if plan.container_id and plan.container_id in _cgroup(pid)]
        first = next(iter(inside), next((pid for pid in known if mount_namespace(pid) != own), 1))
        return cls(first, f"{PROC}/{first}/root")

    @property
    def base(self) -> str:
        return f"{PROC}/{self.first}"

    def part(self, pid: int) -> str:
        """Whose process this is: the suspect's, the helper's, or another one's of the same pod. Told by its mounts."""
        found = mount_namespace(pid)
        if found != NOWHERE and found == mount_namespace(self.first):
            return "suspect"
        return "helper" if found == mount_namespace(os.getpid()) else "other" if found != NOWHERE else "unknown"

    def counts(self, pid: int) -> bool:
        """Whether what cannot be read of it is missing: in a process namespace of its own all but the helper is the suspect's."""
        part = self.part(pid)
        return part in ("suspect", "unknown") or (part == "other" and self.first == 1)


def mount_namespace(pid: int) -> int:
    """The inode of a process's mount namespace; NOWHERE when it may not be seen."""
    try:
        return os.stat(f"{PROC}/{pid}/ns/mnt").st_ino
    except OSError:
        return NOWHERE


def _cgroup(pid: int) -> str:
    try:
        with open(f"{PROC}/{pid}/cgroup", encoding="utf-8", errors="replace") as opened:
            return opened.read()
    except OSError:
        return ""
