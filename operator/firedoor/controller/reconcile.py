"""The loop: observe, plan, act, report. One incident at a time, from whatever state it is in; twice changes nothing.

The work queue calls `reconcile`. Creation, change, resync, restart, release and deletion all come through here.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from firedoor.api.conditions import Reason, Type
from firedoor.api.incident import PlanStatus
from firedoor.controller import metrics
from firedoor.controller.act import Actor
from firedoor.controller.again import earliest, until
from firedoor.controller.canary_objects import CANARIES
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.family import Family
from firedoor.controller.observe import Observer
from firedoor.controller.probes import Probes
from firedoor.controller.queue import Again, Lane
from firedoor.controller.record import Ledger, Record, behind_the_times
from firedoor.controller.status import Scribe
from firedoor.controller.verifier import Verifier
from firedoor.kube.errors import Conflict, Forbidden, Invalid
from firedoor.planner import blind, containment, expiry, guards, imagine, late, release, steps, workload
from firedoor.planner.family import heads_family
from firedoor.planner.permits import Refusal
from firedoor.planner.preview import preview
from firedoor.planner.protection import shelter_after
from firedoor.planner.report import Findings, evidence, repair, status
from firedoor.planner.situation import Proof, Situation
from firedoor.planner.steps import Plan
from firedoor.planner.summary import Trouble
from firedoor.planner.verdict import isolation, leads_past, measured_since
from firedoor.planner.views import PodView

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 5.0
"""How soon a refused target, a pod on its way out or a failing proof is looked at again."""
VERIFY_SECONDS = 60.0
TRY_SECONDS = 15.0
"""When to look again at the latest while a try is under way, which wakes the incident by itself when it ends."""
SLOWLY_SECONDS = 30.0
MOST_TRIES = 6
"""Of tries that failed to prove anything in a row; each waits twice as long as the one before, up to a minute."""
ANSWERED = (steps.Cordon, steps.Shelter, steps.StartCapture)
"""Steps that are done once the API server has said so; what others bring about only another look tells."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Everything that one look at one incident needs."""

    ledger: Ledger
    observer: Observer
    actor: Actor
    scribe: Scribe
    probes: Probes
    verifier: Verifier
    enforcement: Enforcement
    family: Family
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
            return await self._stall(record, error)

    async def _contain(self, record: Record) -> Again | None:
        if (closed := record.just_closed) is not None:
            record.just_closed = None
            closed = replace(closed, incident=record.incident, now=self.clock())
            return await self._complete(record, await self.observer.around(closed, fresh=False))
        if (known := await self._as_known(record)) is not None:
            return await self._complete(record, known)
        if await self._close_at_first_glance(record):
            return Again(0.0)
        s = await self.observer.suspect(record.incident, self.clock())
        refused = guards.refusal(s)
        if refused is not None:
            return await self._refuse(record, s, refused)
        if plan := containment.door(s):
            await self._close(record, s, plan)
            return Again(0.0)
        return await self._complete(record, await self.observer.around(s))

    async def _close_at_first_glance(self, record: Record) -> bool:
        """Closes the door on the pod as the API server remembers it; what that does not lead to, a fresh look has to.

        A memory that is out of date does no harm: the label's patch tests uid and version, and no pod carries it before.
        """
        if record.glanced or record.incident.status.isolation is not None:
            return False
        record.glanced = True
        s = await self.observer.suspect(record.incident, self.clock(), recalled=True)
        if guards.refusal(s) is not None or not (plan := containment.door(s)):
            return False
        try:
            await self._close(record, s, plan)
        except Conflict:
            return False
        return True

    async def _as_known(self, record: Record) -> Situation | None:
        """As it was last seen, where all is as it should be; what is not is looked at anew before anything is said or done."""
        s = await self.observer.known(record.incident, self.clock())
        if s is None or guards.refusal(s) is not None:
            return None
        s = replace(_sheltered(s, record), proof=record.proof, fight=record.fight)
        return None if leads_past(s) or containment.containment(s) else s

    async def _refuse(self, record: Record, s: Situation, refused: Refusal) -> Again | None:
        """Nothing is touched; a dry run says what would be."""
        plan = None
        if refused.reason is Reason.DRY_RUN:
            s = await self.observer.around(s)
            plan = preview(s)
        await self._report(record, s, refused, plan)
        return Again(LOOK_AGAIN_SECONDS) if refused.curable else None

    async def _close(self, record: Record, s: Situation, plan: Plan) -> None:
        """The hot path: nothing comes between the look at the pod and the closed door; the positive control runs beside it."""
        self.ledger.reserve(s)
        assert s.pod is not None
        await asyncio.gather(self._control(record, s.pod), self._shut(record, s, s.pod, plan))
        if record.just_closed is not None and record.just_closed.pod is not None:
            self.verifier.start(record, record.just_closed.pod)  # the books need not be kept before it is tried

    async def _control(self, record: Record, pod: PodView) -> None:
        """What the probes reach while packets still pass. One whose try comes too late proves nothing, and says so."""
        if not record.proof.reach:
            record.proof = Proof(reach=await self.probes.before(record.incident.uid, pod))

    async def _shut(self, record: Record, s: Situation, pod: PodView, plan: Plan) -> None:
        await self._act(record, plan)
        # The answers tell how it stands now, but for the owner: whether that has let go, only a look tells.
        closed = imagine.after(s, plan)
        record.just_closed = replace(closed, pod=replace(closed.pod, owner=pod.owner)) if closed.pod else None
        again = record.closed_at is not None or record.incident.status.isolation is not None
        record.closed_at = self.clock()
        if again:
            record.seen_open = record.closed_at
            await self.scribe.say(record.incident, repair(s, (containment.LABELS,)))
        created = record.incident.metadata.creation_timestamp
        if created is not None:
            metrics.time_to_close.observe(max(0.0, (record.closed_at - created).total_seconds()))

    async def _complete(self, record: Record, s: Situation) -> Again | None:
        if (asked := expiry.due(s)) is not None:
            await self.scribe.release(record.incident, asked)
            return None
        s = self._remembering(record, s)
        if plan := containment.containment(s):
            await self._tell_of_repair(record, s, plan)
            if not await self._carry_out_held(record, plan):
                return None
            if containment.repairs(plan):
                record.seen_open = self.clock()
            s = await self._after(record, s, plan)
            record.open_now = leads_past(s)
        else:
            await self.scribe.hold(record.incident)
        watched = Again(LOOK_AGAIN_SECONDS) if workload.watched(s) else None
        again = earliest(self._verify(record, s), watched, until(expiry.expires(s), s.now))
        await self._report(record, s)
        return again

    async def _carry_out_held(self, record: Record, plan: Plan) -> bool:
        """The plan beside the finalizer; but a workload is never put to rest before that is on: no listing finds it again.

        False: the incident is gone, and nothing was done that only it would lead back to.
        """
        if any(isinstance(step, steps.ScaleToZero) for stage in plan for step in stage):
            if not await self.scribe.hold(record.incident):
                return False
            await self._act(record, plan)
            return True
        await asyncio.gather(self._act(record, plan), self.scribe.hold(record.incident))
        return True

    async def _tell_of_repair(self, record: Record, s: Situation, plan: Plan) -> None:
        """Somebody else took away what holds; it is put back, and said so."""
        repaired = containment.repairs(plan)
        if repaired and s.incident.status.isolation is not None:
            await self.scribe.say(record.incident, repair(s, repaired))

    async def _after(self, record: Record, s: Situation, plan: Plan) -> Situation:
        """How it stands after the plan: as the API server answered where an answer is proof, else by another look."""
        if all(isinstance(step, ANSWERED) for stage in plan for step in stage):
            then = imagine.after(s, plan)
            return replace(then, around=replace(then.around, capture=await self.observer.capture(s)))
        return await self._look_again(record, s)

    async def _look_again(self, record: Record, s: Situation) -> Situation:
        looked = await self._look(record)
        return self._with_engine(replace(looked, proof=s.proof, fight=s.fight, seen_open=record.seen_open))

    async def _look(self, record: Record) -> Situation:
        return _sheltered(await self.observer.around(await self.observer.suspect(record.incident, self.clock())), record)

    def _remembering(self, record: Record, s: Situation) -> Situation:
        """The situation with what the record knows beside it: the proof, and how a fight over the workload stands."""
        s = self._with_engine(replace(_sheltered(s, record), proof=self._known_proof(record), fight=record.fight))
        record.fight = workload.fight(s)
        record.open_now = leads_past(s)
        if record.open_now:
            record.seen_open = self.clock()  # later than what was listed, which is later than the look that began it
        return replace(s, fight=record.fight, seen_open=record.seen_open)

    async def _give_back(self, record: Record) -> Again | None:
        s = await self._look(record)
        if plan := release.release(s):
            record.drift += tuple(d for d in release.drifts(s) if d not in record.drift)
            await self._act(record, plan)
            s = await self._look_again(record, s)
        await self._report(record, s, guards.refusal(s))
        if release.outstanding(s):
            return Again(LOOK_AGAIN_SECONDS if release.waits_for_evidence(s) else 1.0, Lane.RELEASE)
        await self._part(record)
        return Again(SLOWLY_SECONDS, Lane.RELEASE) if s.around.capture.under_way else None

    async def _tell_of_evidence(self, record: Record) -> Again | None:
        """A bag that is sealed after everything was given back: its incident still says where it is."""
        if heads_family(record.incident):
            return await self.family.tell_of_evidence(record)
        s = self.observer.unseen(record.incident, self.clock())
        capture = await self.observer.capture(s)
        s = replace(s, around=replace(s.around, capture=capture))
        await self.scribe.write(record.incident, late.status(s, evidence(s), capture.result))
        return Again(SLOWLY_SECONDS, Lane.RELEASE) if capture.under_way else None

    async def _part(self, record: Record) -> None:
        """Everything is given back: the incident may go, and nothing is kept open for it."""
        await self.scribe.let_go(record.incident)
        record.over = True
        await self.verifier.stop(record.incident.uid)

    async def _act(self, record: Record, plan: Plan) -> None:
        try:
            await self.actor.carry_out(record.incident, plan)
            record.sheltered = shelter_after(record.sheltered, plan)
        except Conflict:
            record.fight = workload.not_done(record.fight, plan)
            raise

    def _with_engine(self, s: Situation) -> Situation:
        """The situation with what is known of the network engine of the suspect's node."""
        if s.pod is None:
            return s
        return replace(s, engine=self.enforcement.of(s.pod.node), watched=self.enforcement.watched(s.pod.node))

    def _known_proof(self, record: Record) -> Proof:
        """The proof on the record, or after a restart what the status tells of it."""
        known = record.incident.status.isolation
        if record.proof.reach or record.proof.at or known is None:
            return record.proof
        inward = [way for way in known.reach if way.direction == "Ingress"]
        near = tuple(way for way in inward if way.probe in CANARIES)
        reach = tuple(way for way in inward if way.probe not in CANARIES)
        record.proof = Proof(reach=reach, near=near, flow=known.flow, by_canary=known.by_canary, at=known.verified_at)
        if record.incident.status.truth(Type.ISOLATED) != "True":
            record.seen_open = self.clock()  # why it was not proved is forgotten, so it is proved from scratch
        return record.proof

    def _verify(self, record: Record, s: Situation) -> Again | None:
        if s.incident.spec.containment.network == "None" or not s.suspect_held or s.pod is None:
            return None
        if record.seen_open is not None and not record.open_now and not measured_since(s, record.seen_open):
            self.enforcement.doubt(s.pod.node, record.seen_open)
        holds = isolation(s).status == "True"
        record.tries = 0 if holds else record.tries
        due = VERIFY_SECONDS if holds else min(VERIFY_SECONDS, 2.0**record.tries)
        age = asyncio.get_running_loop().time() - record.proof_loop_time if record.proof_loop_time else due
        if age >= due or behind_the_times(record):
            self.verifier.start(record, s.pod)
            record.tries = min(record.tries + 1, MOST_TRIES)
            return Again(TRY_SECONDS)
        return Again(due - age)

    async def _report(self, record: Record, s: Situation, refused: Refusal | None = None, plan: PlanStatus | None = None) -> None:
        findings = Findings(refused=refused, drift=record.drift, closed_at=record.closed_at, plan=plan)
        await self.scribe.write(record.incident, status(s, findings))

    async def _stall(self, record: Record, error: Forbidden | Invalid) -> Again:
        """What the API server refuses is shown on the incident and tried again slowly, never dropped."""
        log.warning("incident %s stalls: %s", record.incident.key, error)
        trouble = _trouble(error)
        if heads_family(record.incident):
            await self.family.stall(record, trouble)
            return Again(SLOWLY_SECONDS)
        try:
            s = await self._as_far_as_allowed(record)
        except (Forbidden, Invalid) as unseen:
            s = self.observer.unseen(record.incident, self.clock())
            await self.scribe.write(record.incident, blind.status(s, _trouble(unseen), record.drift))
            return Again(SLOWLY_SECONDS)
        findings = Findings(drift=record.drift, closed_at=record.closed_at, trouble=trouble)
        await self.scribe.write(record.incident, status(s, findings))
        return Again(SLOWLY_SECONDS)

    async def _as_far_as_allowed(self, record: Record) -> Situation:
        """The situation for a report of trouble, which may be that what is around the pod must not be looked at."""
        pod = await self.observer.suspect(record.incident, self.clock())
        known = replace(pod, proof=self._known_proof(record), fight=record.fight, seen_open=record.seen_open)
        s = self._with_engine(known)
        try:
            return await self.observer.around(s)
        except (Forbidden, Invalid) as error:
            log.warning("what is around the suspect of %s cannot be told: %s", record.incident.key, error)
            return s


def _trouble(error: Forbidden | Invalid) -> Trouble:
    if isinstance(error, Invalid):
        return Trouble(Reason.INVALID, str(error))
    return Trouble(Reason.FORBIDDEN, f"{error}. Give firedoor's account that permission; it is tried again by itself.")


def _sheltered(s: Situation, record: Record) -> Situation:
    """The situation with what is known of the disruption budget."""
    return replace(s, around=replace(s.around, sheltered=record.sheltered))


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)
