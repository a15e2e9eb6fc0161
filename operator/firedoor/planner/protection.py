"""What keeps the suspect pod from being swept away while it is evidence: notes to those who evict, and a budget of one.

Pure. The notes go on the pod in the very call that quarantines it; what was there before goes into the same record and
comes back with the labels. Against a direct deletion nothing here helps.
"""

from collections.abc import Mapping
from typing import Final

from firedoor.api import names
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import Situation
from firedoor.planner.steps import LiftShelter, Plan, Shelter, Step

NOTES: Final = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
    "descheduler.alpha.kubernetes.io/prefer-no-eviction": "true",
    "argocd.argoproj.io/sync-options": "Prune=false",
}
"""By the documentation of cluster-autoscaler, Karpenter, the descheduler and Argo CD."""


ANNOTATIONS_MOST: Final = 256 << 10
"""Bytes of all annotations of an object, keys and values (apimachinery, TotalAnnotationSizeLimitB)."""


def crowded(pod: PodView, record: PodPrior) -> bool:
    """Whether the pod's own annotations leave no room for the notes and the record: that must not keep a door open."""
    then = {**pod.annotations, **NOTES, names.PRIOR: record.dump()}
    return sum(len(key.encode()) + len(value.encode()) for key, value in then.items()) > ANNOTATIONS_MOST


def missing_notes(pod: PodView) -> dict[str, str]:
    """The notes that the pod does not carry yet."""
    return {key: value for key, value in NOTES.items() if pod.annotations.get(key) != value}


def notes_before(pod: PodView) -> dict[str, str | None]:
    """What the pod says under the keys of the notes; None where it says nothing."""
    return {key: pod.annotations.get(key) for key in NOTES}


def notes_to_return(pod: PodView, prior: PodPrior) -> Mapping[str, str | None]:
    """What goes back under each key that still says what firedoor wrote; what somebody else wrote since is left alone."""
    return {key: prior.annotations[key] for key in NOTES if key in prior.annotations and pod.annotations.get(key) == NOTES[key]}


def shelter(s: Situation) -> tuple[Step, ...]:
    """The disruption budget, once the label that it selects is on the pod."""
    if s.pod is None or not s.suspect_held or s.around.sheltered:
        return ()
    return (Shelter(s.pod.namespace),)


def shelter_after(known: bool | None, plan: Plan) -> bool | None:
    """Whether the budget is there after this plan."""
    for step in (step for stage in plan for step in stage):
        known = True if isinstance(step, Shelter) else False if isinstance(step, LiftShelter) else known
    return known


def lift_shelter(s: Situation) -> tuple[Step, ...]:
    """Where nobody knows whether it is there, taking it away is the way to find out."""
    begun = s.begun or s.around.deny(s.incident.uid) is not None
    there = s.around.sheltered or (s.around.sheltered is None and begun)
    return (LiftShelter(s.incident.target_namespace),) if there else ()
