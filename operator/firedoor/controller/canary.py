"""The canary: what the network engine of a node does with a deny, measured on a pod of firedoor's own and not assumed.

A small pod on the node is reached from the probes and reaches them, over TCP and UDP, and connections are kept open in
both directions. Then it is denied: both directions have to fall silent, and to answer again once the deny is lifted. A
refusal is no silence. Pod and policy are removed at once; nothing of any suspect is touched. `controller.enforcement`
says when and where; nobody else asks.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from firedoor.api.enforcement import Enforcing
from firedoor.controller.canary_names import CanaryNames
from firedoor.controller.canary_objects import CANARIES, CANARY, CONTAINER, deny, pod, trouble
from firedoor.controller.probes import CONTROL_SECONDS, SILENCE_SECONDS, Probes, kept, worst
from firedoor.controller.session import Session
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, KubeError
from firedoor.kube.resources import NETWORK_POLICIES, PODS, Resource
from firedoor.planner.enforcement import Finding
from firedoor.planner.situation import Flow
from firedoor.probe.stand import PORT

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25


Thing = tuple[Resource, str]
DENY: Thing = (NETWORK_POLICIES, CANARY)
Errand = Callable[[Session], Awaitable[None]]
"""What else is done from a canary, because it stands on the node that matters."""


class NotMeasured(Exception):
    """Why a measurement could not be made, in words for people."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part of a measurement may take, in seconds."""

    start: float = 30.0
    enforced: float = 15.0
    cut: float = 4.0
    back: float = 15.0
    ready: float = 1.0
    """Between two looks whether the canary is ready."""

    @property
    def whole(self) -> float:
        return self.start + self.back + self.enforced + self.cut + self.back


@dataclass(slots=True)
class Way:
    """One way that packets can take between the canary and a probe: who tries, and whom."""

    direction: str
    session: Session
    host: str
    protocol: str
    passes: bool = True

    async def tried(self, seconds: float, keep: str | None = None) -> str:
        question = {"op": "reach", "host": self.host, "port": PORT, "protocol": self.protocol, "wait": seconds, "keep": keep}
        return await self.session.ask(question, 2 * seconds)

    async def still_passes(self) -> bool:
        """Whether anything but silence came back; NotMeasured when whoever tries was lost."""
        word = await self.tried(SILENCE_SECONDS)
        if word == "Error":
            raise NotMeasured(f"the session to {self.session.pod} was lost on the way.")
        self.passes = word != "Timeout"
        return self.passes


@dataclass(slots=True)
class Canary:
    """Measures one node at a time."""

    kube: Kube
    probes: Probes
    home: str
    image: str
    errand: Errand
    patience: Patience = Patience()
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    _names: CanaryNames = field(default_factory=CanaryNames)
    _left: set[Thing] = field(default_factory=lambda: {DENY, *((PODS, name) for name in CANARIES)})
    """What may be there from before: at first by an earlier process, later by a measurement that was broken off."""

    async def measure(self, node: str, pool: str) -> Finding:
        """What the engine of this node does, after the errand there; a finding of Unknown says why it could not be seen."""
        async with self._alone:
            began = datetime.now(UTC)
            try:
                async with asyncio.timeout(self.patience.whole), self._standing(node) as session:
                    await self.errand(session)
                    return await self._measured(session, Finding(node, pool, began, began))
            except NotMeasured as reason:
                why = str(reason)
            except KubeError as error:
                why = error.message
            except TimeoutError:
                why = f"the canary did not start, or its measurement did not end, within {self.patience.whole:.0f} s."
            log.warning("the network engine of node %s could not be measured: %s", node, why)
            return Finding(node, pool, began, datetime.now(UTC), why=why[:768])

    async def _measured(self, session: Session, empty: Finding) -> Finding:
        ways = await self._control(session)
        try:
            began = asyncio.get_running_loop().time()
            self._left.add(DENY)
            await self.kube.create(NETWORK_POLICIES, deny(self.home))
            silent_at = await self._silence(ways)
            ingress, egress = _enforcing(ways, "Ingress"), _enforcing(ways, "Egress")
            flow = await self._open_ones(ways) if silent_at else "Alive"
            await self._lifted(ways)
        finally:
            await self.probes.drop(CANARY)
        seconds = None if silent_at is None else round(silent_at - began, 2)
        at = datetime.now(UTC)
        return replace(empty, at=at, ingress=ingress, egress=egress, open_connections=flow, seconds=seconds)

    async def _control(self, session: Session) -> list[Way]:
        """The ways that packets take now; without one over TCP in each direction nothing can be told."""
        both = [
            Way(direction, *ends, protocol)
            for probe in self.probes.up
            for direction, ends in (("Ingress", (probe, session.address)), ("Egress", (session, probe.address)))
            for protocol in ("TCP", "UDP")
        ]
        deadline = asyncio.get_running_loop().time() + self.patience.back
        while not _both_directions(ways := await _open_ways(both)):
            # A slow engine may still apply the deny of the measurement before.
            if asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            what = "no probe pod can be asked" if not self.probes.up else "the canary and the probes do not reach each other"
            raise NotMeasured(f"{what}, even before a deny.")
        return ways

    async def _silence(self, ways: Sequence[Way]) -> float | None:
        """When the first round of tries began in which nothing answered any more; None where that never came."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience.enforced
        while (at := loop.time()) < deadline:
            if not any(await asyncio.gather(*(way.still_passes() for way in ways))):
                return at
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def _open_ones(self, ways: Sequence[Way]) -> Flow:
        deadline = asyncio.get_running_loop().time() + self.patience.cut
        sessions = {way.session.pod: way.session for way in ways if way.protocol == "TCP"}.values()
        while True:
            flows = await asyncio.gather(*(kept(session, CANARY) for session in sessions))
            if set(flows) == {"Cut"} or asyncio.get_running_loop().time() > deadline:
                return worst(flows)
            await asyncio.sleep(LOOK_SECONDS)

    async def _lifted(self, ways: Sequence[Way]) -> None:
        """Silence that does not end with the deny had another cause, and proves nothing."""
        await self._remove(DENY)
        deadline = asyncio.get_running_loop().time() + self.patience.back
        while not all(await asyncio.gather(*(way.still_passes() for way in ways if way.protocol == "TCP"))):
            if asyncio.get_running_loop().time() > deadline:
                raise NotMeasured("the canary did not answer again after its deny was lifted, so its silence proves nothing.")
            await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def _standing(self, node: str) -> AsyncIterator[Session]:
        """A session into a canary that stands on the node, both gone afterwards."""
        await self._remove_all()
        session = Session(self._names.of(node), CONTAINER)
        line: asyncio.Task[None] | None = None
        try:
            await self._create(session.pod, node)
            found = await self._ready(session.pod)
            line = asyncio.create_task(session.hold(self.kube, self.home, found))
            while session.stream is None and not line.done():
                await asyncio.sleep(0.02)
            if line.done():
                await line
                raise NotMeasured("the session into the canary ended at once.")
            yield session
        finally:
            if line is not None:
                line.cancel()
                await asyncio.gather(line, return_exceptions=True)
            await asyncio.shield(self._remove_all())

    async def _create(self, name: str, node: str) -> None:
        self._left.add((PODS, name))
        while True:
            try:
                await self.kube.create(PODS, pod(self.home, name, node, self.image))
            except Conflict:
                await asyncio.sleep(LOOK_SECONDS)  # one of before is still on its way out
            else:
                return

    async def _ready(self, name: str) -> Obj:
        """The canary once it is ready; it takes more than a second, so the first look waits for that."""
        while True:
            await asyncio.sleep(self.patience.ready)
            found = await self.kube.get(PODS, name, self.home)
            conditions = found.get("status", {}).get("conditions") or ()
            if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                return found
            if why := trouble(found):
                raise NotMeasured(why)

    async def _remove_all(self) -> None:
        for thing in tuple(self._left):
            await self._remove(thing)

    async def _remove(self, thing: Thing) -> None:
        """Removes what may be there; once it is known to be gone nobody is asked again."""
        if thing in self._left:
            with suppress(Gone):
                await self.kube.delete(*thing, self.home)
            self._left.discard(thing)


async def _open_ways(ways: Sequence[Way]) -> list[Way]:
    answers = await asyncio.gather(*(way.tried(5 * CONTROL_SECONDS, CANARY) for way in ways))
    return [way for way, answer in zip(ways, answers, strict=True) if answer == "Open"]


def _both_directions(ways: Sequence[Way]) -> bool:
    return {way.direction for way in ways if way.protocol == "TCP"} == {"Ingress", "Egress"}


def _enforcing(ways: Sequence[Way], direction: str) -> Enforcing:
    return "Passes" if any(way.passes for way in ways if way.direction == direction) else "Denied"
