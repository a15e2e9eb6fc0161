"""The preview: what a dry run writes to status. The very plans that the controller would carry out, one after the other.

Pure. Each plan is taken in imagination and the next one made from there, until nothing is left to do; so a step that
waits for another is there too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from firedoor.api.incident import PlannedStep, PlanStatus
from firedoor.api.names import FROZEN_LIST, deny_policy
from firedoor.planner import steps
from firedoor.planner.grants import grants
from firedoor.planner.next import foreseen
from firedoor.planner.permits import granted, waits
from firedoor.planner.pod_view import PodView
from firedoor.planner.shortfall import asked, healthy, last, shortfall
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Step

MOST = 64
"""Steps and warnings that a plan may hold."""


def preview(s: Situation) -> PlanStatus:
    """What the incident would do were it no dry run, once what waits for a person is granted; and what it waits for."""
    earnest = replace(s, incident=s.incident.in_earnest)
    planned, then = foreseen(granted(earnest))
    suspects = (s.pod,) if s.pod and then.suspect_held else ()
    rivals = s.around.workload.rivals if s.around.workload else ()
    waiting = waits(earnest, asked(earnest))
    warnings = (*waiting, *_allowing(then), *shortfall(then), *rivals, *last(earnest, then, suspects))
    return PlanStatus(
        steps=tuple(told(s, step) for step in planned)[:MOST],
        warnings=worded(warnings),
        healthy_replicas=healthy(earnest, then, suspects),
    )


def foreseen_pod(s: Situation) -> PodView | None:
    """The suspect as the plan would leave it, cut off; None where it would not be."""
    _, then = foreseen(granted(replace(s, incident=s.incident.in_earnest)))
    return then.pod if then.suspect_held else None


def worded(warnings: Iterable[str]) -> tuple[str, ...]:
    """As many warnings, and as much of each, as a plan has room for."""
    return tuple(warning[:1024] for warning in warnings)[:MOST]


def _allowing(then: Situation) -> Iterator[str]:
    if then.pod is None or not then.suspect_held:
        return
    for grant in grants(then.around.policies, then.pod.labels):
        where, how = f"{then.incident.target_namespace}/{grant.name}", f"{grant.direction.lower()}: {grant.peers}, {grant.ports}"
        yield f"{grant.kind} {where} would still allow the suspect traffic ({how})."
    residue = then.proof.residue
    for grant in residue.grants:
        yield f"{grant.kind} {grant.name} would still allow the suspect traffic ({grant.direction.lower()}: {grant.peers})."
    if residue.unread:
        yield f"Whether policies of other kinds would still allow the suspect traffic could not be read: {residue.unread}"


def told(s: Situation, step: Step) -> PlannedStep:
    """One step in words."""
    namespace = s.incident.target_namespace
    match step:
        case steps.DenyTraffic(_, pod_name):
            detail = f"created: denies pod {pod_name} all traffic in both directions"
            return _step("Isolate", f"NetworkPolicy {namespace}/{_deny_name(s)}", detail)
        case steps.Quarantine(pod):
            gone, kept = sorted(set(pod.labels) - set(step.labels)), sorted(step.labels)
            detail = f"labels {', '.join(kept)} stay or come; {', '.join(gone) or 'none'} taken off and recorded"
            return _step("Quarantine", f"Pod {namespace}/{pod.name}", detail)
        case steps.Shelter():
            who = f"pod {s.pod.name}" if s.pod else "the suspect"
            return _step("Shelter", f"PodDisruptionBudget {namespace}/{_deny_name(s)}", f"created: {who} is not evicted")
        case steps.Cordon(node):
            return _step("Cordon", f"Node {node.name}", "made unschedulable, held by this incident")
        case steps.StartCapture():
            return _step("Capture", f"Pod {namespace}/{step.pod}", f"evidence to a new volume of {step.storage.size}")
        case steps.FreezeIdentity(keys):
            return _step("Freeze", f"ConfigMap {s.home}/{FROZEN_LIST}", f"{', '.join(keys)} may read, and change nothing")
        case steps.ScaleToZero(workload):
            detail = f"{workload.setting.dump() if workload.setting else ''} is recorded; put to rest, held by this incident"
            return _step("ScaleToZero", f"{workload.kind} {workload.namespace}/{workload.name}", detail)
        case _:
            raise TypeError(f"{step!r} is no step of a containment")


def _step(action: str, about: str, detail: str) -> PlannedStep:
    return PlannedStep(action=action, object=about, detail=detail[:1024])


def _deny_name(s: Situation) -> str:
    return deny_policy(s.incident.uid)
