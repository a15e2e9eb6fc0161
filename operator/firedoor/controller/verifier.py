"""Verification: asks the probes, beside the work queue, whether a closed door holds, and puts the proof on the record.

The reconciler starts it and is woken when there is something to report. A try takes seconds, because only silence
proves anything; so no worker of the queue ever waits for one. Between two tries a guard stands before each door that
was proved shut: what gets through is on the record within a second or two.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from firedoor.api.incident import Reach
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.outward import Outward
from firedoor.controller.probes import Probes
from firedoor.controller.record import Record
from firedoor.controller.residue import Residues
from firedoor.controller.session import Session
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import Flow, Proof, Residue
from firedoor.planner.verdict import ANSWERS, proved_shut

log = logging.getLogger(__name__)
FLOW_SECONDS = 6.0
"""How long after the first silence a kept connection is watched for its keep-alives."""
LOOK_SECONDS = 0.1
SETTLES = timedelta(seconds=1.5)
"""How long after the door closed an engine may let something through before that is told."""
AT_ONCE = 64
FAILED_SECONDS = 5.0
"""How long a try that died counts as under way, so that it is not begun again at once and without end."""


@dataclass(slots=True)
class Verifier:
    """Tries under way, one at a time per incident, and the guards. Whoever waits for a measurement keeps nobody else waiting."""

    probes: Probes
    enforcement: Enforcement
    residues: Residues
    wake: Callable[[str], None]
    outward: Outward | None = None
    """The outbound probe, where it is switched on."""
    _outward: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _trying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _guards: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def start(self, record: Record, pod: PodView) -> None:
        """Starts a try, unless one is under way."""
        uid = record.incident.uid
        if uid not in self._trying:
            task = self._trying[uid] = asyncio.create_task(self._try(record, pod), name=f"verify {uid}")
            task.add_done_callback(lambda _: self._trying.pop(uid, None))

    async def stop(self, uid: str) -> None:
        """Ends a try and a guard, and closes what the probes kept open for them."""
        for tasks in (self._trying, self._guards, self._outward):
            task = tasks.pop(uid, None)
            if task is not None:
                task.cancel()
        await self.probes.drop(uid)

    async def try_near(self, record: Record, canary: Session) -> None:
        """Tries, from a canary on the suspect's own node, what the probes try; what gets through is told at once."""
        near = await self.probes.near(canary, record.proof.reach)
        record.proof = replace(record.proof, near=near)
        if _passing(near):
            record.seen_open = datetime.now(UTC)
            self.wake(record.incident.uid)

    async def _try(self, record: Record, pod: PodView) -> None:
        """One that dies takes its claim with it: what an earlier one proved is not said any longer."""
        try:
            await self._carry_out(record, pod)
        except Exception as error:
            log.exception("a try of incident %s failed", record.incident.key)
            missing = f"The try failed: {type(error).__name__}; the controller's log tells more. It is tried again."
            record.proof = replace(record.proof, missing=missing, began=None, at=datetime.now(UTC))
            record.proof_loop_time = asyncio.get_running_loop().time()
            self.wake(record.incident.uid)
            await asyncio.sleep(FAILED_SECONDS)

    async def _carry_out(self, record: Record, pod: PodView) -> None:
        self._doubt_what_is_older(record, pod)
        record.proof = await self._proof(record, pod)
        record.proof_loop_time = asyncio.get_running_loop().time()
        self._doubt_the_engine(record.proof, pod)
        self._guard(record, pod)
        self._send_outward(record, pod)
        self.wake(record.incident.uid)
        if record.seen_open is not None and not record.open_now and not _passing(record.proof.reach):
            await self.enforcement.since(pod.node, record.seen_open)
            self.wake(record.incident.uid)

    async def _forget_other_addresses(self, record: Record, pod: PodView) -> None:
        """A pod whose sandbox was made anew has another address: the silence of the old one says nothing."""
        ways = (*record.proof.reach, *record.proof.near)
        if all(way.address in pod.addresses for way in ways):
            return
        record.proof = Proof(outward=record.proof.outward, outward_at=record.proof.outward_at)
        record.seen_open = datetime.now(UTC)
        guard = self._guards.pop(record.incident.uid, None)
        if guard is not None:
            guard.cancel()
        await self.probes.drop(record.incident.uid)

    async def _proof(self, record: Record, pod: PodView) -> Proof:
        await self._forget_other_addresses(record, pod)
        if missing := self._missing(pod.ip):
            return replace(record.proof, missing=missing, began=None, at=datetime.now(UTC))
        async with self._turns:
            began, known = datetime.now(UTC), record.proof
            ways = known.reach or self.probes.unasked(pod)
            flow: Flow
            (reach, residue), flow = await asyncio.gather(
                self._looked(record, pod, ways), self._kept(record.incident.uid, known, ways)
            )
        if not any(way.node == pod.node for way in (*reach, *record.proof.near)):
            await self.enforcement.since(pod.node, began)
        by_canary = flow == "Unknown" and not _passing(reach)
        if by_canary:
            flow = await self._inferred(reach, pod.node, began)
        at, since = datetime.now(UTC), record.proof
        found = Proof(reach=reach, flow=flow, by_canary=by_canary, began=began, at=at, residue=residue)
        return replace(found, near=since.near, outward=since.outward, outward_at=since.outward_at)

    async def _looked(self, record: Record, pod: PodView, ways: tuple[Reach, ...]) -> tuple[tuple[Reach, ...], Residue]:
        """The ways, and then what else leads to the pod: whoever keeps EndpointSlices needs a moment to follow its labels."""
        return await self._tried(record, ways), await self.residues.of(pod)

    async def _tried(self, record: Record, ways: tuple[Reach, ...]) -> tuple[Reach, ...]:
        """The same ways again; when the door has only just closed, until the engine has had a moment to follow."""
        if self._settling(record):
            await asyncio.sleep(LOOK_SECONDS)
        while _passing(reach := await self.probes.after(ways)) and self._settling(record):
            await asyncio.sleep(LOOK_SECONDS)
        if not record.proof.reach or _passing(reach):
            record.proof = replace(record.proof, reach=reach)  # a canary tries the same ways
        if _passing(reach):
            self.wake(record.incident.uid)  # this is told at once, whatever else is still looked at
        return reach

    def _settling(self, record: Record) -> bool:
        return record.closed_at is not None and datetime.now(UTC) - record.closed_at < SETTLES

    async def _inferred(self, reach: tuple[Reach, ...], node: str, began: datetime) -> Flow:
        """What the engine was seen to do with open connections; where silence has no control, by a measurement from now on."""
        controlled = any(proved_shut(way) for way in reach)
        found = self.enforcement.of(node) if controlled else None
        found = found or await self.enforcement.since(node, began)
        return found.open_connections if found is not None and found.denies else "Unknown"

    def _missing(self, ip: str) -> str:
        if not ip:
            return "The suspect pod has no address yet, so nothing can be tried."
        if not self.probes.up:
            return "No probe pod can be asked; see the StatefulSet firedoor-probe in firedoor's home namespace."
        return ""

    async def _kept(self, uid: str, known: Proof, ways: tuple[Reach, ...]) -> Flow:
        """The connection that a probe keeps to the suspect, watched until its keep-alives tell; one lost since stays as known."""
        if known.flow == "Cut" and not known.by_canary:
            now = await self.probes.flow(uid, ways)
            return "Alive" if now == "Alive" else "Cut"
        return await self.probes.flow(uid, ways, FLOW_SECONDS)

    def _doubt_what_is_older(self, record: Record, pod: PodView) -> None:
        """What was found before the door closed may be over by now: nobody is told for long that it speaks against him."""
        known, closed = self.enforcement.of(pod.node), record.closed_at
        if known is not None and known.speaks_against and closed is not None and known.began < closed:
            self.enforcement.doubt(pod.node, closed)

    def _doubt_the_engine(self, proof: Proof, pod: PodView) -> None:
        """What the probes found and what the canary found have to agree; where they do not, the canary is older."""
        known = self.enforcement.of(pod.node)
        passing, shut = _passing(proof.reach), any(proved_shut(way) for way in proof.reach)
        told = not proof.by_canary and proof.flow != "Unknown"
        if (
            known is None
            or (proof.by_canary and not self.enforcement.watched(pod.node))
            or (passing and known.denies)
            or (shut and not passing and known.passes)
            or (told and known.open_connections not in ("Unknown", proof.flow))
        ):
            self.enforcement.doubt(pod.node, proof.began)

    def _send_outward(self, record: Record, pod: PodView) -> None:
        """Once an incident, and beside everything else: no claim waits for it."""
        uid = record.incident.uid
        if self.outward is not None and uid not in self._outward:
            self._outward[uid] = asyncio.create_task(self._note_outward(self.outward, record, pod), name=f"outward {uid}")

    async def _note_outward(self, outward: Outward, record: Record, pod: PodView) -> None:
        found = await outward.of(record.incident.uid, pod)
        record.proof = replace(record.proof, outward=found, outward_at=datetime.now(UTC))
        if _passing(found):
            self.enforcement.doubt(pod.node)
        self.wake(record.incident.uid)

    def _guard(self, record: Record, pod: PodView) -> None:
        uid, shut = record.incident.uid, [way for way in record.proof.reach if proved_shut(way)]
        if shut and not _passing(record.proof.reach) and uid not in self._guards:
            task = self._guards[uid] = asyncio.create_task(self._stand_guard(record, pod, shut), name=f"guard {uid}")
            task.add_done_callback(lambda done: self._relieve(uid, done))

    def _relieve(self, uid: str, guard: "asyncio.Task[None]") -> None:
        if self._guards.get(uid) is guard:
            del self._guards[uid]

    async def _stand_guard(self, record: Record, pod: PodView, shut: list[Reach]) -> None:
        alarm = await self.probes.alarm(record.incident.uid, shut)
        if alarm is None:
            return
        record.seen_open = datetime.now(UTC)
        record.proof = _breached(record.proof, *alarm)
        self.start(record, pod)
        self.wake(record.incident.uid)


def _breached(proof: Proof, way: Reach, word: str) -> Proof:
    """The proof with what got through a guarded door."""
    if word not in ANSWERS:
        return replace(proof, flow="Alive" if word == "Alive" else "Unknown", at=datetime.now(UTC))
    same = (way.probe, way.address, way.port, way.protocol)
    reach = tuple(
        one.model_copy(update={"after": word}) if (one.probe, one.address, one.port, one.protocol) == same else one
        for one in proof.reach
    )
    return replace(proof, reach=reach, at=datetime.now(UTC))


def _passing(reach: tuple[Reach, ...]) -> bool:
    return any(way.after in ANSWERS for way in reach)
