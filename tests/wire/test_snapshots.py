"""Snapshots of evidence volumes, as the controller sees to them: asked for once, by a class that retains, and never deleted."""

from pathlib import Path

from tests.fakes.apiserver import FakeCluster
from tests.fakes.objects import Obj
from tests.fakes.workloads import collectors
from tests.wire.process import operated
from tests.wire.world import CLAIMS, HOME, INCIDENTS, delete, eventually, furnish, incidents, release, report, says

GROUP = "snapshot.storage.k8s.io/v1"
SNAPSHOTS, CLASSES, CONTENTS = (f"{GROUP}/volumesnapshot{kind}" for kind in ("s", "classes", "contents"))
SETTINGS = {
    "FIREDOOR_ACTIONS": "network,cordon,scaleToZero,identity,evidence,volumeSnapshots",
    "FIREDOOR_SNAPSHOT_CLASS": "keep",
}


def told(cluster: FakeCluster) -> Obj:
    """What the incident says of its snapshot."""
    evidence = cluster.get(INCIDENTS, "shop", "incident").get("status", {}).get("evidence", {})
    return dict(next(iter(evidence.get("copies", [])), {"state": "", "reason": ""}))


def snapshot_class(cluster: FakeCluster, policy: str) -> None:
    cluster.add(CLASSES, {"metadata": {"name": "keep"}, "driver": "csi.example", "deletionPolicy": policy})


def made(cluster: FakeCluster) -> None:
    """What a snapshot controller does."""
    (snapshot,) = cluster.all(SNAPSHOTS)
    spec, status = {"deletionPolicy": "Retain"}, {"snapshotHandle": "snap-0a1b"}
    cluster.add(CONTENTS, {"metadata": {"name": "content"}, "spec": spec, "status": status})
    ready = {"readyToUse": True, "boundVolumeSnapshotContentName": "content", "creationTime": "2026-03-01T00:00:00Z"}
    cluster.change(SNAPSHOTS, HOME, snapshot["metadata"]["name"], {"status": ready})


async def test_a_sealed_volume_is_snapshotted_and_the_snapshot_outlives_release_and_incident(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(collectors,)) as cluster:
        furnish(cluster)
        snapshot_class(cluster, "Retain")
        async with operated(cluster, tmp_path, **SETTINGS):
            report(cluster, evidence={})
            await eventually(lambda: bool(cluster.all(SNAPSHOTS)), "a snapshot is asked for")
            (claim,), (snapshot,) = cluster.all(CLAIMS), cluster.all(SNAPSHOTS)
            assert snapshot["spec"] == {
                "volumeSnapshotClassName": "keep",
                "source": {"persistentVolumeClaimName": claim["metadata"]["name"]},
            }
            assert "ownerReferences" not in snapshot["metadata"]
            assert says(cluster, "EvidenceSealed")
            made(cluster)
            await eventually(lambda: told(cluster)["state"] == "Kept", "the storage has it")
            assert told(cluster)["handle"] == "snap-0a1b"
            release(cluster)
            await eventually(lambda: says(cluster, "Released"), "released")
            delete(cluster)
            await eventually(lambda: not incidents(cluster), "the incident is gone")
        assert len(cluster.all(SNAPSHOTS)) == 1
        assert not [asked for asked in cluster.requests if asked.method == "DELETE" and asked.collection.startswith(GROUP)]


async def test_a_class_that_would_delete_is_refused_until_it_is_another(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(collectors,)) as cluster:
        furnish(cluster)
        snapshot_class(cluster, "Delete")
        async with operated(cluster, tmp_path, **SETTINGS):
            report(cluster, evidence={})
            await eventually(lambda: told(cluster)["reason"] == "ClassDeletes", "the class is refused")
            assert "Name a class with deletionPolicy Retain" in told(cluster)["message"]
            assert cluster.all(SNAPSHOTS) == []
            cluster.remove(CLASSES, "", "keep")
            snapshot_class(cluster, "Retain")
            await eventually(lambda: bool(cluster.all(SNAPSHOTS)), "a snapshot is asked for", 45.0)
