"""Copies under a lock, from an incident to a store that refuses: with the chart as it is installed, under its own rights."""

import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from minio import Minio

from cluster.images import test as images
from cluster.install import install
from cluster.providers import Provider
from firedoor.evidence.verify import verify
from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually
from tests.e2e.copies.gateway import LOCKED, PASSWORD, REGION, USER, client, refuses_to_delete, versions
from tests.e2e.evidence.bags import judged
from tests.e2e.evidence.test_handover import program
from tests.e2e.ports import free_port

NO_CORDON = {"network": "Isolate", "node": "None"}
PORT = 7070
SECRET = "store-of-a-story"
PREFIX = "cluster-1"


class Shelf:
    """The store in the cluster: a pod behind a Service, and a way to it for the stranger who looks."""

    def __init__(self, kubectl: Kubectl, namespace: str, address: str, minio: Minio) -> None:
        self.kubectl = kubectl
        self.namespace = namespace
        self.url = f"http://{address}:{PORT}"
        self.minio = minio

    def bucket(self, *, lock: bool) -> None:
        """The bucket, made anew and empty."""
        if self.minio.bucket_exists(bucket_name=LOCKED):
            self.minio.remove_bucket(bucket_name=LOCKED)
        self.minio.make_bucket(bucket_name=LOCKED, object_lock=lock)

    def credentials(self, password: str = PASSWORD) -> None:
        metadata = {"name": SECRET, "namespace": HOME}
        keys = {"access-key-id": USER, "secret-access-key": password}
        self.kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": keys})

    def reachable(self, yes: bool) -> None:
        """Behind the Service stands the store, or nobody."""
        body = {"spec": {"selector": {"app": "store" if yes else "nobody"}}}
        self.kubectl("-n", self.namespace, "patch", "service", "store", "--type=merge", "-p", json.dumps(body))
        eventually(lambda: self._has_endpoints() is yes, "the Service has taken that in")

    def _has_endpoints(self) -> bool:
        slices = ("endpointslices", "-l", "kubernetes.io/service-name=store")
        return any(one.get("endpoints") for one in self.kubectl.json("-n", self.namespace, *slices)["items"])

    def fetched(self, folder: str, into: Path) -> Path:
        """The bag as it lies there."""
        bag = into / folder.rpartition("/")[2]
        for key in versions(self.minio, prefix=folder):
            self.minio.fget_object(bucket_name=LOCKED, object_name=key, file_path=str(bag / key.removeprefix(f"{folder}/")))
        return bag


@pytest.fixture
def shelf(provider: Provider, kubectl: Kubectl) -> Iterator[Shelf]:
    provider.load(images.object_store())
    namespace, port = f"store-{uuid.uuid4().hex[:8]}", free_port()
    kubectl("create", "namespace", namespace)
    kubectl.apply(*store_objects(namespace))
    kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/store", "--timeout=60s")
    address = kubectl.json("-n", namespace, "service", "store")["spec"]["clusterIP"]
    way = kubectl.following("-n", namespace, "port-forward", "pod/store", f"{port}:{PORT}")
    try:
        assert way.stdout is not None
        assert "Forwarding" in way.stdout.readline()
        yield Shelf(kubectl, namespace, address, client(f"127.0.0.1:{port}"))
    finally:
        way.terminate()
        way.communicate()
        kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def copying(provider: Provider, kubectl: Kubectl, bare_home: None, shelf: Shelf) -> Iterator[Shelf]:
    """firedoor, installed so that it copies into that store; afterwards as it was."""
    values = {"enabled": "true", "endpoint": shelf.url, "bucket": LOCKED, "region": REGION, "prefix": PREFIX}
    values |= {"existingSecret": SECRET, "retention": "1h", "egress.ports[0]": str(PORT)}
    sets = [word for name, value in values.items() for word in ("--set", f"actions.storeCopies.{name}={value}")]
    install(provider, tuple(sets))
    try:
        yield shelf
    finally:
        install(provider)
        kubectl("-n", HOME, "delete", "jobs", "-l", "app.kubernetes.io/component=copier", "--wait=false")
        kubectl("-n", HOME, "delete", "secret", SECRET, "--ignore-not-found")


def copy_of(story: Story) -> Json:
    """What the incident says of its copy."""
    copies = story.get("secinc", "incident").get("status", {}).get("evidence", {}).get("copies", [])
    return dict(next(iter(copies), {"state": "", "reason": ""}))


def becomes(story: Story, state: str, reason: str = "", seconds: float = 60.0) -> Json:
    """Waits until the incident says this of its copy; what it says."""

    def claim() -> bool:
        found = copy_of(story)
        return found["state"] == state and reason in ("", found["reason"])

    try:
        eventually(claim, f"the copy is {state} {reason}", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {copy_of(story)}") from None
    return copy_of(story)


def try_again(story: Story) -> None:
    """What the page for people says: a failed Job that goes is made anew."""
    uid = story.get("secinc", "incident")["metadata"]["uid"]
    story.kubectl("-n", HOME, "delete", "job", f"firedoor-copy-{uid.replace('-', '')[:8]}", "--wait=true")


def contained_and_sealed(story: Story) -> Json:
    story.pod()
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)
    story.wait("Contained")
    return story.get("secinc", "incident")


@pytest.mark.alone
def test_a_copy_that_fails_is_told_and_blocks_nothing_until_the_store_has_the_bag_refuses_to_delete_it_and_it_verifies(
    copying: Shelf, story: Story, tmp_path: Path
) -> None:
    copying.bucket(lock=False)
    copying.credentials("wrong")
    incident = contained_and_sealed(story)
    uid, evidence = incident["metadata"]["uid"], incident["status"]["evidence"]
    folder = f"{PREFIX}/{uid}/{evidence['bundle']}"
    what_is_wrong_is_told(copying, story, folder)
    try_again(story)

    told = becomes(story, "Kept")
    assert (told["where"], told["mode"]) == (f"{copying.url}/{LOCKED}/{folder}", "COMPLIANCE")
    assert "bagit.txt" in told["message"]
    laid = versions(copying.minio, prefix=folder)
    assert (len(laid), sum(len(found) for found in laid.values())) == (told["objects"], told["objects"] + 1)
    for key, (version, *_) in laid.items():
        assert refuses_to_delete(copying.minio, key, version), key

    bag = copying.fetched(folder, tmp_path)
    judged(bag)
    keys = story.kubectl.json("-n", HOME, "configmap", "firedoor-signing-keys")["data"]
    (tmp_path / "key.pem").write_text(keys[f"{evidence['keyId']}.pem"])
    checked = program(story.kubectl.kubeconfig, "verify", str(bag), "--key", str(tmp_path / "key.pem"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    note = story.kubectl.json("-n", HOME, "pvc", evidence["claim"])["metadata"]["annotations"]["firedoor.dev/copied"]
    assert json.loads(note)["retainUntil"] == told["retainUntil"]
    eventually(lambda: "EvidenceCopied=True" in events(story), "an event tells of it")

    altered, version = f"{folder}/capture.json", laid[f"{folder}/capture.json"][0]
    copying.minio.put_object(LOCKED, altered, io.BytesIO(b"{}"), 2)
    forged = copying.fetched(folder, tmp_path / "again")
    assert {finding.where for finding in verify(forged)} == {"capture.json"}
    copying.minio.fget_object(LOCKED, altered, str(forged / "capture.json"), version_id=version)
    assert verify(forged) == []


def what_is_wrong_is_told(copying: Shelf, story: Story, folder: str) -> None:
    """One thing after the other; in the end all is right, but for an object that somebody put in the place of another."""
    assert "signature" in becomes(story, "Failed", "AccessDenied")["message"]
    assert story.condition("Contained")["status"] == "True"
    eventually(lambda: "EvidenceCopied=False" in events(story), "an event tells of it")

    copying.credentials()
    try_again(story)
    becomes(story, "Failed", "ObjectLockOff")
    assert versions(copying.minio) == {}

    story.kubectl("-n", HOME, "delete", "secret", SECRET)
    try_again(story)
    becomes(story, "Failed", "CredentialsMissing")

    copying.credentials()
    copying.reachable(False)
    try_again(story)
    becomes(story, "Failed", "StoreUnreachable")

    copying.reachable(True)
    copying.bucket(lock=True)
    copying.minio.put_object(LOCKED, f"{folder}/bagit.txt", io.BytesIO(b"forged"), 6)


def events(story: Story) -> str:
    return story.kubectl("-n", story.namespace, "get", "events.events.k8s.io", "-o", "jsonpath={..note}")


def store_objects(namespace: str) -> tuple[Json, Json]:
    """The store's pod and the Service before it."""
    mounts = [{"name": "disk", "mountPath": "/disk"}]
    folders = "mkdir -p /disk/data /disk/versions"
    image = "firedoor.test/versitygw:1"
    words = ["--port", f":{PORT}", "--quiet", "--region", REGION, "posix", "--versioning-dir", "/disk/versions", "/disk/data"]
    container = {
        "name": "store",
        "image": image,
        "args": words,
        "env": [{"name": "ROOT_ACCESS_KEY", "value": USER}, {"name": "ROOT_SECRET_KEY", "value": PASSWORD}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "volumeMounts": mounts,
    }
    first = {"name": "folders", "image": "firedoor.test/busybox:1", "args": ["-c", folders], "volumeMounts": mounts}
    spec = {"initContainers": [first], "containers": [container], "volumes": [{"name": "disk", "emptyDir": {}}]}
    about = {"name": "store", "namespace": namespace, "labels": {"app": "store"}}
    port = {"port": PORT, "targetPort": PORT}
    return (
        {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": {"terminationGracePeriodSeconds": 1, **spec}},
        {"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": {"selector": {"app": "store"}, "ports": [port]}},
    )
