"""What the planner sees of Kubernetes objects: small frozen views, read from the JSON that the API server gives.

The controller makes them when it observes. They keep only what a decision needs.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from firedoor.api import names

Json = Mapping[str, Any]
Family = Literal["IPv4", "IPv6"]
CONTROL_PLANE_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
POOL_LABELS = (
    "karpenter.sh/nodepool",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "node.cluster.x-k8s.io/pool",
)
"""By which providers say that nodes are alike."""
MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Owner:
    """A controlling owner of an object."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PodPrior:
    """What a pod was before the first quarantine: labels, the annotations that firedoor writes over, controlling owner."""

    labels: Mapping[str, str]
    owner: Owner | None
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    """None under a key: the pod had no such annotation."""

    def dump(self) -> str:
        owner = None if self.owner is None else {"kind": self.owner.kind, "name": self.owner.name, "uid": self.owner.uid}
        document = {"labels": dict(self.labels), "annotations": dict(self.annotations), "owner": owner}
        return json.dumps(document, sort_keys=True)

    @classmethod
    def load(cls, text: str) -> Self | None:
        """The prior in an annotation or receipt; None when it is not one of ours."""
        document = loaded(text)
        labels, annotations, owner = document.get("labels"), document.get("annotations") or {}, document.get("owner")
        if not (_of_words(labels) and _of_words(annotations, or_none=True) and (owner is None or _of_words(owner))):
            return None
        if owner is not None and owner.keys() != {"kind", "name", "uid"}:
            return None
        return cls(labels=labels or {}, owner=Owner(**owner) if owner else None, annotations=annotations)


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
    annotations: Mapping[str, str]
    prior_note: str | None
    owner: Owner | None
    tcp_ports: tuple[int, ...]
    udp_ports: tuple[int, ...]
    addresses: tuple[str, ...]
    """Every address of the pod, of both families; the first is `ip`."""
    service_account: str
    secrets: tuple[str, ...]
    """Names of the Secrets that its containers mount or take environment variables from."""

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
            annotations=annotations,
            prior_note=annotations.get(names.PRIOR),
            owner=controller_of(metadata),
            tcp_ports=_ports(spec, "TCP"),
            udp_ports=_ports(spec, "UDP"),
            addresses=addresses(status),
            service_account=spec.get("serviceAccountName") or "default",
            secrets=_secrets(spec),
        )

    @property
    def finished(self) -> bool:
        return self.phase in ("Succeeded", "Failed")

    @property
    def recorded(self) -> PodPrior | None:
        """The record on the pod, whoever wrote it."""
        return PodPrior.load(self.prior_note) if self.prior_note else None

    @property
    def as_it_is(self) -> PodPrior:
        return PodPrior(labels=self.labels, owner=self.owner)


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
        )

    @property
    def holders(self) -> tuple[str, ...]:
        """The annotations by which incidents hold the cordon."""
        return tuple(key for key in self.annotations if key.startswith(names.CORDON_PREFIX))

    @property
    def was_unschedulable(self) -> bool | None:
        """Whether the node was unschedulable before the first holder; None when that is not recorded."""
        return loaded(self.annotations.get(names.PRIOR, "")).get("unschedulable")


def family(address: str) -> Family:
    """The family that an address is of."""
    return "IPv6" if ":" in address else "IPv4"


def controller_of(metadata: Json) -> Owner | None:
    """The controlling owner that an object's metadata name."""
    references = metadata.get("ownerReferences") or ()
    return next((Owner(r["kind"], r["name"], r["uid"]) for r in references if r.get("controller")), None)


def _ports(spec: Json, protocol: str) -> tuple[int, ...]:
    sidecars = (one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always")
    ports = (port for container in (*spec.get("containers", ()), *sidecars) for port in container.get("ports") or ())
    return tuple(sorted({port["containerPort"] for port in ports if port.get("protocol", "TCP") == protocol}))


def addresses(status: Json) -> tuple[str, ...]:
    """Every address in a pod's status, of both families; the pod's own first."""
    listed = tuple(one["ip"] for one in status.get("podIPs") or ())
    return listed or ((status["podIP"],) if status.get("podIP") else ())


def _pool(name: str, labels: Mapping[str, str]) -> str:
    return next((labels[key] for key in POOL_LABELS if labels.get(key)), name)


def _secrets(spec: Json) -> tuple[str, ...]:
    return tuple(sorted({*_mounted_secrets(spec), *_environment_secrets(spec)}))


def _mounted_secrets(spec: Json) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        if name := (volume.get("secret") or {}).get("secretName"):
            yield name
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "secret" in source:
                yield source["secret"]["name"]


def _environment_secrets(spec: Json) -> Iterator[str]:
    kinds = ("containers", "initContainers", "ephemeralContainers")
    for container in (one for kind in kinds for one in spec.get(kind) or ()):
        for source in container.get("envFrom") or ():
            if "secretRef" in source:
                yield source["secretRef"]["name"]
        for variable in container.get("env") or ():
            if reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
                yield reference["name"]


def _of_words(found: object, or_none: bool = False) -> bool:
    return isinstance(found, dict) and all(isinstance(value, str) or (or_none and value is None) for value in found.values())


def loaded(text: str) -> dict[str, Any]:
    """The JSON object in an annotation; empty when it is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
