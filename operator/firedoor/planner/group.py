"""Groups: the pods that belong to a workload or run on a node, and which of them are suspects.

Pure. What has finished or is going is no suspect. On a node, what may not be touched anyway is left out by name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from firedoor.api.member import MEMBERS_LIMIT
from firedoor.planner.pod_view import PodView
from firedoor.planner.rules import Rules, has_label
from firedoor.planner.situation import PROTECTED_NAMESPACES

BETWEEN = {"Deployment": "ReplicaSet", "CronJob": "Job"}
"""What stands between a workload and its pods, where they are not its own."""


@dataclass(frozen=True, slots=True)
class Group:
    """The object that an incident is about, and its suspects."""

    uid: str
    pods: tuple[PodView, ...] = ()
    left_out: tuple[str, ...] = ()
    """A sentence for each pod that is no suspect although it is there."""


def of_workload(uid: str, pods: Iterable[PodView], between: Mapping[str, str]) -> Group:
    """Of a workload: the pods that it controls, directly or by something between (its uid, and its controller's uid)."""
    return _bounded(uid, [pod for pod in pods if _alive(pod) and uid in _owners(pod, between)])


def _owners(pod: PodView, between: Mapping[str, str]) -> tuple[str, ...]:
    return () if pod.owner is None else (pod.owner.uid, between.get(pod.owner.uid, ""))


def of_node(uid: str, pods: Iterable[PodView], home: str, rules: Callable[[str], Rules]) -> Group:
    """Of a node: the pods on it, but for those that firedoor never touches or cannot isolate."""
    told = [(pod, _objection(pod, home, rules(pod.namespace))) for pod in pods if _alive(pod)]
    left_out = [f"Pod {pod.namespace}/{pod.name} is left out: {why}." for pod, why in told if why]
    return _bounded(uid, [pod for pod, why in told if not why], sorted(left_out))


def _objection(pod: PodView, home: str, rules: Rules) -> str:
    if pod.namespace in PROTECTED_NAMESPACES | {home} | rules.protected_namespaces:
        return "its namespace is protected"
    if any(has_label(pod.labels, term) for term in rules.protected_labels):
        return "its labels are protected"
    if pod.static:
        return "it is a static pod"
    return "it is on the host network" if pod.host_network else ""


def _alive(pod: PodView) -> bool:
    return not pod.finished and not pod.leaving


def _bounded(uid: str, suspects: list[PodView], left_out: Iterable[str] = ()) -> Group:
    ordered = sorted(suspects, key=lambda pod: (pod.namespace, pod.name))
    return Group(uid, tuple(ordered[:MEMBERS_LIMIT]), (*_too_many(len(ordered)), *left_out))


def _too_many(found: int) -> Iterator[str]:
    if more := max(0, found - MEMBERS_LIMIT):
        who = "One more pod is" if more == 1 else f"{more} more pods are"
        yield f"{who} left out: an incident has at most {MEMBERS_LIMIT} suspects."
