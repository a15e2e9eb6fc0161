"""The loop: observe, plan, act, report. One incident at a time, from whatever state it is in; twice changes nothing.

The work queue calls `reconcile`. Creation, change, resync, restart, release and deletion all come through here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from firedoor.api.conditions import Reason
from firedoor.api.incident import PlanStatus
from firedoor.controller.act import Actor
from firedoor.controller.again import earliest, until
from firedoor.controller.closing import Closing
from firedoor.controller.family import Family
from firedoor.controller.ledger import Ledger
from firedoor.controller.looks import Looks
from firedoor.controller.observe import Observer
from firedoor.controller.proving import Proving
from firedoor.controller.queue import Again, Lane
from firedoor.controller.record import Record
from firedoor.controller.reservations import Reservations
from firedoor.controller.siblings import Siblings
from firedoor.controller.stalls import Stalls
from firedoor.controller.status import Scribe
from firedoor.kube.errors import Forbidden, Invalid
from firedoor.planner import containment, expiry, guards, late, release, siblings, steps, workload
from firedoor.planner.drift import drifts
from firedoor.planner.family import heads_family
from firedoor.planner.permits import Refusal
from firedoor.planner.receipts import behind
from firedoor.planner.report import Findings, evidence, repair, status, taken
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan
from firedoor.planner.verdict import leads_past

LOOK_AGAIN_SECONDS = 5.0
"""How soon a refused target, a pod on its way out or a failing proof is looked at again."""
EVIDENCE_SECONDS = 30.0
"""How soon a bag is asked after that is not sealed yet when everything was given back."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Everything that one look at one incident needs."""

    ledger: Ledger
    observer: Observer
    looks: Looks
    actor: Actor
    scribe: Scribe
    family: Family
    closing: Closing
    proving: Proving
    reservations: Reservations
    stalls: Stalls
    siblings: Siblings
    clock: Callable[[], datetime]

    async def reconcile(self, uid: str, lane: Lane) -> Again | None:
        """One look at one incident; when to look again, if nothing else calls for it."""
        record = self.ledger.records.get(uid)
        if record is None or record.settled:
            return None
        if record.over:
            return await self._tell_of_evidence(record)
        loop = (self.family.contain, self.family.give_back) if heads_family(record.incident) else (self._contain, self._give_back)
        try:
            return await loop[record.incident.leaving](record)
        except (Forbidden, Invalid) as error:
            return await self.stalls.tell(record, error)

    async def _contain(self, record: Record) -> Again | None:
        if (closed := record.just_closed) is not None:
            record.just_closed = None
            return await self._complete(record, await self._just_closed(record, closed))
        if (known := await self.looks.as_known(record)) is not None:
            return await self._complete(record, known)
        if await self.closing.at_first_glance(record):
            return Again(0.0)
        return await self._contain_anew(record, await self.observer.suspect(record.incident, self.clock()))

    async def _just_closed(self, record: Record, closed: Situation) -> Situation:
        """What is around a door that has just closed; that nothing serves in the suspect's place is said, and no more."""
        closed = replace(closed, incident=record.incident, now=self.clock())
        s, alone = await asyncio.gather(self.observer.around(closed, fresh=False), self.siblings.alone(closed))
        if alone:
            record.alone = alone
            await self.scribe.say(record.incident, siblings.news(s, alone))
        return s

    async def _contain_anew(self, record: Record, s: Situation) -> Again | None:
        """Nothing that was known of the suspect before counts."""
        refused = guards.refusal(s)
        if (asked := expiry.due(s, refused)) is not None:
            await self.scribe.release(record.incident, asked)
            return None
        if refused is not None:
            return await self._refuse(record, s, refused)
        plan = containment.door(s)
        if record.refused or (plan and behind(s)):
            if not await self._take(record, s, plan):
                return None
            s = replace(s, incident=record.incident)
        if plan:
            await self.closing.close(record, s, plan)
            return Again(0.0)
        return await self._complete(record, await self.observer.around(s))

    async def _refuse(self, record: Record, s: Situation, refused: Refusal) -> Again | None:
        """Nothing is touched; a dry run says what would be."""
        plan = None
        if refused.reason is Reason.DRY_RUN:
            s, plan = await self.family.rehearsal.of_pod(s)
        await self._report(record, s, refused, plan)
        return Again(LOOK_AGAIN_SECONDS) if refused.curable else None

    async def _take(self, record: Record, s: Situation, door: Plan) -> bool:
        """A refusal is taken back in writing before anything is touched, so that the label of a refused one is never firedoor's.

        False: the incident is gone.
        """
        if door:
            self.ledger.reserve(s)
        record.incident = await self.scribe.write(s.incident, taken(s), exactly=True)
        return not record.refused

    async def _complete(self, record: Record, s: Situation) -> Again | None:
        if (asked := expiry.due(s)) is not None:
            await self.scribe.release(record.incident, asked)
            return None
        s, plan = self.reservations.decide(self.proving.remembering(record, s))
        if plan:
            await self._tell_of_repair(record, s, plan)
            if not await self._carry_out_held(record, plan):
                return None
            if containment.repairs(plan):
                record.seen_open = self.clock()
            s = await self.looks.after(record, s, plan)
            record.open_now = leads_past(s)
        else:
            await self.scribe.hold(record.incident)
        watched = Again(LOOK_AGAIN_SECONDS) if workload.watched(s) else None
        again = earliest(self.proving.verify(record, s), watched, until(expiry.expires(s), s.now))
        await self._report(record, s)
        return again

    async def _carry_out_held(self, record: Record, plan: Plan) -> bool:
        """The plan beside the finalizer; but a workload is never put to rest before that is on: no listing finds it again.

        False: the incident is gone, and nothing was done that only it would lead back to.
        """
        with self.reservations.redeemed(record.incident.uid):
            if any(isinstance(step, steps.ScaleToZero) for stage in plan for step in stage):
                if not await self.scribe.hold(record.incident):
                    self.reservations.give_up(record.incident.uid)
                    return False
                await self.actor.carry_out_for(record, plan)
                return True
            await _both(self.actor.carry_out_for(record, plan), self.scribe.hold(record.incident))
            return True

    async def _tell_of_repair(self, record: Record, s: Situation, plan: Plan) -> None:
        """Somebody else took away what holds; it is put back, and said so."""
        repaired = containment.repairs(plan)
        if repaired and s.incident.status.isolation is not None:
            await self.scribe.say(record.incident, repair(s, repaired))

    async def _give_back(self, record: Record) -> Again | None:
        s = await self.looks.fresh(record)
        self.reservations.give_up(record.incident.uid)
        record.drift += tuple(d for d in drifts(s) if d not in record.drift)
        record.surplus = release.surplus(s) or record.surplus
        if plan := release.release(s):
            await self.actor.carry_out_for(record, plan)
            s = await self.looks.again(record, s)
        await self._report(record, s, guards.refusal(s))
        if release.outstanding(s):
            return Again(LOOK_AGAIN_SECONDS if release.waits_for_evidence(s) else 1.0, Lane.RELEASE)
        await self._part(record)
        return Again(EVIDENCE_SECONDS, Lane.RELEASE) if s.around.capture.under_way else None

    async def _tell_of_evidence(self, record: Record) -> Again | None:
        """A bag that is sealed after everything was given back: its incident still says where it is."""
        if heads_family(record.incident):
            return await self.family.tell_of_evidence(record)
        s = self.observer.unseen(record.incident, self.clock())
        capture = await self.observer.capture(s)
        s = replace(s, around=replace(s.around, capture=capture))
        await self.scribe.write(record.incident, late.status(s, evidence(s), capture.result))
        return Again(EVIDENCE_SECONDS, Lane.RELEASE) if capture.under_way else None

    async def _part(self, record: Record) -> None:
        """Everything is given back: the incident may go, and nothing is kept open for it."""
        await self.scribe.let_go(record.incident)
        record.over = True
        await self.proving.verifier.stop(record.incident.uid)

    async def _report(self, record: Record, s: Situation, refused: Refusal | None = None, plan: PlanStatus | None = None) -> None:
        plan = plan or siblings.told(s.incident.status.plan, record.alone)
        findings = Findings(refused, record.drift, closed_at=record.closed_at, plan=plan, surplus=record.surplus)
        await self.scribe.write(record.incident, status(s, findings))


async def _both(carrying_out: Awaitable[None], holding: Awaitable[bool]) -> None:
    """Ends when both have ended, well or not: what is reserved for a plan stays so while any of it is under way."""
    for outcome in await asyncio.gather(carrying_out, holding, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)
