"""Snapshots of evidence volumes on a real API server that serves VolumeSnapshots; the story itself plays their controller."""

import json
from collections.abc import Iterator

import pytest

from cluster.install import install
from cluster.providers import Provider
from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually

GROUP = "snapshot.storage.k8s.io"
NO_CORDON = {"network": "Isolate", "node": "None"}
CLASS = "firedoor-story"
CONTENT = "firedoor-story-content"
KINDS = {"VolumeSnapshot": "Namespaced", "VolumeSnapshotContent": "Cluster", "VolumeSnapshotClass": "Cluster"}


@pytest.fixture
def snapshotting(provider: Provider, kubectl: Kubectl, bare_home: None) -> Iterator[None]:
    """firedoor, installed so that it asks for snapshots, on a cluster that serves none yet; afterwards as it was."""
    if kubectl.exists("crd", f"volumesnapshots.{GROUP}"):
        pytest.skip("this cluster has a snapshot controller of its own")
    install(provider, ("--set", f"actions.volumeSnapshots.enabled=true,actions.volumeSnapshots.className={CLASS}"))
    try:
        yield
    finally:
        install(provider)
        names = [definition(kind)["metadata"]["name"] for kind in KINDS]
        kubectl("delete", "crd", *names, "--ignore-not-found", "--timeout=60s")


@pytest.mark.alone
def test_an_evidence_volume_is_snapshotted_by_a_class_that_retains_and_by_no_other(snapshotting: None, story: Story) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)
    becomes(story, "Failed", "NotServed")
    story.wait("Contained")

    story.kubectl.apply(*(definition(kind) for kind in KINDS))
    crds = [f"crd/{definition(kind)['metadata']['name']}" for kind in KINDS]
    story.kubectl("wait", "--for=condition=Established", *crds, "--timeout=30s")
    story.kubectl.apply(snapshot_class("Delete"))
    assert "has deletionPolicy Delete" in becomes(story, "Failed", "ClassDeletes")["message"]

    story.kubectl("delete", "volumesnapshotclass", CLASS)
    story.kubectl.apply(snapshot_class("Retain"))
    evidence = becomes(story, "Copying") and story.get("secinc", "incident")["status"]["evidence"]
    snapshot = story.kubectl.json("-n", HOME, "volumesnapshot", evidence["claim"])
    assert snapshot["spec"] == {"volumeSnapshotClassName": CLASS, "source": {"persistentVolumeClaimName": evidence["claim"]}}
    assert "ownerReferences" not in snapshot["metadata"]

    made(story.kubectl, evidence["claim"])
    told = becomes(story, "Kept")
    assert (told["handle"], told["where"]) == ("snap-0a1b2c", f"volumesnapshot {HOME}/{evidence['claim']}")
    note = story.kubectl.json("-n", HOME, "pvc", evidence["claim"])["metadata"]["annotations"]["firedoor.dev/snapshot"]
    assert json.loads(note)["handle"] == "snap-0a1b2c"

    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=60s")
    assert story.kubectl.exists("-n", HOME, "volumesnapshot", evidence["claim"])
    may_delete = ("auth", "can-i", "delete", "volumesnapshots", "-n", HOME, f"--as={controller()}")
    assert story.kubectl(*may_delete, check=False).strip() != "yes"


def controller() -> str:
    return f"system:serviceaccount:{HOME}:firedoor-controller"


def becomes(story: Story, state: str, reason: str = "") -> Json:
    """Waits until the incident says this of its snapshot; what it says."""

    def told() -> Json:
        copies = story.get("secinc", "incident").get("status", {}).get("evidence", {}).get("copies", [])
        return dict(next(iter(copies), {"state": "", "reason": ""}))

    eventually(lambda: told()["state"] == state and reason in ("", told()["reason"]), f"the snapshot is {state} {reason}", 60.0)
    return told()


def made(kubectl: Kubectl, name: str) -> None:
    """What a snapshot controller and its driver do."""
    content = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "VolumeSnapshotContent",
        "metadata": {"name": CONTENT},
        "spec": {"deletionPolicy": "Retain", "driver": "csi.example"},
    }
    kubectl.apply(content)
    named = {"status": {"snapshotHandle": "snap-0a1b2c", "readyToUse": True}}
    kubectl("patch", "volumesnapshotcontent", CONTENT, "--subresource=status", "--type=merge", "-p", json.dumps(named))
    ready = {"readyToUse": True, "boundVolumeSnapshotContentName": CONTENT, "creationTime": "2026-03-01T00:00:00Z"}
    about = ("-n", HOME, "patch", "volumesnapshot", name, "--subresource=status", "--type=merge")
    kubectl(*about, "-p", json.dumps({"status": ready}))


def snapshot_class(policy: str) -> Json:
    metadata = {"name": CLASS}
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": metadata,
        "driver": "csi.example",
        "deletionPolicy": policy,
    }


def definition(kind: str) -> Json:
    """The kind's CRD, as far as its shape goes: the fields are those of external-snapshotter's v1."""
    plural = f"{kind.lower()}es" if kind.endswith("s") else f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    if kind == "VolumeSnapshotClass":
        del version["subresources"]
    named = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in for a story"},
        },
        "spec": {"group": GROUP, "scope": KINDS[kind], "names": named, "versions": [version]},
    }
