"""Starts controllers and collectors without reading their modules anew each time: it has read them once, and forks.

A wire test kills a controller at each of its writes, hundreds of times. What is forked goes on as `kopf run -m
firedoor.controller` or `firedoor collect` do, as a process of its own. Orders come in and pids go out, one JSON line each.
"""

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from kopf.cli import main as kopf

import firedoor.controller  # noqa: F401
from firedoor.evidence import collector

ARGUMENTS = ["run", "-m", "firedoor.controller", "--standalone", "-A"]
PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
PROGRAMS: Mapping[str, Callable[[], object]] = {
    "controller": lambda: kopf(ARGUMENTS),
    "collector": lambda: sys.exit(collector.main()),
}


def main() -> None:
    """Follows orders until there are no more."""
    for line in sys.stdin:
        answer, ask = os.pipe()
        between = os.fork()
        if between == 0:
            _orphan(json.loads(line), ask)
        os.waitpid(between, 0)
        os.close(ask)
        with os.fdopen(answer) as told:
            print(told.read(), flush=True)


def _orphan(order: dict[str, Any], ask: int) -> None:
    """A child whose parent ends at once, so that it becomes the child of the test that ordered it."""
    between, pid = os.getpid(), os.fork()
    if pid:
        os.write(ask, json.dumps(pid).encode())
        os._exit(0)
    os.close(ask)
    _end_with_the_test(between)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(file, stream)
    os.environ.clear()
    os.environ.update(order["environment"])
    PROGRAMS[order["program"]]()


def _end_with_the_test(between: int) -> None:
    """Once the parent is the test's process, this one is killed when that ends, however that ends."""
    while os.getppid() == between:
        time.sleep(0.001)
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    main()
