"""The real controller as a process of its own, started as people start it from a checkout: `kopf run -m firedoor.controller`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.keys import private_pem
from tests.wire.world import HOME, INCIDENTS, KEY, NODES, POLICIES, eventually

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "kopf", "run", "-m", "firedoor.controller", "--standalone", "-A"]


@dataclass
class Operator:
    """The controller's process; what it says is in a log beside the kubeconfig."""

    kubeconfig: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the environment, beside those of every story."""
    process: asyncio.subprocess.Process = field(init=False)

    async def start(self) -> None:
        key = self.kubeconfig.with_name("key.pem")
        key.write_bytes(private_pem(KEY))
        environment = os.environ | {
            "KUBECONFIG": str(self.kubeconfig),
            "PYTHONPATH": str(ROOT / "operator"),
            "FIREDOOR_PORT": "0",
            "FIREDOOR_ELECT": "false",
            "FIREDOOR_NAMESPACE": HOME,
            "FIREDOOR_SIGNING_KEY": str(key),
            **self.settings,
        }
        with self.kubeconfig.with_name("controller.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stdout=log, stderr=log)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process.returncode is None:
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
