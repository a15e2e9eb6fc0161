"""What closing the door takes, given the situation: only steps whose time has come, none twice.

Order: deny policy beside quarantine label; then cordon, evidence and scale-down, each when what it depends on holds; the
identity once the door stands.
"""

from dataclasses import replace

from firedoor.api import names
from firedoor.api.conditions import Reason
from firedoor.api.names import cordon_holder
from firedoor.planner import node_prior
from firedoor.planner.identity import freeze
from firedoor.planner.permits import Refusal, barred, objection, paused
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.protection import crowded, missing_notes, notes_before, shelter
from firedoor.planner.release import no_longer_asked
from firedoor.planner.selectors import denies_all
from firedoor.planner.situation import KEEP_LABELS, Situation
from firedoor.planner.steps import Cordon, DenyTraffic, Plan, Quarantine, StartCapture, Step
from firedoor.planner.views import NodeView
from firedoor.planner.workload import scale

LABELS = "the quarantine labels"


def door(s: Situation) -> Plan:
    """The steps that isolate, from the pod alone: nothing else is looked at before them."""
    if s.pod is None or s.incident.spec.containment.network == "None" or s.suspect_held or barred(s):
        return ()
    return ((DenyTraffic(s.pod.namespace, s.pod.name), _quarantine(s)),)


def containment(s: Situation) -> Plan:
    """Everything that should hold and does not yet, and what holds and should no longer.

    Behind the door nothing waits for anything else of the same plan, so that what is refused keeps nothing else from holding.
    """
    behind = (*_cordon(s), *shelter(s), *_capture(s), *scale(s), *_freeze(s), *no_longer_asked(s))
    stages = (_door_again(s), behind)
    return tuple(stage for stage in stages if stage)


def _door_again(s: Situation) -> tuple[Step, ...]:
    if s.pod is None or s.incident.spec.containment.network == "None" or barred(s):
        return ()
    deny = s.around.deny(s.incident.uid)
    policy = () if deny and denies_all(deny, s.label) else (DenyTraffic(s.pod.namespace, s.pod.name),)
    label = () if quarantine_holds(s) else (_quarantine(s),)
    return (*policy, *label)


def repairs(plan: Plan) -> tuple[str, ...]:
    """What of a closed door this plan puts back, in words."""
    words = {DenyTraffic: "the deny policy", Quarantine: LABELS}
    return tuple(words[type(step)] for stage in plan for step in stage if type(step) in words)


def quarantine_holds(s: Situation) -> bool:
    """Whether the pod carries the labels and notes that it should, and no others where they were to go."""
    if s.pod is None or s.pod.labels != quarantine_labels(s, s.pod):
        return False
    return not missing_notes(s.pod) or crowded(s.pod, to_record(s, s.pod))


def touched(s: Situation) -> bool:
    """Whether somebody else changed what this incident made of its suspect; of another pod of that name nothing is said."""
    if s.pod is None or s.incident.spec.containment.network == "None" or s.pinned_uid not in (None, s.pod.uid):
        return False
    return not quarantine_holds(s)


def quarantine_labels(s: Situation, pod: PodView) -> dict[str, str]:
    """The labels of the quarantined pod. Those of a StatefulSet's or DaemonSet's pod stay: taking them off would block
    its ordinal, or make a second pod on the same node (containment study, section 2.1)."""
    owner = s.prior.owner
    stay = pod.labels if owner is not None and owner.kind in KEEP_LABELS else dict.fromkeys(s.held_by_others, "true")
    return {**stay, names.QUARANTINED: "true", s.label: "true"}


def to_record(s: Situation, pod: PodView) -> PodPrior:
    """What is written down beside the quarantine labels."""
    return replace(s.prior, annotations={**notes_before(pod), **s.prior.annotations})


def _quarantine(s: Situation) -> Quarantine:
    assert s.pod is not None
    prior = to_record(s, s.pod)
    fits = not crowded(s.pod, prior)
    return Quarantine(s.pod, quarantine_labels(s, s.pod), missing_notes(s.pod) if fits else {}, prior, fits)


def _cordon(s: Situation) -> tuple[Step, ...]:
    node = suspect_node(s)
    if node is None or not wants_cordon(s) or _cordon_stands(s, node):
        return ()
    if not holds_cordon(s, node) and cordon_refusal(s, node):
        return ()
    return (Cordon(node, node_prior.to_record(s, node)),)


def suspect_node(s: Situation) -> NodeView | None:
    name = s.pod.node if s.pod else s.incident.status.node
    return s.around.node(name) if name else None


def wants_cordon(s: Situation) -> bool:
    return s.incident.spec.containment.node == "Cordon" and "cordon" in s.actions


def _cordon_stands(s: Situation, node: NodeView) -> bool:
    """Whether nothing is to be done: held, or held and uncordoned by a person, whom only a policy overrules."""
    return holds_cordon(s, node) and (node.unschedulable or not s.rules.keep_cordon)


def holds_cordon(s: Situation, node: NodeView) -> bool:
    return cordon_holder(s.incident.uid) in node.annotations


def cordon_refusal(s: Situation, node: NodeView) -> Refusal | None:
    """Why this node may not be cordoned, if so. To hold one that is cordoned already takes the same permission, for it stays so
    as long as anybody holds it; but it makes nothing less schedulable."""
    if (refused := objection(s, "Cordon")) is not None:
        return refused
    if node.unschedulable:
        return None
    if node.control_plane and not s.rules.allow_control_plane:
        return Refusal(Reason.CONTROL_PLANE, f"Node {node.name} belongs to the control plane and is never cordoned.", False)
    others = (other for other in s.around.nodes if other.name != node.name)
    if not s.rules.allow_last_node and not any(_takes_pods(other) for other in others):
        message = f"Node {node.name} is the last schedulable node; cordoning it would leave nowhere for replacements."
        return Refusal(Reason.LAST_SCHEDULABLE_NODE, message, True)
    return _over_budget(s, node)


def _takes_pods(node: NodeView) -> bool:
    return node.ready and not node.unschedulable and not node.reserved


def _over_budget(s: Situation, node: NodeView) -> Refusal | None:
    held = sum(1 for other in s.around.nodes if other.holders or (other.reserved and other.name != node.name))
    said = s.rules.budgets.cordoned_nodes
    budget = max(1, len(s.around.nodes) // 10) if said is None else said
    if held < budget:
        return None
    message = (
        f"firedoor already holds {held} cordoned of {len(s.around.nodes)} nodes; {node.name} would exceed the budget of {budget}."
    )
    return Refusal(Reason.BUDGET_EXCEEDED, message, True)


def _capture(s: Situation) -> tuple[Step, ...]:
    target = s.incident.spec.target
    if not wants_evidence(s) or target is None or s.around.capture.state != "Absent" or paused(s):
        return ()
    uid = s.pod.uid if s.pod else s.pinned_uid or ""
    evidence = s.incident.spec.evidence
    return (StartCapture(s.incident.target_namespace, target.name, uid, evidence.paths, evidence.storage, evidence.limits),)


def wants_evidence(s: Situation) -> bool:
    return s.incident.spec.evidence.enabled and "evidence" in s.actions


def _freeze(s: Situation) -> tuple[Step, ...]:
    """Once the door stands: a refusal must not warn a suspect that still has the network."""
    return () if _door_again(s) else freeze(s)
