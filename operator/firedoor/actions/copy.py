"""A copy of sealed evidence in an object store: the Job that makes it, and the note of it on the claim.

The credentials are in a Secret that the Job's pod mounts; nothing here can read them. What is locked in a store is
nobody's to take back, so there is no reverse.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from firedoor.api import names
from firedoor.api.copies import ObjectStore
from firedoor.api.placing import CORDON_TOLERATED, DISRUPTION_IGNORED
from firedoor.api.rbac import Rule
from firedoor.api.restricted import container_security, pod_security
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import CLAIMS, JOBS

HOME_RULES = (
    Rule(groups=("batch",), resources=("jobs",), verbs=("list", "create")),
    Rule(groups=("",), resources=("pods",), verbs=("list",)),
    # What is sealed and waits for a copy, and the note of the copy.
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("list", "patch")),
)
COPIER: Final = "copier"
REFUSED: Final = 3
"""Exit status by which the copier says that it knows why it cannot copy; another pod would not know better."""
AGAIN_SECONDS: Final = 300
"""How long an ended Job stays; when a failed one goes, the next is made."""
DEADLINE_SECONDS: Final = 3600
"""How long one may have its turn: the next one goes on where it was."""
MEMORY: Final = "128Mi"
"""The copier holds half of it at most (measured); the rest is the kernel's for the files that it reads."""


@dataclass(frozen=True, slots=True)
class Copying:
    """Which bag to copy, and until when it is locked."""

    incident_uid: str
    incident: str
    bundle: str
    sealed_as: str
    """SHA-256 of its tag manifest."""
    until: datetime

    def order(self, store: ObjectStore) -> str:
        """As `firedoor copy-bag` reads it."""
        folder = store.folder(self.incident_uid, self.bundle)
        about = {"bundle": self.bundle, "sealedAs": self.sealed_as, "folder": folder, "retainUntil": self.until.isoformat()}
        return json.dumps({**about, "bucket": store.bucket, "region": store.region, "mode": store.mode})


async def start(kube: Kube, home: str, image: str, store: ObjectStore, copying: Copying) -> None:
    """Starts the Job; one that exists already is well."""
    await kube.ensure(JOBS, job(home, image, store, copying))


async def note_on_claim(kube: Kube, home: str, incident_uid: str, note: Obj) -> None:
    """Notes on the claim where a copy of its bag is."""
    await kube.patch(CLAIMS, names.evidence_claim(incident_uid), home, note)


def job(home: str, image: str, store: ObjectStore, copying: Copying) -> Obj:
    """The Job: restricted profile, no token, the volume read-only. What kills its pod is no failure of the copy."""
    labels = {**names.made_labels(copying.incident_uid), names.COMPONENT: COPIER}
    known = {"containerName": COPIER, "operator": "In", "values": [REFUSED]}
    rules = [{"action": "FailJob", "onExitCodes": known}, DISRUPTION_IGNORED]
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": names.copier_job(copying.incident_uid),
            "namespace": home,
            "labels": labels,
            "annotations": {names.INCIDENT_NAME: copying.incident},
        },
        "spec": {
            "backoffLimit": 6,
            "podFailurePolicy": {"rules": rules},
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "ttlSecondsAfterFinished": AGAIN_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(image, store, copying)},
        },
    }


def _pod_spec(image: str, store: ObjectStore, copying: Copying) -> dict[str, Any]:
    claim = {"claimName": names.evidence_claim(copying.incident_uid), "readOnly": True}
    return {
        "serviceAccountName": names.COPIER,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "tolerations": [*CORDON_TOLERATED],
        # As the owner of the Secret's files: they are nobody else's to read.
        "securityContext": pod_security(volume=True),
        "containers": [_container(image, store, copying)],
        "volumes": [
            {"name": "evidence", "persistentVolumeClaim": claim},
            # Optional, so that a missing Secret is told by the copier instead of keeping its pod from starting.
            {"name": "store", "secret": {"secretName": store.secret, "optional": True, "defaultMode": 0o440}},
        ],
    }


def _container(image: str, store: ObjectStore, copying: Copying) -> dict[str, Any]:
    return {
        "name": COPIER,
        "image": image,
        "args": ["copy-bag"],
        "env": [{"name": "FIREDOOR_COPY", "value": copying.order(store)}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "evidence", "mountPath": "/evidence", "readOnly": True},
            {"name": "store", "mountPath": "/var/run/firedoor/store", "readOnly": True},
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": MEMORY}},
        "securityContext": container_security(),
    }
