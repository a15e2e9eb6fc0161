"""One run of cyclonus: started, followed line by line, and read as cases that passed or failed.

The program calls it once a group. A run that ends early or takes too long is an error and no verdict.
"""

import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from cluster import build
from cluster.conformance.ground import ENVIRONMENT, REGISTRY
from cluster.conformance.groups import Group
from cluster.local.layout import LOGS

WAIT_SECONDS = 1
"""The engine needs milliseconds; cyclonus counts in whole seconds."""
TIMEOUT_SECONDS = 1
TRIES = 2
"""A connection that takes over a second on a busy machine is tried once more, with all others."""
LIMIT_SECONDS = 45 * 60.0


@dataclass(frozen=True)
class Case:
    """A case and cyclonus's verdict."""

    group: str
    number: int
    total: int
    description: str
    passed: bool

    @property
    def name(self) -> str:
        """Unique: descriptions alone are not."""
        return f"{self.group} {self.number}/{self.total}: {self.description}"


def judge(group: Group, full: bool) -> Iterator[Case]:
    """The group's cases as they are judged."""
    log = LOGS / f"conformance-{group.name}.log"
    with log.open("w") as file, _cyclonus(group, full) as process:
        last = None
        for last in cases(group.name, _copied(process.stdout or (), file)):
            yield last
        if process.wait() or last is None or last.number != last.total:
            raise RuntimeError(f"cyclonus ended before the last case of {group.name}; see {log}")


@contextmanager
def _cyclonus(group: Group, full: bool) -> "Iterator[subprocess.Popen[str]]":
    settings = {
        "image-registry": REGISTRY,
        "perturbation-wait-seconds": WAIT_SECONDS,
        "job-timeout-seconds": TIMEOUT_SECONDS,
        "retries": TRIES - 1,
        "ignore-loopback": "true",
    }
    options = [*(f"--{name}={value}" for name, value in settings.items()), *group.options(full)]
    command = [str(build.program("cyclonus")), "generate", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
    limit = threading.Timer(LIMIT_SECONDS, process.kill)
    limit.start()
    try:
        yield process
    finally:
        limit.cancel()
        process.kill()
        process.wait()


def _copied(lines: Iterable[str], log: IO[str]) -> Iterator[str]:
    for line in lines:
        log.write(line)
        yield line


def cases(group: str, lines: Iterable[str]) -> Iterator[Case]:
    """The verdicts in cyclonus's output, each as soon as its case is finished."""
    descriptions: dict[int, str] = {}
    wrong = False
    for line in lines:
        first, _, rest = line.strip().partition("#")
        match first:
            case "test ":
                number, _, description = rest.partition(": ")
                descriptions[int(number)] = description
            case "starting test case ":
                wrong = False
            case "finished policy ":
                yield Case(group, int(rest), len(descriptions), descriptions[int(rest)], not wrong)
            case _:
                wrong = wrong or line.startswith("Discrepancy found:")
