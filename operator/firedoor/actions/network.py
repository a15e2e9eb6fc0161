"""Isolation: a deny-all NetworkPolicy and the one label that it selects, and taking both away again.

The label replaces all others, because policies are additive and Services, ReplicaSets and other policies select by
label (kubernetes.io, Network Policies). What the labels were is written in the same call. Refuses to overwrite a
policy of the same name that firedoor did not make.
"""

from collections.abc import Mapping
from typing import Any

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, Invalid
from firedoor.kube.resources import NETWORK_POLICIES, PODS

RULES = (
    Rule(groups=("",), resources=("pods",), verbs=("get", "list", "watch", "patch", "delete")),
    Rule(
        groups=("networking.k8s.io",),
        resources=("networkpolicies",),
        verbs=("get", "list", "watch", "create", "patch", "delete"),
    ),
)


def deny_policy(incident: str, incident_uid: str, namespace: str, pod: str) -> Obj:
    """The incident's policy: both directions, no rules, selecting the label key that only this incident uses."""
    return {
        "apiVersion": NETWORK_POLICIES.api_version,
        "kind": NETWORK_POLICIES.kind,
        "metadata": {
            "name": names.deny_policy(incident_uid),
            "namespace": namespace,
            "labels": names.made_labels(incident_uid),
            "annotations": {names.INCIDENT_NAME: incident, names.TARGET: pod},
        },
        "spec": {
            "podSelector": {"matchLabels": {names.quarantine_label(incident_uid): "true"}},
            "policyTypes": ["Ingress", "Egress"],
        },
    }


async def deny(kube: Kube, policy: Obj) -> None:
    """Puts the policy in place; one of the same name is set right if it is firedoor's, and never otherwise."""
    try:
        await kube.create(NETWORK_POLICIES, policy)
    except Conflict:
        await _set_right(kube, policy)


async def _set_right(kube: Kube, policy: Obj) -> None:
    name, namespace = policy["metadata"]["name"], policy["metadata"]["namespace"]
    found = await kube.get(NETWORK_POLICIES, name, namespace)
    labels = found["metadata"].get("labels") or {}
    if labels.get(names.INCIDENT_UID) != policy["metadata"]["labels"][names.INCIDENT_UID]:
        message = f"NetworkPolicy {namespace}/{name} exists and is not firedoor's; rename or delete it."
        raise Invalid(message, status=409, reason="AlreadyExists")
    body = [
        {"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]},
        {"op": "replace", "path": "/spec", "value": policy["spec"]},
    ]
    await kube.patch(NETWORK_POLICIES, name, namespace, body)


async def lift(kube: Kube, incident_uid: str, namespace: str) -> None:
    """Takes the policy away; one that is gone already is well."""
    try:
        await kube.delete(NETWORK_POLICIES, names.deny_policy(incident_uid), namespace)
    except Gone:
        return


async def keep(kube: Kube, incident_uid: str, namespace: str) -> None:
    """Marks the policy as one that outlives its incident; whoever wants the pod back deletes it."""
    body = {"metadata": {"annotations": {names.KEPT: "true"}}}
    await kube.patch(NETWORK_POLICIES, names.deny_policy(incident_uid), namespace, body)


async def relabel(
    kube: Kube,
    pod: tuple[str, str],
    identity: tuple[str, str],
    labels: tuple[Mapping[str, str], Mapping[str, str]],
    notes: Mapping[str, str | None],
    prior: str | None,
) -> None:
    """Replaces the pod's labels, writes the notes and sets or removes the record of what was before, all in one call.

    pod: namespace and name. identity: uid and resourceVersion, both tested by the API server, so that nothing is
    lost that was not seen. labels: those that the pod has and those that it shall have. notes: annotations; None
    removes one.
    """
    (namespace, name), (uid, version), (has, shall) = pod, identity, labels
    gone: dict[str, Any] = {key: None for key in has if key not in shall}
    body = {
        "metadata": {
            "uid": uid,
            "resourceVersion": version,
            "labels": {**gone, **shall},
            "annotations": {**notes, names.PRIOR: prior},
        }
    }
    await kube.patch(PODS, name, namespace, body)


async def discard(kube: Kube, namespace: str, name: str, uid: str) -> None:
    """Deletes the suspect pod, and only that one."""
    try:
        await kube.delete(PODS, name, namespace, uid=uid)
    except Gone:
        return
