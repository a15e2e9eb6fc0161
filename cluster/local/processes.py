"""Processes by record: what was started, with pid and start time, so that nothing else is ever signalled.

The local cluster starts and stops everything through here; a recycled pid is recognised and left alone.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cluster.local.layout import LOGS, PIDS

STOP_SECONDS = 10.0


def start(name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Starts a program in a session of its own, its output in the logs folder; one that runs is left as it is."""
    if running(name):
        return
    LOGS.mkdir(parents=True, exist_ok=True)
    PIDS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | dict(environment or {}),
        )
    _write(name, process.pid)
    process.returncode = 0  # Python would complain of a child that is meant to outlive it


def running(name: str) -> int | None:
    """The pid of a recorded process that is still that process."""
    record = _record(name)
    return record[0] if record and _start_time(record[0]) == record[1] else None


def recorded() -> list[str]:
    """Names of all recorded processes."""
    return sorted(path.stem for path in PIDS.glob("*.json"))


def stop(name: str) -> None:
    """Ends a recorded process, first asking; forgets it."""
    pid = running(name)
    if pid is not None:
        _end(pid, _record(name))
    (PIDS / f"{name}.json").unlink(missing_ok=True)


def all_running() -> Iterator[tuple[int, list[str]]]:
    """The pid and the arguments of every process on the machine; one that ends meanwhile is passed over."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield int(folder.name), (folder / "cmdline").read_text(errors="replace").split("\0")


def kill(pid: int) -> None:
    """Ends a process at once; one that is gone is well."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _end(pid: int, record: tuple[int, int] | None) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        _reap(pid)
        if record is None or _start_time(pid) != record[1]:
            return
        time.sleep(0.05)
    kill(pid)
    _reap(pid)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _write(name: str, pid: int) -> None:
    (PIDS / f"{name}.json").write_text(json.dumps({"pid": pid, "started": _start_time(pid)}))


def _record(name: str) -> tuple[int, int] | None:
    path = PIDS / f"{name}.json"
    if not path.exists():
        return None
    document = json.loads(path.read_text())
    return document["pid"], document["started"]


def _start_time(pid: int) -> int | None:
    """Clock ticks from boot to the process's start (proc(5), field 22); None for one that is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
