"""How an incident's world stands: looked at anew, as it was last known, or as the API server has answered. Nothing is changed.

The reconciler asks. What the record knows beside the world, as the proof, goes into every situation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from firedoor.controller.observe import Observer
from firedoor.controller.proving import Proving
from firedoor.controller.record import Record
from firedoor.planner import containment, guards, imagine, steps
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan
from firedoor.planner.verdict import leads_past

ANSWERED = (steps.Cordon, steps.Shelter, steps.StartCapture)
"""Steps that are done once the API server has said so; what others bring about only another look tells."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Everything that looking takes."""

    observer: Observer
    proving: Proving
    clock: Callable[[], datetime]

    async def fresh(self, record: Record) -> Situation:
        """How it stands now, with all that is around the pod."""
        return record.beside(await self.observer.around(await self.observer.suspect(record.incident, self.clock())))

    async def again(self, record: Record, s: Situation) -> Situation:
        """The same after something was done, with what was known of proof and fight before."""
        looked = await self.fresh(record)
        return self.proving.with_engine(replace(looked, proof=s.proof, fight=s.fight, seen_open=record.seen_open))

    async def after(self, record: Record, s: Situation, plan: Plan) -> Situation:
        """How it stands after the plan: as the API server answered where an answer is proof, else by another look."""
        if all(isinstance(step, ANSWERED) for stage in plan for step in stage):
            then = imagine.after(s, plan)
            return replace(then, around=replace(then.around, capture=await self.observer.capture(s)))
        return await self.again(record, s)

    async def as_known(self, record: Record) -> Situation | None:
        """As it was last seen, where all is as it should be; what is not is looked at anew before anything is said or done."""
        s = await self.observer.known(record.incident, self.clock())
        if s is None or guards.refusal(s) is not None:
            return None
        s = replace(record.beside(s), proof=record.proof, fight=record.fight)
        return None if leads_past(s) or containment.containment(s) else s
