"""Closing the door, the hot path: nothing comes between the look at the pod and the policy and the label that isolate it.

The reconciler calls it for an incident that holds nothing yet, or whose door somebody opened. What follows a closed door is
the reconciler's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from firedoor.controller import metrics
from firedoor.controller.act import Actor
from firedoor.controller.ledger import Ledger
from firedoor.controller.observe import Observer
from firedoor.controller.probes import Probes
from firedoor.controller.record import Record
from firedoor.controller.status import Scribe
from firedoor.controller.verifier import Verifier
from firedoor.kube.errors import Conflict
from firedoor.planner import containment, expiry, guards, imagine
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import Proof
from firedoor.planner.receipts import behind
from firedoor.planner.report import repair
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan


@dataclass(frozen=True, slots=True)
class Closing:
    """Everything that closing a door needs."""

    ledger: Ledger
    observer: Observer
    actor: Actor
    scribe: Scribe
    probes: Probes
    verifier: Verifier
    clock: Callable[[], datetime]

    async def at_first_glance(self, record: Record) -> bool:
        """Closes the door on the pod as the API server remembers it; what that does not lead to, a fresh look has to.

        A memory that is out of date does no harm: the label's patch tests uid and version, and no pod carries it before.
        """
        if record.glanced or record.refused or record.incident.status.isolation is not None:
            return False
        record.glanced = True
        s = await self.observer.suspect(record.incident, self.clock(), recalled=True)
        if guards.refusal(s) is not None or expiry.due(s) is not None or behind(s):
            return False
        if not (plan := containment.door(s)):
            return False
        try:
            await self.close(record, s, plan)
        except Conflict:
            return False
        return True

    async def close(self, record: Record, s: Situation, plan: Plan) -> None:
        """Carries out the plan of the door; the positive control runs beside it."""
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
        await self.actor.carry_out_for(record, plan)
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
