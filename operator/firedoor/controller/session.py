"""The line to one probe or canary pod: questions go out as lines of JSON through exec, answers come back.

The probes and the canary hold one each. A line that is down answers Error, and never waits.
"""

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import KubeError
from firedoor.kube.exec import ExecStream
from firedoor.kube.resources import PODS
from firedoor.planner.pod_view import addresses

log = logging.getLogger(__name__)
STDOUT = 1


@dataclass(slots=True)
class Session:
    """The line to one pod."""

    pod: str
    container: str
    node: str = ""
    addresses: tuple[str, ...] = ()
    """Of both families, where the cluster has both."""
    stream: ExecStream | None = None
    _waiting: dict[int, asyncio.Future[str]] = field(default_factory=dict)
    _lines: list[bytes] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, question: Mapping[str, Any], seconds: float | None) -> str:
        """The pod's answer; Error when it does not answer in time or the line is down. None: however long it takes."""
        stream, number = self.stream, next(self._numbers)
        if stream is None:
            return "Error"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(seconds):
                await self._send(stream, json.dumps({**question, "id": number}).encode() + b"\n")
                return await answer
        except (TimeoutError, KubeError, ConnectionError):
            return "Error"
        finally:
            self._waiting.pop(number, None)

    async def _send(self, stream: ExecStream, line: bytes) -> None:
        """What is asked at the same time goes in one message: each costs the API server and a kubelet the same, however long."""
        self._lines.append(line)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._lines = [one for one in self._lines if one != line]
            raise
        if line in self._lines:
            lines, self._lines = self._lines, []
            await stream.send(b"".join(lines))

    async def hold(self, kube: Kube, home: str, known: Obj | None = None, on_up: Callable[[], None] = lambda: None) -> None:
        """Opens the line and keeps it until it ends, which it does by itself or when cancelled. known: the pod, just looked at.

        ConnectionError where the pod has no address yet: its kubelet may answer before it has reported one.
        """
        pod = known or await kube.get(PODS, self.pod, home)
        self.node = pod["spec"].get("nodeName", "")
        self.addresses = addresses(pod.get("status", {}))
        if not self.addresses:
            raise ConnectionError(f"pod {self.pod} has no address yet")
        try:
            async with kube.exec(home, self.pod, self.container, ["firedoor", "probe"]) as stream:
                self.stream = stream
                log.info("session to %s on node %s is up", self.pod, self.node)
                on_up()
                await self._listen(stream)
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        """Nobody waits for an answer that cannot come."""
        self.stream = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result("Error")

    async def _listen(self, stream: ExecStream) -> None:
        buffer = b""
        async for channel, data in stream:
            if channel != STDOUT:
                continue
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._hand_out(line)

    def _hand_out(self, line: bytes) -> None:
        answer = json.loads(line)
        asked = self._waiting.get(answer["id"])
        if asked is not None and not asked.done():
            asked.set_result(answer["answer"])
