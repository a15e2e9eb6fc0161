"""What the world would be after a plan, if nobody else touched it: for dry runs, and for tests of the planner itself.

Pure. Knows every step, and what Kubernetes' own controllers do in answer: a pod whose labels are gone is let go of by its
ReplicaSet, a discarded one is gone.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from firedoor.api import names
from firedoor.planner import steps
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import KEEP_LABELS, Capture, Situation, Surroundings
from firedoor.planner.steps import Plan, Step
from firedoor.planner.views import NodeView, PolicyView
from firedoor.planner.workload_view import WorkloadView


def after(s: Situation, plan: Plan) -> Situation:
    """The situation once every step of the plan has been taken."""
    for stage in plan:
        for step in stage:
            s = _after_step(s, step)
    return s


def _after_step(s: Situation, step: Step) -> Situation:
    match step:
        case steps.DenyTraffic(namespace):
            others = tuple(p for p in s.around.policies if p.name != names.deny_policy(s.incident.uid))
            return _around(s, policies=(*others, PolicyView.deny(namespace, s.incident.uid)))
        case steps.Quarantine():
            return replace(s, pod=_relabelled(step.pod, step.labels, step.notes, step.record))
        case steps.Shelter():
            return _around(s, sheltered=True)
        case steps.StartCapture():
            return _around(s, capture=Capture("Sealed"))
        case steps.Cordon():
            return _with_node(s, _cordoned(s, step))
        case steps.FreezeIdentity(keys):
            return _around(s, identity=s.around.identity.with_holder(s.incident.uid, keys))
        case _:
            return _after_reverse(s, step)


def _after_reverse(s: Situation, step: Step) -> Situation:
    match step:
        case steps.RestorePod():
            return replace(s, pod=_relabelled(step.pod, step.labels, step.notes, step.record))
        case steps.DiscardPod():
            return replace(s, pod=None)
        case steps.LiftDeny():
            kept = tuple(p for p in s.around.policies if p.name != names.deny_policy(s.incident.uid))
            return _around(s, policies=kept)
        case steps.KeepDeny():
            return _around(s, policies=tuple(_kept(p, s.incident.uid) for p in s.around.policies))
        case steps.LiftShelter():
            return _around(s, sheltered=False)
        case steps.ReleaseCordon():
            return _with_node(s, _let_go(s, step))
        case steps.ThawIdentity(keys):
            return _around(s, identity=s.around.identity.without_holder(s.incident.uid, keys))
        case _:
            return _after_other(s, step)


def _after_other(s: Situation, step: Step) -> Situation:
    match step:
        case steps.ScaleToZero(workload):
            return _with_workload(s, _at_rest(s, workload))
        case steps.ReturnReplicas():
            return _with_workload(s, _set_up(s, step))
        case steps.FreezeIdentity(keys):
            return _around(s, identity=s.around.identity.with_holder(s.incident.uid, keys))
        case steps.ThawIdentity(keys):
            return _around(s, identity=s.around.identity.without_holder(s.incident.uid, keys))
        case _:
            raise TypeError(f"nothing is known of what {step!r} does")


def _around(s: Situation, **fields: object) -> Situation:
    around: Surroundings = replace(s.around, **fields)  # type: ignore[arg-type]
    return replace(s, around=around)


def _kept(policy: PolicyView, uid: str) -> PolicyView:
    return replace(policy, kept=True) if policy.name == names.deny_policy(uid) else policy


def _relabelled(pod: PodView, labels: Mapping[str, str], notes: Mapping[str, str | None], note: str | None) -> PodView:
    freed = note is not None and pod.owner is not None and pod.owner.kind not in KEEP_LABELS
    said = {**pod.annotations, **notes}
    annotations = {key: value for key, value in said.items() if value is not None}
    return replace(pod, labels=labels, annotations=annotations, prior_note=note, owner=None if freed else pod.owner)


def _cordoned(s: Situation, step: steps.Cordon) -> NodeView:
    prior = {} if step.before is None else {names.PRIOR: json.dumps({"unschedulable": step.before})}
    holder = {names.cordon_holder(s.incident.uid): s.incident.key}
    return replace(step.node, unschedulable=True, annotations={**step.node.annotations, **holder, **prior})


def _let_go(s: Situation, step: steps.ReleaseCordon) -> NodeView:
    gone = {names.cordon_holder(s.incident.uid), *({names.PRIOR} if step.last else ())}
    annotations = {key: value for key, value in step.node.annotations.items() if key not in gone}
    unschedulable = step.node.unschedulable and not step.uncordon
    return replace(step.node, unschedulable=unschedulable, annotations=annotations)


def _at_rest(s: Situation, workload: WorkloadView) -> WorkloadView:
    assert workload.setting is not None
    prior = {} if workload.holders else {names.PRIOR: workload.setting.dump()}
    holder = {names.scale_holder(s.incident.uid): s.incident.key}
    setting = replace(workload.setting, value=True if workload.setting.key == "suspend" else 0)
    return replace(workload, setting=setting, annotations={**workload.annotations, **holder, **prior})


def _set_up(s: Situation, step: steps.ReturnReplicas) -> WorkloadView:
    own = names.scale_holder(s.incident.uid)
    gone = {own, *({names.PRIOR} if step.workload.holders == (own,) else ())}
    annotations = {key: value for key, value in step.workload.annotations.items() if key not in gone}
    return replace(step.workload, setting=step.setting or step.workload.setting, annotations=annotations)


def _with_workload(s: Situation, workload: WorkloadView) -> Situation:
    is_job = s.around.job is not None and s.around.job.uid == workload.uid
    return _around(s, job=workload) if is_job else _around(s, workload=workload)


def _with_node(s: Situation, node: NodeView) -> Situation:
    return _around(s, nodes=tuple(node if other.name == node.name else other for other in s.around.nodes))
