"""Evidence: the volume that keeps it and the collector that fills it, both in firedoor's home namespace.

The claim has no owner reference and no reverse here: nothing that happens to an incident deletes evidence. The
collector runs as an account of its own that may read, and writes nothing but the volume.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firedoor.api import names
from firedoor.api.incident import Storage
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict
from firedoor.kube.resources import CLAIMS, JOBS

HOME_RULES = (
    Rule(groups=("batch",), resources=("jobs",), verbs=("get", "list", "create")),
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("get", "create")),
    Rule(groups=("",), resources=("pods",), verbs=("get", "list")),
)
DEADLINE_SECONDS = 900
KEPT_SECONDS = 3600
"""How long a finished collector stays to be read; a later one finds the sealed bag and reports it again."""
NOBODY = 65532


@dataclass(frozen=True, slots=True)
class Order:
    """What to capture, from which pod, for which incident."""

    incident: Mapping[str, str]
    """uid, name and namespace of the incident."""
    pod: Mapping[str, str]
    """namespace, name and uid of the suspect."""
    paths: tuple[str, ...]
    helper_image: str = ""
    """Image of the helper that may be put beside the suspect's containers; empty: none may."""

    def dump(self) -> str:
        incident, pod = dict(self.incident), dict(self.pod)
        return json.dumps({"incident": incident, "pod": pod, "paths": list(self.paths), "helperImage": self.helper_image})


async def start(kube: Kube, home: str, image: str, order: Order, storage: Storage) -> None:
    """Makes the volume and starts the collector; those that exist already are well."""
    for resource, thing in ((CLAIMS, claim(home, order, storage)), (JOBS, job(home, image, order))):
        try:
            await kube.create(resource, thing)
        except Conflict as conflict:
            if conflict.reason != "AlreadyExists":
                raise  # a quota that moved answers 409 too, and then nothing was made


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


def job(home: str, image: str, order: Order) -> Obj:
    """The collector's Job: restricted profile, nothing writable but the volume."""
    return _made(home, names.collector_job(order.incident["uid"]), order) | {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "spec": {
            "backoffLimit": 3,
            "activeDeadlineSeconds": DEADLINE_SECONDS,
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
            "annotations": {names.INCIDENT_NAME: incident},
        }
    }


def _pod_spec(image: str, order: Order) -> dict[str, Any]:
    return {
        "serviceAccountName": names.COLLECTOR,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image, order)],
        "volumes": [
            {
                "name": "evidence",
                "persistentVolumeClaim": {"claimName": names.evidence_claim(order.incident["uid"])},
            }
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
            _from_field("POD_NAME", "metadata.name"),
            _from_field("POD_UID", "metadata.uid"),
            _from_field("NODE_NAME", "spec.nodeName"),
        ],
        "volumeMounts": [{"name": "evidence", "mountPath": "/evidence"}],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
