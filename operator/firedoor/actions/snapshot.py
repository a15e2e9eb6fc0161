"""A snapshot of an evidence volume: asked for, and noted on the claim when the storage has it.

It has no owner and no reverse: nothing that happens to an incident, its claim or firedoor deletes a snapshot.
"""

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import CLAIMS, SNAPSHOTS

RULES = (
    Rule(groups=("snapshot.storage.k8s.io",), resources=("volumesnapshotclasses", "volumesnapshotcontents"), verbs=("get",)),
)
HOME_RULES = (
    Rule(groups=("snapshot.storage.k8s.io",), resources=("volumesnapshots",), verbs=("list", "create")),
    # What is sealed and waits for a snapshot, and the note of it.
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("list", "patch")),
)


async def start(kube: Kube, home: str, incident_uid: str, incident: str, snapshot_class: str) -> None:
    """Asks for a snapshot of the incident's evidence volume; one that is there already is well."""
    await kube.ensure(SNAPSHOTS, snapshot(home, incident_uid, incident, snapshot_class))


async def note_on_claim(kube: Kube, home: str, incident_uid: str, note: Obj) -> None:
    """Notes on the claim what the storage calls the snapshot."""
    await kube.patch(CLAIMS, names.evidence_claim(incident_uid), home, note)


def snapshot(home: str, incident_uid: str, incident: str, snapshot_class: str) -> Obj:
    """The VolumeSnapshot."""
    source = {"persistentVolumeClaimName": names.evidence_claim(incident_uid)}
    return {
        "apiVersion": SNAPSHOTS.api_version,
        "kind": SNAPSHOTS.kind,
        "metadata": {
            "name": names.evidence_snapshot(incident_uid),
            "namespace": home,
            "labels": names.made_labels(incident_uid),
            "annotations": {names.INCIDENT_NAME: incident},
        },
        "spec": {"volumeSnapshotClassName": snapshot_class, "source": source},
    }
