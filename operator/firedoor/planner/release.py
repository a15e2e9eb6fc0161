"""What giving back takes: the reverse of containment, last first, and only what firedoor changed and still holds.

Several incidents may hold one pod, node or workload: each lets go of its own hold, the last one restores.
"""

from firedoor.api.incident import ReleaseMode
from firedoor.api.names import cordon_holder, scale_holder
from firedoor.planner.situation import Situation
from firedoor.planner.steps import (
    DiscardPod,
    LiftDeny,
    Plan,
    ReleaseCordon,
    RestorePod,
    ReturnReplicas,
    Step,
)
from firedoor.planner.views import PodPrior, PodView


def release(s: Situation) -> Plan:
    """Everything of this incident that still holds and should not."""
    if waits_for_evidence(s):
        return ()
    stages = (_replicas(s), _pod(s), (*_policy(s), *_node(s)))
    return tuple(stage for stage in stages if stage)


def mode(s: Situation) -> ReleaseMode:
    """What becomes of the pod: as asked, else discarded only where that loses nothing."""
    asked = s.incident.spec.release.mode if s.incident.spec.release else None
    if asked is not None:
        return asked
    replaced = s.pod is not None and s.pod.owner is None and s.pod.prior.owner is not None
    return ReleaseMode.DISCARD if replaced and s.around.capture.state == "Sealed" else ReleaseMode.RESTORE


def waits_for_evidence(s: Situation) -> bool:
    """A pod that is to be discarded is kept until what is being captured from it is sealed."""
    asked = s.incident.spec.release.mode if s.incident.spec.release else None
    return s.suspect_held and asked in (None, ReleaseMode.DISCARD) and s.around.capture.state == "Running"


def _replicas(s: Situation) -> tuple[Step, ...]:
    workload = s.around.workload
    own = scale_holder(s.incident.uid)
    if workload is None or own not in workload.annotations:
        return ()
    last = workload.holders == (own,)
    untouched = workload.replicas == 0
    return (ReturnReplicas(workload, workload.prior_replicas if last and untouched else None),)


def _pod(s: Situation) -> tuple[Step, ...]:
    if s.pod is None or not s.suspect_held or s.pod.leaving:
        return ()
    others = tuple(key for key in s.pod.quarantined if key != s.label)
    if others:
        return (RestorePod(s.pod, {key: s.pod.labels[key] for key in others}, last=False),)
    match mode(s):
        case ReleaseMode.DISCARD:
            return (DiscardPod(s.pod),)
        case ReleaseMode.RESTORE:
            return (RestorePod(s.pod, trusted_prior(s, s.pod).labels, last=True),)


def trusted_prior(s: Situation, pod: PodView) -> PodPrior:
    """The pod's own record, unless the incident's receipt says otherwise: the pod's owner could have forged the record."""
    receipt = next((r for r in s.incident.status.receipts if r.uid == pod.uid), None)
    return (PodPrior.load(receipt.prior) if receipt else None) or pod.prior


def pod_going(s: Situation) -> bool:
    """Whether the suspect is to be discarded and is not gone yet: until then the door stays closed."""
    if s.pod is None or not s.suspect_held:
        return False
    alone = s.pod.quarantined == (s.label,)
    return s.pod.leaving or (alone and mode(s) is ReleaseMode.DISCARD)


def _policy(s: Situation) -> tuple[Step, ...]:
    if pod_going(s) or s.around.deny(s.incident.uid) is None:
        return ()
    return (LiftDeny(s.incident.target_namespace),)


def _node(s: Situation) -> tuple[Step, ...]:
    own = cordon_holder(s.incident.uid)
    held = (node for node in s.around.nodes if own in node.annotations)
    return tuple(
        ReleaseCordon(node, uncordon=node.holders == (own,) and node.was_unschedulable is False, last=node.holders == (own,))
        for node in held
    )


def outstanding(s: Situation) -> bool:
    """Whether anything is still to be given back."""
    return waits_for_evidence(s) or pod_going(s) or bool(release(s))


def drifts(s: Situation) -> tuple[str, ...]:
    """Sentences about what somebody else changed while it was held; it is left as they wanted it."""
    return (*_node_drifts(s), *_workload_drifts(s))


def _node_drifts(s: Situation) -> tuple[str, ...]:
    own = cordon_holder(s.incident.uid)
    held = (node for node in s.around.nodes if own in node.annotations and not node.unschedulable)
    return tuple(f"Node {node.name} had been uncordoned." for node in held)


def _workload_drifts(s: Situation) -> tuple[str, ...]:
    workload = s.around.workload
    if workload is None or scale_holder(s.incident.uid) not in workload.annotations or workload.replicas == 0:
        return ()
    return (f"{workload.kind} {workload.name} had been scaled to {workload.replicas}.",)
