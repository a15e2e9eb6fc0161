"""Reservations: what one incident has decided to do to a node or a workload counts for every other before it is done.

The loops decide here, for of any number of incidents that look at the same world at once no more may act than the guards
permit. Memory only: a new process sees what was done. The door is none of this; its budget is the ledger's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from firedoor.controller.ledger import Ledger
from firedoor.controller.node_list import NodeList
from firedoor.kube.errors import Unavailable
from firedoor.planner.containment import containment
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Cordon, Plan


@dataclass(frozen=True, slots=True)
class Reservations:
    """Where it is decided what is done after the door."""

    ledger: Ledger
    nodes: NodeList

    def decide(self, s: Situation, planned: Callable[[Situation], Plan] = containment) -> tuple[Situation, Plan]:
        """The situation as it is known this moment, and the plan for it, reserved: nothing is awaited in between."""
        uid, nodes = s.incident.uid, self.nodes.seen_by(s.incident.uid)
        if s.around.workload is not None and s.around.workload.at_rest:
            self.ledger.scale_downs.done(uid)  # what nobody had answered was done all the same
        s = replace(s, census=self.ledger.census(s), around=replace(s.around, nodes=nodes))
        plan = planned(s)
        self.ledger.scale_downs.reserve(uid, plan, s.now)
        self.nodes.reserve(uid, (step.node.name for stage in plan for step in stage if isinstance(step, Cordon)))
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
        self.give_up(incident_uid)

    def give_up(self, incident_uid: str) -> None:
        """What this incident had decided to do and has not done is not done."""
        self.ledger.scale_downs.give_up(incident_uid)
        self.nodes.reserve(incident_uid, ())
