"""The real controller as a process of its own, which does what `kopf run -m firedoor.controller` does from a checkout.

A `starter` has read the modules once and forks every controller and collector from there, so that dying a hundred times
is cheap.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Lock

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.keys import private_pem
from tests.wire.world import HOME, INCIDENTS, KEY, NODES, POLICIES, eventually

ROOT = Path(__file__).parents[2]
LOCK = Lock()
ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


@cache
def starter() -> "Popen[str]":
    """This process's starter; it ends when its orders do, which is with this process."""
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "operator"), str(ROOT)])}
    command = [sys.executable, "-m", "tests.wire.starter"]
    return Popen(command, env=environment, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT)


class Process:
    """One that was forked for this process, and is its child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = asyncio.create_task(self._end())

    @classmethod
    async def started(cls, program: str, environment: Mapping[str, str], log: Path) -> "Process":
        """program: controller or collector."""
        order = json.dumps({"program": program, "environment": dict(environment), "log": str(log)})
        return cls(json.loads(await asyncio.to_thread(_ordered, order)))

    @property
    def ended(self) -> bool:
        return self._ended.done()

    def send_signal(self, how: signal.Signals) -> None:
        if not self._ended.done():
            os.kill(self.pid, how)

    async def wait(self) -> int:
        """Its exit code, once it has ended; negative: the signal that ended it."""
        return await asyncio.shield(self._ended)

    async def _end(self) -> int:
        ended, descriptor = asyncio.Event(), os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _ordered(order: str) -> str:
    with LOCK:
        found = starter()
        assert found.stdin is not None
        assert found.stdout is not None
        print(order, file=found.stdin, flush=True)
        return found.stdout.readline()


@dataclass
class Operator:
    """The controller's process; what it says is in a log beside the kubeconfig."""

    kubeconfig: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the environment, beside those of every story."""
    process: Process = field(init=False)

    async def start(self) -> None:
        key = self.kubeconfig.with_name("key.pem")
        key.write_bytes(private_pem(KEY))
        environment = os.environ | {
            "KUBECONFIG": str(self.kubeconfig),
            "FIREDOOR_PORT": "0",
            "FIREDOOR_ELECT": "false",
            "FIREDOOR_NAMESPACE": HOME,
            "FIREDOOR_SIGNING_KEY": str(key),
            **self.settings,
        }
        self.process = await Process.started("controller", environment, self.kubeconfig.with_name("controller.log"))

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(how)

    async def again(self) -> None:
        """Waits until it is dead and starts it again."""
        assert await self.process.wait() == -signal.SIGKILL, f"it died by itself, see {self.kubeconfig.parent}"
        await self.start()


@asynccontextmanager
async def operated(cluster: FakeCluster, folder: Path, **settings: str) -> AsyncIterator[Operator]:
    """The controller at work on this cluster, warm, and ended afterwards."""
    operator = Operator(cluster.kubeconfig(folder), settings)
    await operator.start()
    try:
        await warm(cluster)
        yield operator
    finally:
        operator.kill()
        await operator.process.wait()


@asynccontextmanager
async def kept_running(operator: Operator) -> AsyncIterator[None]:
    """Starts it again whenever it was killed, as a kubelet does."""

    async def keep() -> None:
        while True:
            await operator.again()

    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(keep())
        yield
        keeper.cancel()


async def warm(cluster: FakeCluster, since: int = 0) -> None:
    """Waits until the controller watches and has looked for what it missed; since: the request after which it started."""
    await eventually(lambda: bool(cluster.watched[INCIDENTS] and cluster.watched[POLICIES]), "the controller watches")
    await eventually(lambda: Asked("GET", NODES) in cluster.requests[since:], "the controller has looked around")
