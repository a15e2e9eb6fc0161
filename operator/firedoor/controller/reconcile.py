"""The loop: observe, plan, act, report. One incident at a time, from whatever state it is in; twice changes nothing.

The work queue calls `reconcile`. Creation, change, resync, restart, release and deletion all come through here.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from firedoor.api.conditions import Reason
from firedoor.api.incident import Reach
from firedoor.controller import metrics
from firedoor.controller.act import Actor
from firedoor.controller.observe import Observer
from firedoor.controller.probes import Probes
from firedoor.controller.queue import Again, Lane
from firedoor.controller.record import Ledger, Record
from firedoor.controller.status import Scribe
from firedoor.controller.verifier import Verifier
from firedoor.kube.errors import Forbidden, Invalid
from firedoor.planner import containment, guards, release
from firedoor.planner.report import Findings, Trouble, status
from firedoor.planner.situation import Proof, Situation
from firedoor.planner.steps import Plan
from firedoor.planner.verdict import isolation

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 5.0
"""How soon a refused target, a pod on its way out or a failing proof is looked at again."""
VERIFY_SECONDS = 60.0
SLOWLY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Everything that one look at one incident needs."""

    ledger: Ledger
    observer: Observer
    actor: Actor
    scribe: Scribe
    probes: Probes
    verifier: Verifier
    clock: Callable[[], datetime]

    async def reconcile(self, uid: str, lane: Lane) -> Again | None:
        """One look at one incident; when to look again, if nothing else calls for it."""
        record = self.ledger.records.get(uid)
        if record is None or record.over:
            return None
        try:
            return await (self._give_back(record) if record.incident.leaving else self._contain(record))
        except (Forbidden, Invalid) as error:
            return await self._stall(record, error)

    async def _contain(self, record: Record) -> Again | None:
        s = await self.observer.suspect(record.incident, self.clock())
        refused = guards.refusal(s)
        if refused is not None:
            await self._report(record, s, refused)
            return Again(LOOK_AGAIN_SECONDS) if refused.curable else None
        if plan := containment.door(s):
            await self._close(record, s, plan)
            return Again(0.0)
        return await self._complete(record, s)

    async def _close(self, record: Record, s: Situation, plan: Plan) -> None:
        """The hot path: nothing but the positive control comes between the look at the pod and the closed door."""
        assert s.pod is not None
        if not record.proof.reach:
            record.proof = Proof(reach=await self.probes.before(record.incident.uid, s.pod.ip, s.pod.tcp_ports))
        await self._act(record, plan, record.proof.reach)
        record.closed_at = self.clock()
        created = record.incident.metadata.creation_timestamp
        if created is not None:
            metrics.time_to_close.observe(max(0.0, (record.closed_at - created).total_seconds()))

    async def _complete(self, record: Record, s: Situation) -> Again | None:
        s = replace(await self.observer.around(s), proof=self._known_proof(record))
        if plan := containment.containment(s):
            await asyncio.gather(self._act(record, plan, s.proof.reach), self.scribe.hold(record.incident))
            s = await self._look_again(record, s)
        else:
            await self.scribe.hold(record.incident)
        again = self._verify(record, s)
        await self._report(record, s)
        return again

    async def _look_again(self, record: Record, s: Situation) -> Situation:
        looked = await self.observer.around(await self.observer.suspect(record.incident, self.clock()))
        return replace(looked, proof=s.proof)

    async def _give_back(self, record: Record) -> Again | None:
        s = await self.observer.around(await self.observer.suspect(record.incident, self.clock()))
        if plan := release.release(s):
            record.drift += tuple(d for d in release.drifts(s) if d not in record.drift)
            await self._act(record, plan, ())
            s = await self._look_again(record, s)
        await self._report(record, s, guards.refusal(s))
        if release.outstanding(s):
            return Again(LOOK_AGAIN_SECONDS if release.waits_for_evidence(s) else 1.0, Lane.RELEASE)
        await self._part(record)
        return None

    async def _part(self, record: Record) -> None:
        """Everything is given back: the incident may go, and nothing is kept open for it."""
        await self.scribe.let_go(record.incident)
        record.over = True
        await self.verifier.stop(record.incident.uid)

    async def _act(self, record: Record, plan: Plan, reach: tuple[Reach, ...]) -> None:
        try:
            await self.actor.carry_out(record.incident, plan, reach)
        finally:
            self.observer.nodes_changed()

    def _known_proof(self, record: Record) -> Proof:
        """The proof on the record, or after a restart what the status tells of it."""
        known = record.incident.status.isolation
        if record.proof.reach or record.proof.at or known is None:
            return record.proof
        record.proof = Proof(reach=known.reach, flow=known.flow, by_canary=known.by_canary, at=known.verified_at)
        return record.proof

    def _verify(self, record: Record, s: Situation) -> Again | None:
        if s.incident.spec.containment.network == "None" or not s.suspect_held or s.pod is None:
            return None
        holds = isolation(s).status == "True"
        due = VERIFY_SECONDS if holds else LOOK_AGAIN_SECONDS if s.proof.flow != "Unknown" else 1.0
        age = asyncio.get_running_loop().time() - record.proof_loop_time if record.proof_loop_time else due
        if age >= due:
            self.verifier.start(record, s.pod, self._before(record, s))
            return Again(due + 1.0)
        return Again(due - age)

    def _before(self, record: Record, s: Situation) -> tuple[Reach, ...]:
        """The positive control: from memory, or as the deny policy carries it through a crash."""
        if record.proof.reach:
            return record.proof.reach
        deny = s.around.deny(s.incident.uid)
        noted = json.loads(deny.reached) if deny and deny.reached else []
        return tuple(Reach.read(found) for found in noted)

    async def _report(self, record: Record, s: Situation, refused: guards.Refusal | None = None) -> None:
        findings = Findings(refused=refused, drift=record.drift, closed_at=record.closed_at)
        await self.scribe.write(record.incident, status(s, findings))

    async def _stall(self, record: Record, error: Forbidden | Invalid) -> Again:
        """What the API server refuses is shown on the incident and tried again slowly, never dropped."""
        log.warning("incident %s stalls: %s", record.incident.key, error)
        reason = Reason.FORBIDDEN if isinstance(error, Forbidden) else Reason.INVALID
        s = await self.observer.suspect(record.incident, self.clock())
        await self.scribe.write(record.incident, status(s, Findings(trouble=Trouble(reason, str(error)))))
        return Again(SLOWLY_SECONDS)


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)
