"""The preview of an incident about a workload or a node: what each of its children would do, and what it would do itself.

Pure. The children do not exist yet; they are imagined as they would be made, each with its pod's uid in place of its own.
"""

from collections.abc import Iterable
from dataclasses import replace

from firedoor.api.incident import PlannedStep, PlanStatus, SecurityIncident
from firedoor.api.member import MemberStatus
from firedoor.planner.containment import containment
from firedoor.planner.family import child, own
from firedoor.planner.imagine import after
from firedoor.planner.permits import granted, waits
from firedoor.planner.preview import MOST, preview, told, worded
from firedoor.planner.shortfall import asked, healthy, last, unmet
from firedoor.planner.situation import Situation


def imagined(parent: SecurityIncident, member: MemberStatus) -> SecurityIncident:
    """The incident about a suspect, as it would be."""
    made = child(parent, member)
    return SecurityIncident.read({**made, "metadata": {**made["metadata"], "uid": member.uid}})


def previewed(s: Situation, children: Iterable[Situation], left_out: tuple[str, ...]) -> PlanStatus:
    """What the incident would do were it no dry run. children: the situations of those that are imagined."""
    whole = tuple(children)
    suspects = [one.pod for one in whole if one.pod]
    plans = [preview(granted(one) if one.rules == s.rules else one) for one in whole]
    own_steps, itself, then = _own(s)
    steps = dict.fromkeys((*(step for plan in plans for step in plan.steps), *own_steps))
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


def _own(s: Situation) -> tuple[tuple[PlannedStep, ...], Situation, Situation]:
    """What it does itself, the situation of that, and the situation after it."""
    itself = replace(own(replace(s, incident=s.incident.in_earnest)), members_clear=True)
    plan = containment(granted(itself))
    return tuple(told(itself, step) for stage in plan for step in stage), itself, after(granted(itself), plan)
