"""Evidence: the volume that keeps it and the collector that fills it, both in firedoor's home namespace.

The claim has no owner reference and no reverse here: nothing that happens to an incident deletes evidence. The
collector runs as an account of its own that may read and put a helper beside a suspect, and writes nothing but the volume.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firedoor.api import duration, names, quantity
from firedoor.api.allocator import KEEPS_BLOCKS
from firedoor.api.incident import Limits, Storage
from firedoor.api.placing import CORDON_TOLERATED, DISRUPTION_IGNORED
from firedoor.api.rbac import Rule
from firedoor.api.restricted import container_security, pod_security
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import CLAIMS, JOBS

HOME_RULES = (
    Rule(groups=("batch",), resources=("jobs",), verbs=("get", "list", "create")),
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("get", "create")),
    Rule(groups=("",), resources=("pods",), verbs=("get", "list")),
)
START_SECONDS = 300
"""For the volume and the image to come: the time of the capture is counted from the first thing that it writes."""
SEAL_SECONDS = 120
"""For the seal, after the time for the capture is over, beside what it takes to read the volume back."""
READ_BACK_BYTES = 16 << 20
"""Of the volume in a second, at the least."""
KEPT_SECONDS = 3600
"""How long a finished collector stays to be read; a later one finds the sealed bag and reports it again."""
MEMORY = "64Mi"
KUBELET_CA = "/etc/firedoor/kubelet-ca"


@dataclass(frozen=True, slots=True)
class Order:
    """What to capture, from which pod, for which incident."""

    incident: Mapping[str, str]
    """uid, name and namespace of the incident."""
    pod: Mapping[str, str]
    """namespace, name and uid of the suspect."""
    paths: tuple[str, ...]
    limits: Limits
    helper_image: str = ""
    """Image of the helper that may be put beside the suspect's containers; empty: none may."""
    node_logs: str = ""
    """Namespace of the account that may read logs from nodes; empty: they may not be read."""

    def dump(self) -> str:
        document = {"incident": dict(self.incident), "pod": dict(self.pod), "paths": list(self.paths)}
        permitted = {"helperImage": self.helper_image, "nodeLogs": self.node_logs}
        return json.dumps({**document, "limits": self._limits(), **permitted})

    def _limits(self) -> dict[str, float]:
        """In bytes, numbers and seconds."""
        return {
            "captureSeconds": duration.parsed(self.limits.duration).total_seconds(),
            "artifactBytes": quantity.parsed(self.limits.artifact_bytes),
            "fileBytes": quantity.parsed(self.limits.file_bytes),
            "files": self.limits.files,
        }


async def start(kube: Kube, home: str, image: str, order: Order, storage: Storage) -> None:
    """Makes the volume and starts the collector; those that exist already are well."""
    for resource, thing in ((CLAIMS, claim(home, order, storage)), (JOBS, job(home, image, order, storage))):
        await kube.ensure(resource, thing)


def claim(home: str, order: Order, storage: Storage) -> Obj:
    """The evidence volume's claim."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage.size}},
    }
    if storage.storage_class_name is not None:
        spec["storageClassName"] = storage.storage_class_name
    return _made(home, names.evidence_claim(order.incident["uid"]), order) | {
        "apiVersion": CLAIMS.api_version,
        "kind": CLAIMS.kind,
        "spec": spec,
    }


def job(home: str, image: str, order: Order, storage: Storage) -> Obj:
    """The collector's Job: restricted profile, nothing writable but the volume."""
    return _made(home, names.collector_job(order.incident["uid"]), order) | {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "spec": {
            "backoffLimit": 6,
            "podFailurePolicy": {"rules": [DISRUPTION_IGNORED]},
            "activeDeadlineSeconds": _deadline(order, storage),
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {
                "metadata": {"labels": {**names.made_labels(order.incident["uid"]), names.COMPONENT: "collector"}},
                "spec": _pod_spec(image, order),
            },
        },
    }


def _made(home: str, name: str, order: Order) -> Obj:
    incident = f"{order.incident['namespace']}/{order.incident['name']}"
    return {
        "metadata": {
            "name": name,
            "namespace": home,
            "labels": names.made_labels(order.incident["uid"]),
            "annotations": {names.INCIDENT_NAME: incident, names.SUSPECT: f"{order.pod['namespace']}/{order.pod['name']}"},
        }
    }


def _pod_spec(image: str, order: Order) -> dict[str, Any]:
    return {
        "serviceAccountName": names.COLLECTOR,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "tolerations": [*CORDON_TOLERATED],
        "securityContext": pod_security(volume=True),
        "containers": [_container(image, order)],
        "volumes": [
            {
                "name": "evidence",
                "persistentVolumeClaim": {"claimName": names.evidence_claim(order.incident["uid"])},
            },
            *([{"name": "kubelet-ca", "configMap": {"name": names.KUBELET_CA, "optional": True}}] if order.node_logs else ()),
        ],
    }


def _container(image: str, order: Order) -> dict[str, Any]:
    return {
        "name": "collector",
        "image": image,
        "args": ["collect"],
        "env": [
            {"name": "FIREDOOR_CAPTURE", "value": order.dump()},
            {"name": "IMAGE", "value": image},
            {"name": "SERVICE_ACCOUNT", "value": names.COLLECTOR},
            *KEEPS_BLOCKS,
            _from_field("POD_NAME", "metadata.name"),
            _from_field("POD_UID", "metadata.uid"),
            _from_field("NODE_NAME", "spec.nodeName"),
            *([{"name": "FIREDOOR_KUBELET_CA", "value": f"{KUBELET_CA}/ca.crt"}] if order.node_logs else ()),
        ],
        "volumeMounts": [
            {"name": "evidence", "mountPath": "/evidence"},
            *([{"name": "kubelet-ca", "mountPath": KUBELET_CA, "readOnly": True}] if order.node_logs else ()),
        ],
        "resources": {
            "requests": {"cpu": "10m", "memory": _least(order.limits.memory)},
            "limits": {"memory": order.limits.memory},
        },
        "securityContext": container_security(),
    }


def _deadline(order: Order, storage: Storage) -> int:
    """A bag as large as its volume can still be read back and sealed, when the time for the capture was used up."""
    capture = duration.parsed(order.limits.duration).total_seconds()
    return START_SECONDS + int(capture) + SEAL_SECONDS + quantity.parsed(storage.size) // READ_BACK_BYTES


def _least(memory: str) -> str:
    """What is asked for: no more than the limit."""
    return min(MEMORY, memory, key=quantity.parsed)


def _from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
