"""What the planner sees of a pod as a suspect.

The controller makes these views when it observes. They keep only what a decision needs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from firedoor.api import names
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.views import Json, Owner, controller_of

Family = Literal["IPv4", "IPv6"]
MIRROR = "kubernetes.io/config.mirror"
NOTE_LIMIT = 65536
"""Characters of a record that may go into another: all annotations of a pod share 256 KiB."""


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
    ready: bool
    """Whether it says that it can serve."""
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
            ready=_ready(status),
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
        """With a record that no incident vouches for: it is given back like any other annotation, and believed by nobody."""
        note = self.prior_note
        stays = note is not None and len(note) <= NOTE_LIMIT
        return PodPrior(labels=self.labels, owner=self.owner, annotations={names.PRIOR: note} if stays else {})


def family(address: str) -> Family:
    """The family that an address is of."""
    return "IPv6" if ":" in address else "IPv4"


def addresses(status: Json) -> tuple[str, ...]:
    """Every address in a pod's status, of both families; the pod's own first."""
    listed = tuple(one["ip"] for one in status.get("podIPs") or ())
    return listed or ((status["podIP"],) if status.get("podIP") else ())


def _ready(status: Json) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())


def _ports(spec: Json, protocol: str) -> tuple[int, ...]:
    sidecars = (one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always")
    ports = (port for container in (*spec.get("containers", ()), *sidecars) for port in container.get("ports") or ())
    return tuple(sorted({port["containerPort"] for port in ports if port.get("protocol", "TCP") == protocol}))


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
