"""The preview of an incident about a workload or a node: what each of its children would do, and what it would do itself.

Pure. The children do not exist yet; they are imagined as they would be made, each with its pod's uid in place of its own.
"""

from collections.abc import Iterable
from dataclasses import replace

from firedoor.api.incident import PlannedStep, PlanStatus, SecurityIncident
from firedoor.api.member import MemberStatus
from firedoor.planner import guards
from firedoor.planner.containment import containment
from firedoor.planner.family import child, own
from firedoor.planner.preview import MOST, preview, told, worded
from firedoor.planner.situation import Situation


def imagined(parent: SecurityIncident, member: MemberStatus) -> SecurityIncident:
    """The incident about a suspect, as it would be."""
    made = child(parent, member)
    return SecurityIncident.read({**made, "metadata": {**made["metadata"], "uid": member.uid}})


def previewed(s: Situation, children: Iterable[Situation], left_out: tuple[str, ...]) -> PlanStatus:
    """What the incident would do were it no dry run. children: the situations of those that are imagined."""
    whole = tuple(children)
    plans = [preview(one) for one in whole]
    steps = dict.fromkeys((*(step for plan in plans for step in plan.steps), *_own_steps(s)))
    refused = (f"Pod {one.pod.name}: {found.message}" for one in whole if one.pod and (found := guards.refusal(one)))
    rivals = s.around.workload.rivals if s.around.workload else ()
    warnings = dict.fromkeys((*left_out, *refused, *rivals, *(warning for plan in plans for warning in plan.warnings)))
    return PlanStatus(
        steps=tuple(steps)[:MOST],
        warnings=worded(warnings),
        healthy_replicas=_healthy(s, len(whole)),
    )


def _own_steps(s: Situation) -> tuple[PlannedStep, ...]:
    itself = replace(own(replace(s, incident=s.incident.in_earnest)), members_clear=True)
    return tuple(told(itself, step) for stage in containment(itself) for step in stage)


def _healthy(s: Situation, suspects: int) -> int | None:
    ready = s.around.workload.ready if s.around.workload else None
    return None if ready is None else max(0, ready - suspects)
