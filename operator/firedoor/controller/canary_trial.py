"""What passes between a canary and the probes: every way of it, tried before a deny, under it, and once it is lifted.

A Trial is one canary that stands, with the line into it. It asks and counts; who denies the canary, and when, is the
canary's affair, and nobody else uses it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from firedoor.api.enforcement import Enforcing
from firedoor.controller.canary_pods import LOOK_SECONDS, NotMeasured
from firedoor.controller.probes import CONTROL_SECONDS, SILENCE_SECONDS, Probes, dropped, kept, key, worst
from firedoor.controller.session import Session
from firedoor.planner.enforcement import Finding
from firedoor.planner.pod_view import Family, family
from firedoor.planner.proof import Flow
from firedoor.probe.stand import PORT


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part of a measurement may take, in seconds."""

    start: float = 30.0
    enforced: float = 15.0
    cut: float = 4.0
    back: float = 15.0
    follows: float = 5.0
    """Until a canary that was measured before is let or denied again; three times what that took before, if it is more."""

    @property
    def whole(self) -> float:
        return self.start + self.back + self.enforced + self.cut + self.back

    def follow(self, found: Finding) -> float:
        """How long the engine that was found so may take to follow a change."""
        return self.enforced if found.seconds is None else min(self.enforced, max(self.follows, 3 * found.seconds))


@dataclass(slots=True)
class Way:
    """One way that packets can take between the canary and a probe: who tries, and whom."""

    direction: str
    session: Session
    host: str
    protocol: str
    passes: bool = True

    @property
    def family(self) -> Family:
        return family(self.host)

    async def tried(self, seconds: float, canary: str | None = None) -> str:
        """The word for this way. canary: under whose name a connection is kept."""
        keep = key(canary, self.host) if canary else None
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
class Trial:
    """One canary and its ways."""

    session: Session
    probes: Probes
    patience: Patience
    ways: Sequence[Way] = ()

    @property
    def name(self) -> str:
        return self.session.pod

    async def control(self, seconds: float) -> None:
        """The ways that packets take now, over connections of now; NotMeasured without one over TCP in each direction."""
        await self.forget()
        every = [way for probe in self.probes.up for way in _between(self.session, probe)]
        deadline = asyncio.get_running_loop().time() + seconds
        while not _both_directions(ways := await self._open(every)):
            # A slow engine may still apply the deny of the measurement before.
            if asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            what = "no probe pod can be asked" if not self.probes.up else "the canary and the probes do not reach each other"
            raise NotMeasured(f"{what}, even before a deny.")
        # What was tried while the engine was still at it may have been lost, and datagrams are sent once.
        again = await self._open(every) if len(ways) < len(every) else ways
        self.ways = again if _both_directions(again) else ways

    async def silence(self, seconds: float) -> float | None:
        """When the first round of tries began in which nothing answered any more; None where that did not come in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (at := loop.time()) < deadline:
            if not any(await self._tries(self.ways)):
                return at
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def answers(self) -> None:
        """Silence that does not end with the deny had another cause, and proves nothing: NotMeasured."""
        deadline = asyncio.get_running_loop().time() + self.patience.back
        while not all(await self._tries([way for way in self.ways if way.protocol == "TCP"])):
            if asyncio.get_running_loop().time() > deadline:
                raise NotMeasured("the canary did not answer again after its deny was lifted, so its silence proves nothing.")
            await asyncio.sleep(LOOK_SECONDS)

    async def open_ones(self) -> Flow:
        """What became of the connections that were kept; they are given a moment to tell."""
        return worst(await self._flows(self.patience.cut))

    async def seen(self, found: Finding) -> Finding:
        """The finding as one more round of tries tells it."""
        await self._tries(self.ways)
        return self.told(found, worst(await self._flows()))

    def told(self, found: Finding, flow: Flow) -> Finding:
        """The finding as the last tries told it."""
        ingress, egress = (self._enforcing(direction) for direction in ("Ingress", "Egress"))
        families = frozenset(way.family for way in self.ways)
        lets = frozenset(way.family for way in self.ways if way.passes)
        return replace(found, ingress=ingress, egress=egress, open_connections=flow, families=families, lets=lets)

    async def forget(self) -> None:
        """Closes every connection that was kept."""
        await asyncio.gather(self.probes.drop(self.name), dropped(self.session, self.name))

    async def _open(self, every: Sequence[Way]) -> list[Way]:
        answers = await asyncio.gather(*(way.tried(2 * CONTROL_SECONDS, self.name) for way in every))
        open_ones = [way for way, answer in zip(every, answers, strict=True) if answer == "Open"]
        both = {way.family for way in open_ones if _both_directions([one for one in open_ones if one.family == way.family])}
        return [way for way in open_ones if way.family in both]

    async def _tries(self, ways: Sequence[Way]) -> list[bool]:
        return await asyncio.gather(*(way.still_passes() for way in ways))

    async def _flows(self, seconds: float = 0.0) -> list[Flow]:
        ways = {(way.session.pod, way.family): way for way in self.ways if way.protocol == "TCP"}.values()
        return await asyncio.gather(*(kept(way.session, key(self.name, way.host), seconds) for way in ways))

    def _enforcing(self, direction: str) -> Enforcing:
        return "Passes" if any(way.passes for way in self.ways if way.direction == direction) else "Denied"


def _between(canary: Session, probe: Session) -> Iterator[Way]:
    """Every way between the two, of each family that both have."""
    for protocol in ("TCP", "UDP"):
        for own in canary.addresses:
            for theirs in (address for address in probe.addresses if family(address) == family(own)):
                yield Way("Ingress", probe, own, protocol)
                yield Way("Egress", canary, theirs, protocol)


def _both_directions(ways: Sequence[Way]) -> bool:
    return {way.direction for way in ways if way.protocol == "TCP"} == {"Ingress", "Egress"}
