"""The next plan for an incident, whatever state it is in: giving back, nothing where a guard speaks, the door, the rest.

Pure. Dry runs and the tests of the planner stand on it; the controller takes the same decisions one by one, because it
looks at the world between them.
"""

from firedoor.planner import containment, guards, imagine, release
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan, Step

ROUNDS = 12
"""More than a containment or a release ever takes; a bound, so that a plan that contradicts itself ends too."""


def next_plan(s: Situation) -> Plan:
    """What is to be done now; empty when all is as it should be."""
    if s.incident.leaving:
        return release.release(s)
    if guards.refusal(s) is not None:
        return ()
    return containment.door(s) or containment.containment(s)


def foreseen(s: Situation) -> tuple[tuple[Step, ...], Situation]:
    """Every step until nothing is left to do, in order, and the situation after them."""
    taken: list[Step] = []
    for _ in range(ROUNDS):
        plan = next_plan(s)
        if not plan:
            break
        taken += (step for stage in plan for step in stage)
        s = imagine.after(s, plan)
    return tuple(taken), s
