"""The loop of an incident about a workload or a node: write the suspects down, make a child for each, sum up, give back.

The reconciler calls it. The pods are the children's business; the incident itself cordons its node or puts its workload
to rest, and is released when every child is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from firedoor.api.conditions import Reason, Type
from firedoor.api.incident import PlanStatus
from firedoor.controller.act import Actor
from firedoor.controller.again import earliest, until
from firedoor.controller.children import Children
from firedoor.controller.observe import Observer
from firedoor.controller.queue import Again, Lane
from firedoor.controller.record import Record
from firedoor.controller.rehearsal import Rehearsal
from firedoor.controller.reservations import Reservations
from firedoor.controller.status import Scribe
from firedoor.controller.targets import Targets
from firedoor.planner import blind, expiry, family, late, release, workload
from firedoor.planner.containment import containment
from firedoor.planner.drift import drifts
from firedoor.planner.family import Kin
from firedoor.planner.family_guards import refusal
from firedoor.planner.family_report import Findings, status
from firedoor.planner.family_sum import summed
from firedoor.planner.group import Group
from firedoor.planner.permits import Refusal
from firedoor.planner.situation import Situation
from firedoor.planner.summary import Trouble

LOOK_AGAIN_SECONDS = 5.0
WAIT_SECONDS = 1.0
"""How soon a workload is looked at that waits for its suspects, and children that are being released."""


@dataclass(frozen=True, slots=True)
class Family:
    """Everything that one look at one such incident needs."""

    observer: Observer
    actor: Actor
    scribe: Scribe
    targets: Targets
    children: Children
    rehearsal: Rehearsal
    reservations: Reservations
    clock: Callable[[], datetime]

    async def contain(self, record: Record) -> Again | None:
        """One look at an incident that is to hold."""
        s = await self.observer.suspect(record.incident, self.clock())
        known = s.incident.status.target_uid is not None
        group = None if known else await self.targets.group(s.incident)
        refused = refusal(s, group)
        if (asked := expiry.due(s, refused)) is not None:
            await self.scribe.release(record.incident, asked)
            return None
        if refused is not None:
            return await self._refuse(record, s, refused, group)
        if group is not None:
            await self._accept(record, s, group)
            return Again(0.0, Lane.CONTAIN)
        return await self._hold(record, s)

    async def give_back(self, record: Record) -> Again | None:
        """One look at an incident that is to be released; its workload first, its node last."""
        s = await self.observer.apart(await self.observer.suspect(record.incident, self.clock()))
        self.reservations.give_up(record.incident.uid)
        members = await self.children.of(record.incident)
        going = [one.child for one in members if one.child is not None and not one.child.leaving]
        record.drift += tuple(d for d in drifts(family.own(s)) if d not in record.drift)
        if plan := family.giving_back(s, members):
            await self.actor.carry_out_for(record, plan)
            s = await self.observer.apart(s)
        await self.children.release(going, family.release_of(record.incident))
        await self._report(record, s, members, Findings(refusal(s, await self._unpinned(record)), record.drift))
        if not all(one.over for one in members) or release.outstanding(family.own(s)):
            return Again(WAIT_SECONDS, Lane.RELEASE)
        await self.scribe.let_go(record.incident)
        record.over = True
        return None

    async def tell_of_evidence(self, record: Record) -> Again | None:
        """What was sealed of the suspects after everything was given back."""
        s = self.observer.unseen(record.incident, self.clock())
        said = summed(Type.EVIDENCE_SEALED, await self.children.of(record.incident))
        await self.scribe.write(record.incident, late.status(s, said, None))
        return Again(LOOK_AGAIN_SECONDS, Lane.RELEASE) if said.reason is Reason.CAPTURING else None

    async def stall(self, record: Record, trouble: Trouble) -> None:
        """Shows what the API server refuses; before the suspects are written down, nothing can be said of them."""
        s = await self.observer.suspect(record.incident, self.clock())
        if s.incident.status.target_uid is None:
            await self.scribe.write(record.incident, blind.status(s, trouble, record.drift), exactly=True)
            return
        await self._report(record, s, await self.children.of(record.incident), Findings(drift=record.drift, trouble=trouble))

    async def _refuse(self, record: Record, s: Situation, refused: Refusal, group: Group | None) -> Again | None:
        """Nothing is touched; a dry run says what would be."""
        plan: PlanStatus | None = None
        if refused.reason is Reason.DRY_RUN and group is not None:
            plan = await self.rehearsal.plan(s, group)
        await self._report(record, s, await self.children.of(record.incident), Findings(refused, record.drift, plan=plan))
        return Again(LOOK_AGAIN_SECONDS) if refused.curable else None

    async def _accept(self, record: Record, s: Situation, group: Group) -> None:
        """Writes the suspects down, once and for all, before anything is touched."""
        accepted = family.accepted(s.incident, group)
        said = status(replace(s, incident=accepted), family.kin(accepted, {}), Findings())
        record.incident = await self.scribe.write(s.incident, said, exactly=True)

    async def _hold(self, record: Record, s: Situation) -> Again | None:
        members = await self.children.of(record.incident)
        taken = await self.children.make(record.incident, family.missing(members))
        members = family.without_name(members, taken)
        await self.children.follow(family.outdated(record.incident, members), family.child_containment(record.incident))
        await self.scribe.hold(record.incident)
        s = await self._remembering(record, await self.observer.apart(s), members)
        s, plan = self.reservations.decide(s, lambda known: containment(family.own(known)))
        if plan:
            with self.reservations.redeemed(record.incident.uid):
                await self.actor.carry_out_for(record, plan)
            s = replace(s, around=(await self.observer.apart(s)).around)
        await self._report(record, s, members, Findings(drift=record.drift))
        retry = Again(LOOK_AGAIN_SECONDS) if taken else None
        return earliest(self._watch(s), retry, until(expiry.expires(s), s.now))

    async def _remembering(self, record: Record, s: Situation, members: tuple[Kin, ...]) -> Situation:
        """The situation with what is known of the suspects and of a fight over the workload."""
        s = replace(s, fight=record.fight, members_clear=await self._clear(s, members))
        record.fight = workload.fight(s)
        return replace(s, fight=record.fight)

    async def _clear(self, s: Situation, members: tuple[Kin, ...]) -> bool:
        if s.around.workload is None or workload.holds_scale(s):
            return True
        pods = await self.targets.pods(s.incident.target_namespace)
        return family.clear(members, {pod.uid: pod for pod in pods})

    def _watch(self, s: Situation) -> Again | None:
        """What no watch tells of: pods that leave their workload, and a workload that somebody sets up again."""
        if not workload.watched(s):
            return None
        return Again(LOOK_AGAIN_SECONDS if workload.holds_scale(s) else WAIT_SECONDS)

    async def _unpinned(self, record: Record) -> Group | None:
        return None if record.incident.status.target_uid else await self.targets.group(record.incident)

    async def _report(self, record: Record, s: Situation, members: tuple[Kin, ...], findings: Findings) -> None:
        """Until the suspects are written down, only exactly what was read is written over: it might be out of date."""
        unpinned = record.incident.status.target_uid is None
        await self.scribe.write(record.incident, status(s, members, findings), exactly=unpinned)
