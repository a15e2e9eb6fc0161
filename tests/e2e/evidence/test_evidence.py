"""Evidence: what was on the suspect is in a bag that strangers' tools accept, also when the volume was too small."""

import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.local.layout import VOLUMES
from cluster.providers import Provider
from firedoor.evidence.signature import check, public_keys
from tests.e2e.conftest import HOME, Json, Kubectl, Story
from tests.e2e.evidence.bags import fetch, judged

NO_CORDON = {"network": "Isolate", "node": "None"}


def test_the_bag_holds_logs_and_dropped_files_and_passes_the_independent_checkers(story: Story, tmp_path: Path) -> None:
    story.pod()
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", "echo evil > /tmp/dropped.php")
    paths = ["/tmp/**", "/not/there"]
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True, "paths": paths})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)

    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)

    judged(bag)
    with tarfile.open(bag / "data/03-filesystem/web/files.tar") as files:
        dropped = files.extractfile("tmp/dropped.php")
        assert dropped is not None
        assert dropped.read() == b"evil\n"
    assert b"Started HTTP server" in (bag / "data/02-logs/web/current.log").read_bytes()


def test_the_bag_is_signed_by_a_key_that_the_status_names_and_openssl_agrees(story: Story, tmp_path: Path) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)
    incident = story.get("secinc", "incident")
    bag = fetch(story.kubectl, incident, tmp_path)

    key_id = incident["status"]["evidence"]["keyId"]
    keys = story.kubectl.json("-n", HOME, "configmap", "firedoor-signing-keys")["data"]
    (tmp_path / "key.pem").write_text(keys[f"{key_id}.pem"])

    command = ["openssl", "dgst", "-sha256", "-verify", "../key.pem", "-signature", "signature.ecdsa", "tagmanifest-sha256.txt"]
    subprocess.run(command, cwd=bag, check=True, capture_output=True)
    assert check(bag, public_keys(keys[f"{key_id}.pem"].encode())) == []
    judged(bag)
    assert "custody head" in story.kubectl("-n", story.namespace, "get", "events.events.k8s.io", "-o", "jsonpath={..note}")


def test_evidence_outlives_its_incident(story: Story) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", seconds=120)
    claim = story.get("secinc", "incident")["status"]["evidence"]["claim"]

    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=30s")

    assert story.kubectl.exists("-n", HOME, "pvc", claim)


@pytest.fixture
def tiny_volume(provider: Provider, kubectl: Kubectl) -> Iterator[str]:
    """A storage class with one volume of four mebibytes."""
    if provider.name != "local":
        pytest.skip("a volume of four mebibytes needs a file system on the node, which only the local cluster lends")
    name = f"tiny-{uuid.uuid4().hex[:8]}"
    place = VOLUMES / name
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", name, str(place)], check=True)
    kubectl.apply(_volume(name, str(place)))
    yield name
    kubectl("delete", "persistentvolume", name, "--wait=false")
    subprocess.run(["umount", "-l", str(place)], check=True)
    place.rmdir()


def test_a_full_volume_gives_a_sealed_partial_bag_that_says_so(story: Story, tiny_volume: str, tmp_path: Path) -> None:
    story.pod()
    big = "dd if=/dev/zero of=/tmp/big bs=1M count=20 2>/dev/null"
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", big)
    storage = {"size": "4Mi", "storageClassName": tiny_volume}
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True, "paths": ["/tmp"], "storage": storage})

    found = story.wait("EvidenceSealed", reason="VolumeFull", seconds=120)

    assert "changed.tar" in found["message"]
    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)
    judged(bag)
    claim = story.get("secinc", "incident")["status"]["evidence"]["claim"]
    story.kubectl("-n", HOME, "delete", "pvc", claim, "--wait=false")


def _volume(name: str, path: str) -> Json:
    spec = {
        "capacity": {"storage": "4Mi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": name,
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": path},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
