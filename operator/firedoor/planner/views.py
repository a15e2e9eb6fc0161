"""What the planner sees of Kubernetes objects: small frozen views, read from the JSON that the API server gives.

The controller makes them when it observes. They keep only what a decision needs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from firedoor.api import names

Json = Mapping[str, Any]
CONTROL_PLANE_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Owner:
    """A controlling owner of an object."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PodPrior:
    """What a pod was before the first quarantine: labels and controlling owner."""

    labels: Mapping[str, str]
    owner: Owner | None

    def dump(self) -> str:
        owner = None if self.owner is None else {"kind": self.owner.kind, "name": self.owner.name, "uid": self.owner.uid}
        return json.dumps({"labels": dict(self.labels), "owner": owner}, sort_keys=True)

    @classmethod
    def load(cls, text: str) -> Self | None:
        """The prior in an annotation or receipt; None when it is not one of ours."""
        document = _object(text)
        labels = document.get("labels")
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            return None
        owner = document.get("owner")
        return cls(labels=labels, owner=Owner(owner["kind"], owner["name"], owner["uid"]) if owner else None)


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod as a suspect."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    node: str
    ip: str
    phase: str
    host_network: bool
    static: bool
    leaving: bool
    labels: Mapping[str, str]
    prior_note: str | None
    owner: Owner | None
    tcp_ports: tuple[int, ...]

    @classmethod
    def read(cls, pod: Json) -> Self:
        metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
        annotations = metadata.get("annotations") or {}
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            node=spec.get("nodeName", ""),
            ip=status.get("podIP", ""),
            phase=status.get("phase", "Pending"),
            host_network=bool(spec.get("hostNetwork")),
            static=MIRROR in annotations,
            leaving="deletionTimestamp" in metadata,
            labels=metadata.get("labels") or {},
            prior_note=annotations.get(names.PRIOR),
            owner=_owner(metadata),
            tcp_ports=_tcp_ports(spec),
        )

    @property
    def quarantined(self) -> tuple[str, ...]:
        """The quarantine labels on the pod, of whichever incident."""
        return tuple(key for key in self.labels if key.startswith(names.QUARANTINE_PREFIX))

    @property
    def finished(self) -> bool:
        return self.phase in ("Succeeded", "Failed")

    @property
    def prior(self) -> PodPrior:
        """What the pod was before firedoor: as recorded while it is quarantined, as it is now otherwise.

        A record on a pod that no incident holds is stale or forged, so it counts for nothing.
        """
        recorded = PodPrior.load(self.prior_note) if self.quarantined and self.prior_note else None
        return recorded or PodPrior(labels=self.labels, owner=self.owner)


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A NetworkPolicy as far as it may deny or allow."""

    namespace: str
    name: str
    uid: str
    incident_uid: str | None
    spec: Json
    reached: str | None

    @classmethod
    def read(cls, policy: Json) -> Self:
        metadata = policy["metadata"]
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            incident_uid=(metadata.get("labels") or {}).get(names.INCIDENT_UID),
            spec=policy.get("spec") or {},
            reached=(metadata.get("annotations") or {}).get(names.REACHED),
        )


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
        )

    @property
    def holders(self) -> tuple[str, ...]:
        """The annotations by which incidents hold the cordon."""
        return tuple(key for key in self.annotations if key.startswith(names.CORDON_PREFIX))

    @property
    def was_unschedulable(self) -> bool | None:
        """Whether the node was unschedulable before the first holder; None when that is not recorded."""
        return _object(self.annotations.get(names.PRIOR, "")).get("unschedulable")


@dataclass(frozen=True, slots=True)
class WorkloadView:
    """The workload that owned the suspect, found by walking up from the pod's recorded owner."""

    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str
    replicas: int
    annotations: Mapping[str, str]

    @classmethod
    def read(cls, kind: str, workload: Json) -> Self:
        metadata = workload["metadata"]
        return cls(
            kind=kind,
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            replicas=workload.get("spec", {}).get("replicas", 1),
            annotations=metadata.get("annotations") or {},
        )

    @property
    def holders(self) -> tuple[str, ...]:
        return tuple(key for key in self.annotations if key.startswith(names.SCALE_PREFIX))

    @property
    def prior_replicas(self) -> int | None:
        """Replicas before the first holder; None when that is not recorded."""
        return _object(self.annotations.get(names.PRIOR, "")).get("replicas")


def _owner(metadata: Json) -> Owner | None:
    references = metadata.get("ownerReferences") or ()
    return next((Owner(r["kind"], r["name"], r["uid"]) for r in references if r.get("controller")), None)


def _tcp_ports(spec: Json) -> tuple[int, ...]:
    ports = (port for container in spec.get("containers", ()) for port in container.get("ports") or ())
    return tuple(sorted({port["containerPort"] for port in ports if port.get("protocol", "TCP") == "TCP"}))


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
