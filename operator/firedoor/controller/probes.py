"""The controller's side of the probes: a standing exec session into each probe pod, questions out, answers in.

The reconciler asks; nobody else. The API server decides who may: listening ports and tokens there are none. A probe
that cannot be asked is said to be missing, never guessed for.
"""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedoor.api import names
from firedoor.api.incident import Reach
from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError
from firedoor.kube.exec import ExecStream
from firedoor.kube.resources import PODS
from firedoor.planner.situation import Flow

log = logging.getLogger(__name__)

PROBES = (f"{names.PROBE}-0", f"{names.PROBE}-1")
CONTROL_SECONDS = 0.1
"""How long the door waits at most for the positive control; an answer takes a few milliseconds."""
SILENCE_SECONDS = 1.0
"""Silence for this long is a time-out."""
RECONNECT_SECONDS = 2.0
FALLBACK_PORT = 9
"""Tried where the pod declares no TCP port: a refusal shows as well that packets pass."""
PORT_LIMIT = 4


@dataclass(slots=True)
class Session:
    """The line to one probe pod."""

    pod: str
    node: str = ""
    stream: ExecStream | None = None
    waiting: dict[int, asyncio.Future[str]] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, question: Mapping[str, Any], seconds: float) -> str:
        """The probe's answer; Error when it does not answer in time or the line is down."""
        stream, number = self.stream, next(self.numbers)
        if stream is None:
            return "Error"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting[number] = answer
        try:
            async with asyncio.timeout(seconds):
                await stream.send(json.dumps({**question, "id": number}).encode() + b"\n")
                return await answer
        except (TimeoutError, KubeError, ConnectionError):
            return "Error"
        finally:
            self.waiting.pop(number, None)

    async def listen(self, stream: ExecStream) -> None:
        """Hands answers to whoever asked, until the line ends."""
        buffer = b""
        async for channel, data in stream:
            if channel != 1:
                continue
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._hand_out(line)

    def _hand_out(self, line: bytes) -> None:
        answer = json.loads(line)
        asked = self.waiting.get(answer["id"])
        if asked is not None and not asked.done():
            asked.set_result(answer["answer"])


class Probes:
    """All probe pods."""

    def __init__(self, kube: Kube, home: str) -> None:
        self._kube = kube
        self._home = home
        self._sessions = tuple(Session(pod) for pod in PROBES)

    @property
    def up(self) -> tuple[Session, ...]:
        return tuple(session for session in self._sessions if session.stream is not None)

    async def run(self) -> None:
        """Keeps a session to every probe until cancelled."""
        async with asyncio.TaskGroup() as group:
            for session in self._sessions:
                group.create_task(self._keep(session))

    def unasked(self, ports: Sequence[int]) -> tuple[Reach, ...]:
        """What would have been tried before the door closed, had there been a probe to ask."""
        wanted = tuple(ports[:PORT_LIMIT]) or (FALLBACK_PORT,)
        lines = [(session.pod, session.node, port) for session in self.up for port in wanted]
        return tuple(Reach.read({"probe": pod, "node": node, "port": port}) for pod, node, port in lines)

    async def before(self, uid: str, ip: str, ports: Sequence[int]) -> tuple[Reach, ...]:
        """The positive control: what each probe reaches now, keeping what it opens for the flow rung."""
        wanted = tuple(ports[:PORT_LIMIT]) or (FALLBACK_PORT,)
        if not ip:
            return ()
        tried = (self._control(session, uid, ip, port) for session in self.up for port in wanted)
        return tuple(await asyncio.gather(*tried))

    async def after(self, ip: str, before: Sequence[Reach]) -> tuple[Reach, ...]:
        """The same tries again; each probe's earlier answer stays beside the new one."""
        tried = (self._again(session, ip, reach) for reach in before for session in self.up if session.pod == reach.probe)
        return tuple(await asyncio.gather(*tried))

    async def flow(self, uid: str) -> Flow:
        """Whether a connection kept open across the deny still passes: one that does is enough for Alive."""
        question = {"op": "flow", "keep": uid}
        answers = await asyncio.gather(*(session.ask(question, SILENCE_SECONDS) for session in self.up))
        if "Alive" in answers:
            return "Alive"
        return "Cut" if "Cut" in answers else "Unknown"

    async def drop(self, uid: str) -> None:
        """Closes what was kept open for an incident."""
        await asyncio.gather(*(session.ask({"op": "drop", "keep": uid}, SILENCE_SECONDS) for session in self.up))

    async def _control(self, session: Session, uid: str, ip: str, port: int) -> Reach:
        question = {"op": "reach", "host": ip, "port": port, "wait": CONTROL_SECONDS, "keep": uid}
        answer = await session.ask(question, CONTROL_SECONDS)
        return Reach.read({"probe": session.pod, "node": session.node, "port": port, "before": answer})

    async def _again(self, session: Session, ip: str, reach: Reach) -> Reach:
        question = {"op": "reach", "host": ip, "port": reach.port, "wait": SILENCE_SECONDS}
        answer = await session.ask(question, 2 * SILENCE_SECONDS)
        return Reach.read({**reach.wire(), "after": answer})

    async def _keep(self, session: Session) -> None:
        while True:
            try:
                await self._hold(session)
            except (KubeError, ConnectionError, TimeoutError, ValueError) as error:
                log.info("no session to probe %s: %s", session.pod, error)
            finally:
                session.stream = None
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hold(self, session: Session) -> None:
        pod = await self._kube.get(PODS, session.pod, self._home)
        session.node = pod["spec"].get("nodeName", "")
        async with self._kube.exec(self._home, session.pod, "probe", ["firedoor", "probe"]) as stream:
            session.stream = stream
            log.info("session to probe %s on node %s is up", session.pod, session.node)
            with contextlib.suppress(asyncio.IncompleteReadError):
                await session.listen(stream)
