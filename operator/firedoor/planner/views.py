"""What the planner sees of Kubernetes objects: small frozen views, read from the JSON that the API server gives.

The controller makes them when it observes. They keep only what a decision needs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from firedoor.api import names

Json = Mapping[str, Any]
NO_TIME: Final = "9999"
CONTROL_PLANE_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
POOL_LABELS = (
    "karpenter.sh/nodepool",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "node.cluster.x-k8s.io/pool",
)
"""By which providers say that nodes are alike."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A controlling owner of an object."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A NetworkPolicy as far as it may deny or allow."""

    namespace: str
    name: str
    uid: str
    incident_uid: str | None
    spec: Json
    kept: bool = False
    """Whether it is to outlive its incident."""

    @classmethod
    def read(cls, policy: Json) -> Self:
        metadata = policy["metadata"]
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            incident_uid=(metadata.get("labels") or {}).get(names.INCIDENT_UID),
            spec=policy.get("spec") or {},
            kept=names.KEPT in (metadata.get("annotations") or {}),
        )

    @classmethod
    def deny(cls, namespace: str, incident_uid: str) -> Self:
        """An incident's deny as firedoor writes it."""
        selected = {"matchLabels": {names.quarantine_label(incident_uid): "true"}}
        spec = {"podSelector": selected, "policyTypes": ["Ingress", "Egress"]}
        return cls(namespace, names.deny_policy(incident_uid), "", incident_uid, spec)


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as something to cordon."""

    name: str
    uid: str
    resource_version: str
    unschedulable: bool
    control_plane: bool
    ready: bool
    annotations: Mapping[str, str]
    pool: str = ""
    """The value of the first pool label that it has, else its own name."""
    reserved: bool = False
    """Whether another incident has decided to cordon it and has not done so yet."""
    cordoned_by: str = ""
    """The field manager that made it unschedulable, where that is not firedoor."""

    @classmethod
    def read(cls, node: Json) -> Self:
        metadata = node["metadata"]
        conditions = node.get("status", {}).get("conditions") or ()
        return cls(
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            unschedulable=bool(node.get("spec", {}).get("unschedulable")),
            control_plane=any(role in (metadata.get("labels") or {}) for role in CONTROL_PLANE_ROLES),
            ready=any(c["type"] == "Ready" and c["status"] == "True" for c in conditions),
            annotations=metadata.get("annotations") or {},
            pool=_pool(metadata["name"], metadata.get("labels") or {}),
            cordoned_by=changed_by(metadata, "unschedulable"),
        )

    @property
    def holders(self) -> tuple[str, ...]:
        """The annotations by which incidents hold the cordon."""
        return tuple(key for key in self.annotations if key.startswith(names.CORDON_PREFIX))

    @property
    def recorded(self) -> bool | None:
        """Whether it was unschedulable before the first holder, as its own record says; None when that is not recorded."""
        return unschedulable_in(self.annotations.get(names.PRIOR, ""))


def controller_of(metadata: Json) -> Owner | None:
    """The controlling owner that an object's metadata name."""
    references = metadata.get("ownerReferences") or ()
    return next((Owner(r["kind"], r["name"], r["uid"]) for r in references if r.get("controller")), None)


def changed_by(metadata: Json, key: str) -> str:
    """The field manager, other than firedoor, that a field of the spec is in the hands of; empty for none.

    A change through the subresource scale carries no time; the entry goes when the field changes hands, so it is the last.
    """
    entries = [
        entry
        for entry in metadata.get("managedFields") or ()
        if entry.get("manager") != names.FIELD_MANAGER and f"f:{key}" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    ]
    entries.sort(key=lambda entry: str(entry.get("time", NO_TIME)))
    return str(entries[-1].get("manager", "")) if entries else ""


def unschedulable_in(text: str) -> bool | None:
    """What a node's record or receipt says that it was; None when it is not one of ours."""
    said = loaded(text).get("unschedulable")
    return said if isinstance(said, bool) else None


def _pool(name: str, labels: Mapping[str, str]) -> str:
    return next((labels[key] for key in POOL_LABELS if labels.get(key)), name)


def loaded(text: str) -> dict[str, Any]:
    """The JSON object in an annotation; empty when it is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
