"""Policies of other kinds that grant a pod more than a NetworkPolicy denies: Cilium's, Calico's and the admin policies. Pure.

None of them is undone by a deny-all NetworkPolicy: Cilium adds its allows to it, Calico and the admin tiers may decide
before it (containment study, section 1.2). So each is evaluated against the suspect as it is now. One that cannot be
read counts as a grant, and says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from firedoor.api.incident import Grant
from firedoor.planner import calico_selector
from firedoor.planner.grants import Direction
from firedoor.planner.selectors import selects

Json = Mapping[str, Any]
CLUSTER = "io.cilium.k8s.policy.cluster"
KUBERNETES_OWN = "knp.default."
"""By this Calico's API shows Kubernetes' own NetworkPolicies, which are judged as what they are."""
DIRECTIONS: tuple[Direction, Direction] = ("Ingress", "Egress")


@dataclass(frozen=True, slots=True)
class Subject:
    """A pod as selectors see it."""

    namespace: str
    namespace_labels: Mapping[str, str]
    labels: Mapping[str, str]
    service_account: str


def foreign(policy: Json, subject: Subject) -> tuple[Grant, ...]:
    """What this policy allows the subject; empty when it does not select it or allows nothing."""
    try:
        found = list(_by_kind(policy)(policy, subject))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        words = "it cannot be read, so it counts as allowing"
        found = [(direction, words) for direction in DIRECTIONS]
    return tuple(_grant(policy, direction, peers) for direction, peers in found)


def _by_kind(policy: Json) -> Callable[[Json, Subject], Iterable[tuple[Direction, str]]]:
    group, kind = policy["apiVersion"].partition("/")[0], policy["kind"]
    if group == "cilium.io":
        return _cilium
    if group.endswith("projectcalico.org"):
        return _calico
    return _admin if kind in ("AdminNetworkPolicy", "ClusterNetworkPolicy") else _nothing


def _nothing(policy: Json, subject: Subject) -> Iterator[tuple[Direction, str]]:
    return iter(())


def _grant(policy: Json, direction: Direction, peers: str) -> Grant:
    kind, name = policy["kind"], policy["metadata"]["name"]
    return Grant(kind=kind[:63], name=name, direction=direction, peers=peers, ports="as it says")


def _cilium(policy: Json, subject: Subject) -> Iterator[tuple[Direction, str]]:
    """A rule without fields allows nothing: it only makes the endpoint deny by default."""
    labels = _cilium_labels(subject)
    for spec in (policy.get("spec"), *(policy.get("specs") or ())):
        selector = (spec or {}).get("endpointSelector")
        if spec is None or selector is None or not selects(_plain(selector), labels):
            continue
        for direction in DIRECTIONS:
            if any(rule for rule in spec.get(direction.lower()) or ()):
                yield direction, "as its rules say"


def _cilium_labels(subject: Subject) -> dict[str, str]:
    of_namespace = {f"io.cilium.k8s.namespace.labels.{key}": value for key, value in subject.namespace_labels.items()}
    own = {
        "io.kubernetes.pod.namespace": subject.namespace,
        "io.cilium.k8s.policy.serviceaccount": subject.service_account,
    }
    return {**subject.labels, **of_namespace, **own}


def _plain(selector: Json) -> dict[str, Any]:
    """The selector without Cilium's label sources, which stand before a colon, and without what asks for the cluster's name.

    What this cluster is called is not known here, so every name counts as its own.
    """
    labels = {_key(key): value for key, value in (selector.get("matchLabels") or {}).items()}
    expressions = [{**e, "key": _key(e["key"])} for e in selector.get("matchExpressions") or ()]
    return {
        "matchLabels": {key: value for key, value in labels.items() if key != CLUSTER},
        "matchExpressions": [e for e in expressions if e["key"] != CLUSTER],
    }


def _key(key: str) -> str:
    source, _, name = key.partition(":")
    return name if source in ("k8s", "any") else key


def _calico(policy: Json, subject: Subject) -> Iterator[tuple[Direction, str]]:
    spec = policy["spec"]
    if policy["metadata"]["name"].startswith(KUBERNETES_OWN) or not _calico_selects(spec, subject):
        return
    # After the default tier nothing but profiles is left to pass to, and those of Kubernetes' namespaces allow.
    granting = ("Allow", "Pass") if spec.get("tier", "default") == "default" else ("Allow",)
    for direction in DIRECTIONS:
        if any(rule["action"] in granting for rule in spec.get(direction.lower()) or ()):
            yield direction, "as its rules say"


def _calico_selects(spec: Json, subject: Subject) -> bool:
    own = {
        **subject.labels,
        "projectcalico.org/namespace": subject.namespace,
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": subject.service_account,
    }
    of_namespace = {**subject.namespace_labels, "projectcalico.org/name": subject.namespace}
    # serviceAccountSelector is left aside: the labels of accounts are not known here, so it counts as choosing this one.
    return calico_selector.selects(spec.get("selector") or "", own) and calico_selector.selects(
        spec.get("namespaceSelector") or "", of_namespace
    )


def _admin(policy: Json, subject: Subject) -> Iterator[tuple[Direction, str]]:
    """A baseline tier decides only where no NetworkPolicy does, and there is ours."""
    spec = policy["spec"]
    if spec.get("tier", "Admin") != "Admin" or not _is_subject(spec["subject"], subject):
        return
    for direction in DIRECTIONS:
        if any(rule["action"] in ("Allow", "Accept") for rule in spec.get(direction.lower()) or ()):
            yield direction, "as its rules say"


def _is_subject(said: Json, subject: Subject) -> bool:
    of_namespace = {"kubernetes.io/metadata.name": subject.namespace, **subject.namespace_labels}
    if (pods := said.get("pods")) is not None:
        chosen = selects(pods.get("namespaceSelector") or {}, of_namespace)
        return chosen and selects(pods.get("podSelector") or {}, subject.labels)
    return selects(said["namespaces"], of_namespace)
