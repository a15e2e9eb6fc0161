"""The suspect's siblings: whether any other pod of its owner serves when it is cut off. That none does is allowed, and said.

Pure. Looked at after the door has closed, once, for the pod as it was when it closed.
"""

from collections.abc import Iterable
from typing import Final

from firedoor.api import names
from firedoor.api.conditions import Condition, Reason, Type
from firedoor.api.incident import PlanStatus
from firedoor.planner.pod_view import PodView
from firedoor.planner.preview import MOST
from firedoor.planner.situation import Situation
from firedoor.planner.summary import stated
from firedoor.planner.verdict import Verdict
from firedoor.planner.views import Owner
from firedoor.planner.workload import wants_scale

OWNERS: Final = ("ReplicaSet", "ReplicationController", "StatefulSet")
"""Whose pods stand in for each other."""
HASH: Final = "pod-template-hash"
"""By this label alone a Deployment's ReplicaSet knows its pods."""


def owner_to_ask(s: Situation) -> Owner | None:
    """The owner whose other pods matter: of a suspect that served, whose workload is not to be stopped altogether anyway."""
    if s.pod is None or not s.pod.ready or wants_scale(s) or s.incident.status.isolation is not None:
        return None
    owner = s.prior.owner
    return owner if owner is not None and owner.kind in OWNERS else None


def alone(s: Situation, owner: Owner, pods: Iterable[PodView]) -> str:
    """What is to be said where none of these pods is another one of the owner's that serves; empty where one is."""
    serving = (pod for pod in pods if pod.owner is not None and pod.owner.uid == owner.uid and _serves(pod))
    if any(s.pod is None or pod.uid != s.pod.uid for pod in serving):
        return ""
    return f"The suspect was the last healthy pod of {owner.kind} {owner.name} when it was isolated."


def _serves(pod: PodView) -> bool:
    return pod.ready and not pod.leaving and names.QUARANTINED not in pod.labels


def told(before: PlanStatus | None, said: str) -> PlanStatus | None:
    """The plan in status with the warning, said once."""
    plan = before or PlanStatus()
    if not said or said in plan.warnings:
        return before
    return plan.model_copy(update={"warnings": (said, *plan.warnings)[:MOST]})


def news(s: Situation, said: str) -> Condition:
    """The same for an event."""
    return stated(s, Type.ISOLATED, Verdict("Unknown", Reason.LAST_HEALTHY_REPLICA, said))
