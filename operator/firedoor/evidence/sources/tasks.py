"""What a helper can be asked for, and where each answer lies in the bag. Values alone: nothing is asked here."""

from dataclasses import dataclass
from typing import Any, Final

from firedoor.evidence.layout import FILESYSTEM, MEMORY, OWN_BINARIES, VOLATILE, Kind, Way
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.entrance import Helper


@dataclass(frozen=True, slots=True)
class Task:
    """What a helper can be asked for, and where it goes."""

    name: str
    folder: str
    file: str
    kind: Kind
    archive: bool = False

    def planned(self, container: Container) -> str:
        return f"{self.folder}/{container.folder}/{self.file}"


PROCESSES: Final = Task("processes", VOLATILE, "processes.jsonl", Kind.PROCESSES)
SOCKETS: Final = Task("sockets", VOLATILE, "sockets.jsonl", Kind.SOCKETS)
MOUNTS: Final = Task("mounts", VOLATILE, "mounts.jsonl", Kind.MOUNTS)
SYSTEM: Final = Task("system", VOLATILE, "system.json", Kind.SYSTEM)
EXECUTABLES: Final = Task("executables", MEMORY, "executables.tar", Kind.EXECUTABLES, archive=True)
TMPFS: Final = Task("tmpfs", FILESYSTEM, "tmpfs.tar", Kind.TMPFS, archive=True)
LISTING: Final = Task("listing", FILESYSTEM, "listing.jsonl", Kind.LISTING)
CHANGED: Final = Task("changed", FILESYSTEM, "changed.tar", Kind.CHANGED, archive=True)
PATHS: Final = Task("paths", FILESYSTEM, "files.tar", Kind.FILES, archive=True)
SOCKETS_LATER: Final = Task("sockets", VOLATILE, "sockets.later.jsonl", Kind.SOCKETS)


def source_of(task: Task, container: Container, helper: Helper) -> dict[str, Any]:
    by = {"helper": helper.name, "uid": helper.user[0]}
    return {"kind": task.kind, "way": Way.HELPER, "trust": OWN_BINARIES, **by, **container.source}
