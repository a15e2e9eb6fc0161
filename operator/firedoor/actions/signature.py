"""The signature of sealed evidence: its public key where people find it, and the Job that lays it into the bag.

The signature is made before; nothing here knows the key. Evidence is signed once; there is no reverse.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from firedoor.api import names
from firedoor.api.placing import CORDON_TOLERATED, DISRUPTION_IGNORED
from firedoor.api.rbac import Rule
from firedoor.api.restricted import container_security, pod_security
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import CLAIMS, CONFIG_MAPS, JOBS

HOME_RULES = (
    # The public keys, old ones too, so that every bundle can be checked as long as it is kept.
    Rule(groups=("",), resources=("configmaps",), verbs=("patch",), names=(names.SIGNING_KEYS,)),
    # What was sealed is noted on the claim, which outlives the incident.
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("patch",)),
)
DEADLINE_SECONDS: Final = 600
"""Most of it for the volume, which comes from the node of the collector, and for the image."""
KEPT_SECONDS: Final = 7200
"""Longer than the collector's Job stays: as long as that is there, this one says that its bag is signed."""
KEEPER: Final = "keeper"


@dataclass(frozen=True, slots=True)
class Laying:
    """What goes into which bag; the fields are those that `firedoor keep-signature` reads."""

    bundle: str
    signed: str
    envelope: str
    detached: str


async def publish(kube: Kube, home: str, key_id: str, pem: str) -> None:
    """Adds a public key to those that people check bundles with; none is ever taken away."""
    await kube.patch(CONFIG_MAPS, names.SIGNING_KEYS, home, {"data": {f"{key_id}.pem": pem}})


async def note_on_claim(kube: Kube, home: str, incident_uid: str, sealed: Obj) -> None:
    """Notes on the claim what its volume holds."""
    body = {"metadata": {"annotations": {names.SEALED: json.dumps(sealed)}}}
    await kube.patch(CLAIMS, names.evidence_claim(incident_uid), home, body)


async def lay(kube: Kube, home: str, image: str, incident_uid: str, key_id: str, laying: Laying) -> None:
    """Starts the Job that lays the signature into its bag; one that exists already is well."""
    await kube.ensure(JOBS, job(home, image, incident_uid, key_id, laying))


def job(home: str, image: str, incident_uid: str, key_id: str, laying: Laying) -> Obj:
    """The Job: restricted profile, no token, nothing writable but the volume."""
    labels = {**names.made_labels(incident_uid), names.COMPONENT: KEEPER}
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": names.keeper_job(incident_uid),
            "namespace": home,
            "labels": labels,
            "annotations": {names.KEY_ID: key_id},
        },
        "spec": {
            "backoffLimit": 6,
            "podFailurePolicy": {"rules": [DISRUPTION_IGNORED]},
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(image, incident_uid, laying)},
        },
    }


def _pod_spec(image: str, incident_uid: str, laying: Laying) -> dict[str, Any]:
    return {
        "serviceAccountName": names.COLLECTOR,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "tolerations": [*CORDON_TOLERATED],
        "securityContext": pod_security(volume=True),
        "containers": [_container(image, laying)],
        "volumes": [{"name": "evidence", "persistentVolumeClaim": {"claimName": names.evidence_claim(incident_uid)}}],
    }


def _container(image: str, laying: Laying) -> dict[str, Any]:
    return {
        "name": KEEPER,
        "image": image,
        "args": ["keep-signature"],
        "env": [{"name": "FIREDOOR_SIGNATURE", "value": json.dumps(asdict(laying))}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "evidence", "mountPath": "/evidence"}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
    }
