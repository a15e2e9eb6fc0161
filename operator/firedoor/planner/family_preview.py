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
from firedoor.planner.preview import preview, told
from firedoor.planner.situation import Situation

STEPS = 64
"""Steps and warnings that a plan may hold; so more children than that need not be imagined."""


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
        steps=tuple(steps)[:STEPS],
        warnings=tuple(warning[:1024] for warning in warnings)[:STEPS],
        healthy_replicas=_healthy(s, len(whole)),
    )


def _own_steps(s: Situation) -> tuple[PlannedStep, ...]:
    acting = s.incident.model_copy(update={"spec": s.incident.spec.model_copy(update={"dry_run": False})})
    itself = replace(own(replace(s, incident=acting)), members_clear=True)
    return tuple(told(itself, step) for stage in containment(itself) for step in stage)


def _healthy(s: Situation, suspects: int) -> int | None:
    ready = s.around.workload.ready if s.around.workload else None
    return None if ready is None else max(0, ready - suspects)
