"""The preview of an incident about a workload or a node: what each of its children would do, and what it would do itself.

Pure. The children do not exist yet; they are imagined as they would be made, each with its pod's uid in place of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from firedoor.api import names
from firedoor.api.incident import PlannedStep, PlanStatus, SecurityIncident
from firedoor.api.member import MemberStatus
from firedoor.planner import workload
from firedoor.planner.containment import containment
from firedoor.planner.family import child, own
from firedoor.planner.imagine import after
from firedoor.planner.next import foreseen
from firedoor.planner.permits import granted, waits
from firedoor.planner.preview import MOST, preview, told, worded
from firedoor.planner.shortfall import asked, healthy, last, unmet
from firedoor.planner.situation import Census, Situation

NAMED_BY_UID: Final = ("Isolate", "Quarantine", "Shelter")
"""Steps that make or write something by the uid of the incident."""


def imagined(parent: SecurityIncident, member: MemberStatus) -> SecurityIncident:
    """The incident about a suspect, as it would be."""
    made = child(parent, member)
    return SecurityIncident.read({**made, "metadata": {**made["metadata"], "uid": member.uid}})


def previewed(s: Situation, children: Iterable[Situation], left_out: tuple[str, ...]) -> PlanStatus:
    """What the incident would do were it no dry run. children: the situations of those that are imagined."""
    whole = tuple(_in_turn(children))
    plans = [preview(granted(one) if one.rules == s.rules else one) for one in whole]
    suspects = [one.pod for one, plan in zip(whole, plans, strict=True) if one.pod and _cuts_off(plan)]
    own_steps, itself, then = _own(s)
    of_each = (_unnamed(step, one.incident.uid) for one, plan in zip(whole, plans, strict=True) for step in plan.steps)
    steps = dict.fromkeys((*of_each, *own_steps))
    of_children = (
        f"Pod {one.pod.name}: {told}" for one, plan in zip(whole, plans, strict=True) if one.pod for told in plan.warnings
    )
    rivals = s.around.workload.rivals if s.around.workload else ()
    waiting = waits(itself, asked(s))
    warnings = dict.fromkeys((*left_out, *waiting, *unmet(then), *rivals, *last(s, then, suspects), *of_children))
    return PlanStatus(
        steps=tuple(steps)[:MOST],
        warnings=worded(warnings),
        healthy_replicas=healthy(s, then, suspects),
    )


def _cuts_off(plan: PlanStatus) -> bool:
    return any(step.action == "Quarantine" for step in plan.steps)


def _in_turn(children: Iterable[Situation]) -> Iterator[Situation]:
    """Each child in the world that those before it leave: what they hold counts in the budgets."""
    before: list[Situation] = []
    for one in children:
        nodes = before[-1].around.nodes if before else one.around.nodes
        seen = replace(one, census=_with(before, one), around=replace(one.around, nodes=nodes))
        before.append(foreseen(granted(replace(seen, incident=seen.incident.in_earnest)))[1])
        yield seen


def _with(before: Iterable[Situation], one: Situation) -> Census:
    """What others hold, and those before."""
    held = [(then, then.pod.uid) for then in before if then.suspect_held and then.pod]
    owner = one.prior.owner if one.pod else None
    workloads = {then.around.workload.uid for then in before if then.around.workload and workload.holds_scale(then)}
    namespace = one.incident.target_namespace
    return Census(
        isolated_in_namespace=one.census.isolated_in_namespace
        | {uid for then, uid in held if then.incident.target_namespace == namespace},
        isolated_of_workload=one.census.isolated_of_workload | {uid for then, uid in held if owner and then.prior.owner == owner},
        scaled_in_last_hour=one.census.scaled_in_last_hour | workloads,
    )


def _unnamed(step: PlannedStep, uid: str) -> PlannedStep:
    """What an incident's uid gives a name to has none yet."""
    if step.action not in NAMED_BY_UID:
        return step
    told = {"object": step.object, "detail": step.detail}
    return step.model_copy(update={key: said.replace(names.uid8(uid), "UID") for key, said in told.items()})


def _own(s: Situation) -> tuple[tuple[PlannedStep, ...], Situation, Situation]:
    """What it does itself, the situation of that, and the situation after it."""
    itself = replace(own(replace(s, incident=s.incident.in_earnest)), members_clear=True)
    plan = containment(granted(itself))
    return tuple(told(itself, step) for stage in plan for step in stage), itself, after(granted(itself), plan)
