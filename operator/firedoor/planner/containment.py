"""What closing the door takes, given the situation: only steps whose time has come, none twice.

Order: deny policy beside quarantine label; then cordon, evidence and scale-down, each when what it depends on holds.
"""

from firedoor.api.conditions import Reason
from firedoor.api.names import cordon_holder, scale_holder
from firedoor.planner.guards import Refusal
from firedoor.planner.selectors import denies_all
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Cordon, DenyTraffic, Plan, Quarantine, ScaleToZero, StartCapture, Step
from firedoor.planner.views import NodeView


def door(s: Situation) -> Plan:
    """The steps that isolate, from the pod alone: nothing else is looked at before them."""
    if s.pod is None or s.incident.spec.containment.network == "None" or s.suspect_held:
        return ()
    return ((DenyTraffic(s.pod.namespace, s.pod.name), _quarantine(s)),)


def containment(s: Situation) -> Plan:
    """Everything that should hold and does not yet."""
    stages = (_door_again(s), (*_cordon(s), *_capture(s)), _scale(s))
    return tuple(stage for stage in stages if stage)


def _door_again(s: Situation) -> tuple[Step, ...]:
    if s.pod is None or s.incident.spec.containment.network == "None":
        return ()
    deny = s.around.deny(s.incident.uid)
    policy = () if deny and denies_all(deny, s.label) else (DenyTraffic(s.pod.namespace, s.pod.name),)
    foreign = set(s.pod.labels) - set(s.pod.quarantined)
    label = () if s.suspect_held and not foreign else (_quarantine(s),)
    return (*policy, *label)


def _quarantine(s: Situation) -> Quarantine:
    assert s.pod is not None
    labels = {**{key: s.pod.labels[key] for key in s.pod.quarantined}, s.label: "true"}
    return Quarantine(s.pod, labels, s.pod.prior)


def _cordon(s: Situation) -> tuple[Step, ...]:
    node = suspect_node(s)
    if node is None or not wants_cordon(s) or holds_cordon(s, node) or cordon_refusal(s, node):
        return ()
    return (Cordon(node),)


def suspect_node(s: Situation) -> NodeView | None:
    name = s.pod.node if s.pod else s.incident.status.node
    return s.around.node(name) if name else None


def wants_cordon(s: Situation) -> bool:
    return s.incident.spec.containment.node == "Cordon" and "cordon" in s.actions


def holds_cordon(s: Situation, node: NodeView) -> bool:
    return cordon_holder(s.incident.uid) in node.annotations


def cordon_refusal(s: Situation, node: NodeView) -> Refusal | None:
    """Why this node may not be cordoned, if so; a node that is cordoned already may always be held too."""
    if node.unschedulable:
        return None
    if node.control_plane:
        return Refusal(Reason.CONTROL_PLANE, f"Node {node.name} belongs to the control plane and is never cordoned.", False)
    if not any(other.ready and not other.unschedulable for other in s.around.nodes if other.name != node.name):
        message = f"Node {node.name} is the last schedulable node; cordoning it would leave nowhere for replacements."
        return Refusal(Reason.LAST_SCHEDULABLE_NODE, message, True)
    return _over_budget(s, node)


def _over_budget(s: Situation, node: NodeView) -> Refusal | None:
    held = sum(1 for other in s.around.nodes if other.holders)
    budget = max(1, len(s.around.nodes) // 10)
    if held < budget:
        return None
    message = (
        f"firedoor already holds {held} cordoned of {len(s.around.nodes)} nodes; {node.name} would exceed the budget of {budget}."
    )
    return Refusal(Reason.BUDGET_EXCEEDED, message, True)


def _capture(s: Situation) -> tuple[Step, ...]:
    target = s.incident.spec.target
    if not wants_evidence(s) or target is None or s.around.capture.state != "Absent":
        return ()
    uid = s.pod.uid if s.pod else s.pinned_uid or ""
    evidence = s.incident.spec.evidence
    return (StartCapture(s.incident.target_namespace, target.name, uid, evidence.paths, evidence.storage),)


def wants_evidence(s: Situation) -> bool:
    return s.incident.spec.evidence.enabled and "evidence" in s.actions


def _scale(s: Situation) -> tuple[Step, ...]:
    workload = s.around.workload
    if workload is None or workload.kind != "Deployment" or holds_scale(s) or not may_scale(s):
        return ()
    return (ScaleToZero(workload),)


def wants_scale(s: Situation) -> bool:
    return s.incident.spec.containment.workload == "ScaleToZero" and "scaleToZero" in s.actions


def holds_scale(s: Situation) -> bool:
    workload = s.around.workload
    held = workload is not None and scale_holder(s.incident.uid) in workload.annotations
    return held and workload is not None and workload.replicas == 0


def may_scale(s: Situation) -> bool:
    """Scaling deletes owned pods: the suspect must be free of its owner, or its evidence sealed."""
    free = s.pod is None or s.pod.owner is None
    return wants_scale(s) and (free or s.around.capture.state == "Sealed")
