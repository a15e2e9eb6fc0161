"""The canary: what the network engine of a node does with a deny, measured on a pod of firedoor's own and not assumed.

A small pod on the node is reached from the probes and reaches them, over TCP and UDP, and connections are kept open in
both directions. Then it is denied: both directions have to fall silent, and to answer again once the deny is lifted. A
refusal is no silence. Where a suspect is held, the canary is then denied once more and stands guard until the next
measurement: whatever an engine begins to let through is told at once, and what it begins to deny calls for the next
measurement. Nothing of any suspect is touched. `controller.enforcement` says when and where; nobody else asks.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from firedoor.api.enforcement import Enforcing
from firedoor.controller.canary_pods import LOOK_SECONDS, CanaryPods, NotMeasured
from firedoor.controller.probes import CONTROL_SECONDS, SILENCE_SECONDS, Probes, kept, worst
from firedoor.controller.session import Session
from firedoor.kube.errors import KubeError
from firedoor.planner.enforcement import Finding
from firedoor.planner.situation import Flow
from firedoor.probe.stand import PORT

log = logging.getLogger(__name__)
WATCHED_SECONDS = 40.0
"""How long a node counts as watched after its guard last looked: a measurement comes between two guards."""

Errand = Callable[[Session], Awaitable[None]]
"""What else is done from a canary, because it stands on the node that matters."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part of a measurement may take, in seconds."""

    start: float = 30.0
    enforced: float = 15.0
    cut: float = 4.0
    back: float = 15.0

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
    """Measures one node at a time, and stands guard on those that hold a suspect."""

    pods: CanaryPods
    probes: Probes
    errand: Errand
    holds: Callable[[str], bool]
    """Whether a suspect is held on a node."""
    on_breach: Callable[[Finding], None]
    """Called with what a guard saw when something got through."""
    on_relief: Callable[[str], None]
    """Called with a node whose engine seems to deny what it did not deny before."""
    on_guard: Callable[[str], None]
    """Called with a node that was not watched and is now."""
    patience: Patience = Patience()
    _looked: dict[str, float] = field(default_factory=dict)
    """When the guard of each node last saw that nothing gets through."""
    _guards: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def guarded(self) -> tuple[str, ...]:
        """The nodes on which a canary stands guard."""
        return tuple(self._guards)

    def watched(self, node: str) -> bool:
        """Whether a canary on guard would have told by now if the engine had let anything through."""
        return asyncio.get_running_loop().time() - self._looked.get(node, -WATCHED_SECONDS) < WATCHED_SECONDS

    async def measure(self, node: str, pool: str) -> Finding:
        """What the engine of this node does, after the errand there; a finding of Unknown says why it could not be seen."""
        async with self._alone:
            await self.relieve(node)
            began = datetime.now(UTC)
            try:
                async with asyncio.timeout(self.patience.whole):
                    return await self._from_the_node(Finding(node, pool, began, began))
            except NotMeasured as reason:
                why = str(reason)
            except KubeError as error:
                why = error.message
            except TimeoutError:
                why = f"the canary did not start, or its measurement did not end, within {self.patience.whole:.0f} s."
            log.warning("the network engine of node %s could not be measured: %s", node, why)
            return Finding(node, pool, began, datetime.now(UTC), why=why[:768])

    async def relieve(self, *nodes: str) -> None:
        """Takes away the canaries that stand guard on these nodes."""
        guards = [guard for node in nodes if (guard := self._guards.pop(node, None)) is not None]
        for guard in guards:
            guard.cancel()
        await asyncio.gather(*guards, return_exceptions=True)

    async def _from_the_node(self, empty: Finding) -> Finding:
        async with AsyncExitStack() as standing:
            session = await standing.enter_async_context(self.pods.standing(empty.node))
            standing.push_async_callback(self.probes.drop, session.pod)
            await self.errand(session)
            ways = await self._control(session)
            found = await self._measured(session, ways, empty)
            if self.holds(empty.node):
                guard = self._guard(session, ways, found, standing.pop_all())
                self._guards[empty.node] = asyncio.create_task(guard, name=f"canary on guard on {empty.node}")
            return found

    async def _measured(self, session: Session, ways: Sequence[Way], empty: Finding) -> Finding:
        began = asyncio.get_running_loop().time()
        await self.pods.deny(session.pod)
        silent_at = await self._silence(ways)
        seen = _seen(empty, ways, await self._open_ones(session.pod, ways) if silent_at else "Alive")
        await self._lifted(session, ways)
        seconds = None if silent_at is None else round(silent_at - began, 2)
        return replace(seen, at=datetime.now(UTC), seconds=seconds)

    async def _guard(self, session: Session, ways: Sequence[Way], found: Finding, standing: AsyncExitStack) -> None:
        """Denied once more, until something changes or it is relieved; one that cannot stand is no loss, only later."""
        async with standing:
            try:
                await self.pods.deny(session.pod)
                if not await self._stands(session.pod, ways, found):
                    return
                seen = await self._change(session.pod, ways, found)
            except (NotMeasured, KubeError) as reason:
                log.info("the canary on guard on node %s is lost: %s", found.node, reason)
                return
            now = datetime.now(UTC)
            self._looked.pop(found.node)
            if _worse(seen, found):
                self.on_breach(replace(seen, began=now, at=now))
            else:
                self.on_relief(found.node)

    async def _stands(self, name: str, ways: Sequence[Way], found: Finding) -> bool:
        """Whether the engine does to it what it was just found to do; some need a moment for that."""
        deadline = asyncio.get_running_loop().time() + self.patience.enforced + self.patience.cut
        while not (await self._looks(name, ways, found)).says_what(found):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True

    async def _change(self, name: str, ways: Sequence[Way], found: Finding) -> Finding:
        """Waits until the engine does something else than it was found to do: what that is."""
        while True:
            begins = not self.watched(found.node)
            self._looked[found.node] = asyncio.get_running_loop().time()
            if begins:
                self.on_guard(found.node)
            await asyncio.sleep(SILENCE_SECONDS)
            seen = await self._looks(name, ways, found)
            if _worse(seen, found) or _worse(found, seen):
                return seen

    async def _looks(self, name: str, ways: Sequence[Way], found: Finding) -> Finding:
        await asyncio.gather(*(way.still_passes() for way in ways))
        return _seen(found, ways, worst(await self._flows(name, ways)))

    async def _control(self, session: Session) -> list[Way]:
        """The ways that packets take now; without one over TCP in each direction nothing can be told."""
        both = [
            Way(direction, *ends, protocol)
            for probe in self.probes.up
            for direction, ends in (("Ingress", (probe, session.address)), ("Egress", (session, probe.address)))
            for protocol in ("TCP", "UDP")
        ]
        deadline = asyncio.get_running_loop().time() + self.patience.back
        while not _both_directions(ways := await _open_ways(session.pod, both)):
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

    async def _open_ones(self, name: str, ways: Sequence[Way]) -> Flow:
        deadline = asyncio.get_running_loop().time() + self.patience.cut
        while True:
            flows = await self._flows(name, ways)
            if set(flows) == {"Cut"} or asyncio.get_running_loop().time() > deadline:
                return worst(flows)
            await asyncio.sleep(LOOK_SECONDS)

    async def _flows(self, name: str, ways: Sequence[Way]) -> list[Flow]:
        sessions = {way.session.pod: way.session for way in ways if way.protocol == "TCP"}.values()
        return await asyncio.gather(*(kept(session, name) for session in sessions))

    async def _lifted(self, session: Session, ways: Sequence[Way]) -> None:
        """Silence that does not end with the deny had another cause, and proves nothing."""
        await self.pods.let(session.pod)
        deadline = asyncio.get_running_loop().time() + self.patience.back
        while not all(await asyncio.gather(*(way.still_passes() for way in ways if way.protocol == "TCP"))):
            if asyncio.get_running_loop().time() > deadline:
                raise NotMeasured("the canary did not answer again after its deny was lifted, so its silence proves nothing.")
            await asyncio.sleep(LOOK_SECONDS)


async def _open_ways(name: str, ways: Sequence[Way]) -> list[Way]:
    answers = await asyncio.gather(*(way.tried(5 * CONTROL_SECONDS, name) for way in ways))
    return [way for way, answer in zip(ways, answers, strict=True) if answer == "Open"]


def _both_directions(ways: Sequence[Way]) -> bool:
    return {way.direction for way in ways if way.protocol == "TCP"} == {"Ingress", "Egress"}


def _seen(found: Finding, ways: Sequence[Way], flow: Flow) -> Finding:
    return replace(found, ingress=_enforcing(ways, "Ingress"), egress=_enforcing(ways, "Egress"), open_connections=flow)


def _worse(one: Finding, other: Finding) -> bool:
    """Whether anything passes in the first that does not pass in the other."""
    return (
        (one.ingress == "Passes" and other.ingress == "Denied")
        or (one.egress == "Passes" and other.egress == "Denied")
        or (one.open_connections == "Alive" and other.open_connections == "Cut")
    )


def _enforcing(ways: Sequence[Way], direction: str) -> Enforcing:
    return "Passes" if any(way.passes for way in ways if way.direction == direction) else "Denied"
