"""What giving back takes: the reverse of containment, last first, and only what firedoor changed and still holds.

Several incidents may hold one pod, node or workload: each lets go of its own hold, the last one restores.
"""

from collections.abc import Mapping

from firedoor.api import names
from firedoor.api.incident import ReleaseMode
from firedoor.api.names import cordon_holder, scale_holder
from firedoor.planner.adoption import Adopter
from firedoor.planner.identity import thaw
from firedoor.planner.node_prior import is_last, may_uncordon
from firedoor.planner.pod_view import PodView
from firedoor.planner.protection import lift_shelter, notes_to_return
from firedoor.planner.situation import KEEP_LABELS, Situation
from firedoor.planner.steps import (
    DiscardPod,
    KeepDeny,
    LiftDeny,
    Plan,
    ReleaseCordon,
    RestorePod,
    Step,
)
from firedoor.planner.workload import each, give_back
from firedoor.planner.workload import held as is_held
from firedoor.planner.workload_words import NAMED


def release(s: Situation) -> Plan:
    """Everything of this incident that still holds and should not."""
    if waits_for_evidence(s):
        return ()
    given = give_back(s)
    if waits_for_workload(s) or (given and _would_be_adopted(s)):
        return (given,) if given else ()
    stages = (given, _pod(s), (*_policy(s), *_node(s), *_identity(s)))
    return tuple(stage for stage in stages if stage)


def mode(s: Situation) -> ReleaseMode:
    """What becomes of the pod: as wished, but that one whose labels would be the end of it stays as it is."""
    return ReleaseMode.KEEP if would_be_deleted(s) else _wished(s)


def _wished(s: Situation) -> ReleaseMode:
    """As asked, else discarded only where that loses nothing."""
    asked = s.incident.spec.release.mode if s.incident.spec.release else None
    if asked is not None:
        return asked
    replaced = s.pod is not None and s.pod.owner is None and s.prior.owner is not None
    return ReleaseMode.DISCARD if replaced and s.around.capture.sealed else ReleaseMode.RESTORE


def waits_for_evidence(s: Situation) -> bool:
    """A pod that is to be discarded is kept until what is being captured from it is sealed."""
    asked = s.incident.spec.release.mode if s.incident.spec.release else None
    return s.suspect_held and asked in (None, ReleaseMode.DISCARD) and s.around.capture.state == "Running"


def waits_for_workload(s: Situation) -> str:
    """Why the pod cannot have its labels back yet, in words: a workload at rest adopts it and deletes it as one too many."""
    adopter = _adopter(s)
    if adopter is not None and not adopter.settled:
        return f"{adopter.title} is being set up again."
    if not _would_be_adopted(s):
        return ""
    return next((why for one in each(s) if (why := _unready(one))), "")


def _unready(s: Situation) -> str:
    """A CronJob adopts no pods itself."""
    workload = s.around.workload
    if workload is None or workload.kind == "CronJob":
        return ""
    others = [workload.annotations[key] for key in workload.holders if key != scale_holder(s.incident.uid)]
    if workload.at_rest and others:
        return f"{workload.title} would delete the pod while {', '.join(others[:NAMED])} holds it at rest."
    return "" if workload.at_rest or workload.settled else f"{workload.title} is being set up again."


def would_be_deleted(s: Situation) -> bool:
    """Whether the labels would give the pod to a controller that wants no pods, for reasons that no incident brought about."""
    adopter = _adopter(s)
    return adopter is not None and adopter.wants == 0 and not is_held(s) and not waits_for_workload(s)


def why_kept(s: Situation) -> str:
    """Why the pod stays cut off although its labels were asked for, and what a person can do about it; in words."""
    adopter = s.around.adopter
    if adopter is None or not would_be_deleted(s):
        return ""
    return (
        f"{adopter.title} wants no pods by now and would delete the suspect as soon as it had its labels. To have it back, scale "
        f"or roll back what owns it, give it the labels in its annotation {names.PRIOR}, and delete NetworkPolicy "
        f"{names.deny_policy(s.incident.uid)}; to be rid of it, delete both."
    )


def surplus(s: Situation) -> str:
    """What is to be said of a pod that gets its labels back now, where its controller has replaced it; in words."""
    adopter = _adopter(s)
    if adopter is None or not adopter.surplus or adopter.wants == 0 or is_held(s) or waits_for_workload(s):
        return ""
    wanted = "one pod" if adopter.wants == 1 else f"{adopter.wants} pods"
    return f"{adopter.title} wants {wanted} and had replaced the suspect, so it deletes one of them, which may be the suspect."


def _adopter(s: Situation) -> Adopter | None:
    """Who takes the pod back if it gets its labels; a pod that has finished is one of nobody's number."""
    adopter = s.around.adopter
    if adopter is None or s.pod is None or s.pod.finished or not _would_be_adopted(s):
        return None
    return adopter if adopter.takes(_labels_to_return(s, s.pod)) else None


def _would_be_adopted(s: Situation) -> bool:
    """Whether giving the labels back makes the pod one of its workload's again."""
    return let_go(s) and _wished(s) is ReleaseMode.RESTORE


def let_go(s: Situation) -> bool:
    """Whether this incident alone holds the pod, and its controller of before has let go of it."""
    if s.pod is None or not s.suspect_held or s.held_by_others or s.pod.leaving:
        return False
    return s.pod.owner is None and s.prior.owner is not None


def _pod(s: Situation) -> tuple[Step, ...]:
    if s.pod is None or not s.suspect_held or s.pod.leaving:
        return ()
    if s.held_by_others:
        kept = {key: value for key, value in s.pod.labels.items() if key != s.label}
        return (RestorePod(s.pod, kept, {}, record=_record(s, s.pod, s.prior.dump())),)
    match mode(s):
        case ReleaseMode.DISCARD:
            return (DiscardPod(s.pod),)
        case ReleaseMode.RESTORE:
            notes = notes_to_return(s.pod, s.prior)
            return (RestorePod(s.pod, _labels_to_return(s, s.pod), notes, record=_record(s, s.pod, s.prior.record)),)
        case ReleaseMode.KEEP:
            return ()


def _record(s: Situation, pod: PodView, record: str | None) -> str | None:
    """Of a record that does not match its receipt, what is left stays, for a person to judge."""
    return pod.prior_note if s.prior.lost else record


def _labels_to_return(s: Situation, pod: PodView) -> Mapping[str, str]:
    """The labels that were taken off; of those that stayed on, or that nobody knows any more, what they are by now."""
    owner = s.prior.owner
    if not s.prior.lost and (owner is None or owner.kind not in KEEP_LABELS):
        return s.prior.labels
    ours = {names.QUARANTINED, s.label}
    others = {key: value for key, value in pod.labels.items() if key not in ours}
    return others | {key: value for key, value in s.prior.labels.items() if key in ours}


def pod_going(s: Situation) -> bool:
    """Whether the suspect is to be discarded and is not gone yet: until then the door stays closed."""
    if s.pod is None or not s.suspect_held:
        return False
    return s.pod.leaving or (not s.held_by_others and mode(s) is ReleaseMode.DISCARD)


def keeps(s: Situation) -> bool:
    """Whether the pod is to stay cut off as it is, after everything else was given back."""
    return s.suspect_held and not s.held_by_others and mode(s) is ReleaseMode.KEEP


def no_longer_asked(s: Situation) -> tuple[Step, ...]:
    """What is held of node and workload and was taken out of the spec since: given back while the rest goes on holding.

    The isolation is none of it: the API server takes no such wish, because all the rest stands on it.
    """
    asked = s.incident.spec.containment
    workload = give_back(s) if asked.workload == "None" and "scaleToZero" in s.actions else ()
    node = _node(s) if asked.node == "None" and "cordon" in s.actions else ()
    return (*workload, *node)


def _policy(s: Situation) -> tuple[Step, ...]:
    deny = s.around.deny(s.incident.uid)
    if pod_going(s):
        return ()
    if keeps(s):
        return (KeepDeny(s.incident.target_namespace),) if deny is not None and not deny.kept else ()
    return (*((LiftDeny(s.incident.target_namespace),) if deny is not None else ()), *lift_shelter(s))


def _node(s: Situation) -> tuple[Step, ...]:
    held = (node for node in s.around.nodes if cordon_holder(s.incident.uid) in node.annotations)
    return tuple(ReleaseCordon(node, uncordon=may_uncordon(s, node), last=is_last(s, node)) for node in held)


def _identity(s: Situation) -> tuple[Step, ...]:
    """Given back in every mode; of a pod that is to be discarded only when it is gone."""
    return () if pod_going(s) else thaw(s)


def outstanding(s: Situation) -> bool:
    """Whether anything is still to be given back."""
    return waits_for_evidence(s) or pod_going(s) or bool(waits_for_workload(s)) or bool(release(s))
