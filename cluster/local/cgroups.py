"""A cgroup root for each node in every v1 controller, so that the two kubelets keep apart.

Called by `up` and `down`. On a machine with only cgroup v2 the one hierarchy is used the same way.
"""

import os
import time
from pathlib import Path

from cluster.local import processes
from cluster.local.layout import NODES

ROOT = Path("/sys/fs/cgroup")
CPUSET = ("cpuset.cpus", "cpuset.mems")


def make() -> None:
    """The nodes' cgroups, with the processors and memory nodes of the machine."""
    for node in NODES:
        for hierarchy in _hierarchies():
            group = hierarchy / node.name
            group.mkdir(exist_ok=True)
            for name in CPUSET:
                if (hierarchy / name).exists() and not (group / name).read_text().strip():
                    (group / name).write_text((hierarchy / name).read_text())


def remove() -> None:
    """Ends whatever still runs in the nodes' cgroups and removes them."""
    for group in _groups():
        for processes_file in sorted(group.rglob("cgroup.procs")):
            for pid in processes_file.read_text().split():
                processes.kill(int(pid))
    deadline = time.monotonic() + 5
    while _groups() and time.monotonic() < deadline:
        for group in _groups():
            _remove_tree(group)
        time.sleep(0.05)


def leftovers() -> list[str]:
    """The nodes' cgroups that are still there."""
    return [f"cgroup {group}" for group in _groups()]


def _hierarchies() -> list[Path]:
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists()]


def _groups() -> list[Path]:
    return [group for hierarchy in _hierarchies() for node in NODES if (group := hierarchy / node.name).exists()]


def _remove_tree(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            continue  # a process is still on its way out; the caller tries again
