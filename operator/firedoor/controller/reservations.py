"""Reservations: what one incident has decided to do to a node counts for every other before it is done.

The loops decide here, for of any number of incidents that look at the same world at once no more may act than the guards
permit. Memory only: a new process sees what was done. The door is none of this; its budget is the ledger's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from firedoor.controller.node_list import NodeList
from firedoor.kube.errors import Unavailable
from firedoor.planner.containment import containment
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Cordon, Plan


@dataclass(frozen=True, slots=True)
class Reservations:
    """Where it is decided what is done after the door."""

    nodes: NodeList

    def decide(self, s: Situation, planned: Callable[[Situation], Plan] = containment) -> tuple[Situation, Plan]:
        """The situation as it is known this moment, and the plan for it, reserved: nothing is awaited in between."""
        s = replace(s, around=replace(s.around, nodes=self.nodes.seen_by(s.incident.uid)))
        plan = planned(s)
        self.nodes.reserve(s.incident.uid, (step.node.name for stage in plan for step in stage if isinstance(step, Cordon)))
        return s, plan

    @contextmanager
    def redeemed(self, incident_uid: str) -> Iterator[None]:
        """While a plan is carried out. Where nobody answered it may be done all the same: that stays reserved until the
        incident's next look tells."""
        try:
            yield
        except Unavailable:
            raise
        except BaseException:
            self.give_up(incident_uid)
            raise
        self.nodes.reserve(incident_uid, ())

    def give_up(self, incident_uid: str) -> None:
        """What this incident had decided to do is not done."""
        self.nodes.reserve(incident_uid, ())
