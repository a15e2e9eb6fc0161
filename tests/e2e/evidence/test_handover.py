"""Getting at evidence with the commands for people, as somebody who may fetch evidence and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firedoor.cli import reader
from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually
from tests.e2e.evidence.bags import image as firedoor_image
from tests.e2e.evidence.bags import judged
from tests.e2e.people.persona import bearing

NO_CORDON = {"network": "Isolate", "node": "None"}


def program(kubeconfig: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`kubectl firedoor evidence ...`."""
    environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
    command = [str(Path(sys.executable).with_name("kubectl-firedoor")), "evidence", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def holder(story: Story, folder: Path, *roles: str) -> Path:
    """The kubeconfig of a ServiceAccount that has these roles in firedoor's home."""
    name = f"reader-{story.namespace}"
    account = {"kind": "ServiceAccount", "name": name, "namespace": story.namespace}
    metadata = {"name": name, "namespace": story.namespace}
    story.kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    for role in roles:
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"{name}-{role}", "namespace": HOME},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [account],
        }
        story.kubectl.apply(binding)
    token = story.kubectl("-n", story.namespace, "create", "token", name).strip()
    bearing(story.kubectl, token, folder / "kubeconfig")
    return folder / "kubeconfig"


@pytest.fixture
def sealed(story: Story) -> Story:
    story.pod()
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)
    return story


@pytest.mark.in_turn("reader")
def test_an_auditor_lists_fetches_checks_and_deletes_with_a_record(sealed: Story, tmp_path: Path) -> None:
    story, name = sealed, f"{sealed.namespace}/incident"
    evidence = story.get("secinc", "incident")["status"]["evidence"]
    config = holder(story, tmp_path, "firedoor-evidence-reader")
    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=60s")

    listed = program(config, "list")
    assert listed.returncode == 0, listed.stderr
    (line,) = (line for line in listed.stdout.splitlines() if line.startswith(name))
    assert (evidence["keyId"][:12] in line, evidence["claim"] in line) == (True, True)

    fetched = program(config, "fetch", name, "--into", str(tmp_path))
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    assert "the signature is right" in fetched.stdout
    bag, key = tmp_path / evidence["bundle"], tmp_path / f"{evidence['keyId']}.pem"
    judged(bag)
    eventually(lambda: not story.kubectl.exists("-n", HOME, "pod", "firedoor-evidence-reader"), "the reader is gone")

    assert program(config, "verify", str(bag), "--key", str(key)).returncode == 0
    (bag / "custody.jsonl").write_bytes((bag / "custody.jsonl").read_bytes().replace(b"bag.opened", b"bag.0pened"))
    altered = program(config, "verify", str(bag), "--key", str(key))
    assert altered.returncode == 1
    assert "custody.jsonl line 2" in altered.stdout

    refused = program(config, "delete", name, "--reason", "the story ends", "--yes")
    assert (refused.returncode, "forbidden" in refused.stderr) == (2, True)
    keeper = holder(story, tmp_path, "firedoor-evidence-reader", "firedoor-evidence-keeper")
    deleted = program(keeper, "delete", name, "--reason", "the story ends", "--yes")
    assert deleted.returncode == 0, deleted.stderr
    eventually(lambda: not story.kubectl.exists("-n", HOME, "pvc", evidence["claim"]), "the claim is gone")
    records = story.kubectl.json("-n", HOME, "configmap", "-l", "app.kubernetes.io/component=evidence-deletion")["items"]
    (record,) = (one["data"] for one in records if one["data"]["incident"] == name)
    assert (record["reason"], record["deletedBy"]) == (
        "the story ends",
        f"system:serviceaccount:{story.namespace}:reader-{story.namespace}",
    )
    assert json.loads(record["sealed"])["custodyHead"] == evidence["custodyHead"]


@pytest.mark.in_turn("reader")
def test_a_fetch_that_was_killed_is_gone_on_with(story: Story, kubectl: Kubectl, tmp_path: Path) -> None:
    story.pod()
    big = "dd if=/dev/urandom of=/tmp/big bs=1M count=48 2>/dev/null"
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", big)
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True, "paths": ["/tmp/big"]})
    story.wait("EvidenceSealed", seconds=120)
    name, bundle = f"{story.namespace}/incident", story.get("secinc", "incident")["status"]["evidence"]["bundle"]

    command = [str(Path(sys.executable).with_name("kubectl-firedoor")), "evidence", "fetch", name, "--into", str(tmp_path)]
    first = subprocess.Popen(command, env=os.environ | {"KUBECONFIG": kubectl.kubeconfig}, stderr=subprocess.DEVNULL)
    partial = tmp_path / f"{bundle}.partial"
    eventually(lambda: partial.is_dir() and any(partial.iterdir()), "something has arrived")
    first.kill()
    first.wait()
    assert not (tmp_path / bundle).exists(), "it was killed too late for this story"
    left_behind = ("-n", HOME, "delete", "pod", "firedoor-evidence-reader", "--ignore-not-found", "--wait=true")
    story.kubectl(*left_behind)

    again = program(kubectl.kubeconfig, "fetch", name, "--into", str(tmp_path))
    assert again.returncode == 0, again.stdout + again.stderr
    judged(tmp_path / bundle)


@pytest.mark.in_turn("reader")
def test_who_may_fetch_evidence_may_make_the_reader_and_no_other_pod_in_firedoors_home(story: Story, tmp_path: Path) -> None:
    config = holder(story, tmp_path, "firedoor-evidence-reader")
    person, image = Kubectl(str(config)), firedoor_image(story.kubectl)
    dry = ("-n", HOME, "create", "--dry-run=server", "-f", "-")
    own = json.dumps(reader.pod(HOME, image, "firedoor-evidence-0"))
    eventually(lambda: "created" in person(*dry, text=own, check=False), "the role is in force, and admits the reader")
    for name, pod in hostile_pods(image).items():
        said = person(*dry, text=json.dumps(pod), check=False)
        assert "firedoor-evidence-reader" in said, f"{name}: {said}"
        assert "denied request" in said, f"{name}: {said}"
    said = person("-n", HOME, "exec", "deployment/firedoor-controller", "--", "true", check=False)
    assert "orbidden" in said, said


def hostile_pods(image: str) -> dict[str, Json]:
    """Pods that would be more than a reader, though the restricted profile admits them; by what is wrong."""
    secret: Json = {"name": "evidence", "secret": {"secretName": "firedoor-signing"}}
    writable: Json = {"name": "evidence", "persistentVolumeClaim": {"claimName": "firedoor-evidence-0"}}
    other: Json = {"name": "other", "persistentVolumeClaim": {"claimName": "firedoor-evidence-1", "readOnly": True}}
    volume: Json = {"name": "evidence", "persistentVolumeClaim": {"claimName": "firedoor-evidence-0", "readOnly": True}}
    key: Json = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "firedoor-signing", "key": "key.pem"}}}
    run: Json = {"exec": {"command": ["sh", "-c", "true"]}}
    owner: Json = {"apiVersion": "v1", "kind": "ConfigMap", "name": "firedoor-frozen", "uid": "0"}
    labels: Json = {"app.kubernetes.io/name": "firedoor", "app.kubernetes.io/component": "receiver"}
    local: Json = {"type": "Localhost", "localhostProfile": "open.json"}
    root: Json = {"seccompProfile": {"type": "RuntimeDefault"}}
    sysctl: Json = {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}
    return {
        "another name": _pod(image, name="another"),
        "a receiver's labels": _pod(image, labels=labels),
        "no labels": _pod(image, labels={}),
        "an owner": _pod(image, ownerReferences=[owner]),
        "a finalizer": _pod(image, finalizers=["example.com/stays"]),
        "another account": _pod(image, spec={"serviceAccountName": "firedoor-controller"}),
        "a token": _pod(image, spec={"automountServiceAccountToken": True}),
        "a node": _pod(image, spec={"nodeName": "somewhere"}),
        "a secret": _pod(image, spec={"volumes": [secret]}),
        "a writable volume": _pod(image, spec={"volumes": [writable]}),
        "two volumes": _pod(image, spec={"volumes": [volume, other]}),
        "root, but for the container": _pod(image, {"runAsNonRoot": True}, spec={"securityContext": root}),
        "a kernel setting": _pod(image, spec={"securityContext": {"runAsNonRoot": True, **root, **sysctl}}),
        "evidence in place of the program": _pod(
            image, container={"volumeMounts": [{"name": "evidence", "mountPath": "/opt/firedoor"}]}
        ),
        "evidence as a device": _pod(
            image, container={"volumeMounts": [], "volumeDevices": [{"name": "evidence", "devicePath": "/dev/evidence"}]}
        ),
        "a shell": _pod(image, container={"command": ["sh"]}),
        "another image": _pod(image, container={"image": "elsewhere/image:1"}),
        "a secret's value": _pod(image, container={"env": [key]}),
        "a secret's values": _pod(image, container={"envFrom": [{"secretRef": {"name": "firedoor-signing"}}]}),
        "a hook": _pod(image, container={"lifecycle": {"postStart": run}}),
        "a liveness probe": _pod(image, container={"livenessProbe": run}),
        "a readiness probe": _pod(image, container={"readinessProbe": run}),
        "a startup probe": _pod(image, container={"startupProbe": run}),
        "a port": _pod(image, container={"ports": [{"containerPort": 8080}]}),
        "a message of its own": _pod(image, container={"terminationMessagePath": "/evidence/x"}),
        "a capability": _pod(image, {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}),
        "other system calls": _pod(image, {"seccompProfile": local}),
    }


def _pod(
    image: str, security: Json | None = None, *, spec: Json | None = None, container: Json | None = None, **about: Any
) -> Json:
    """The reader's pod with something changed: in its container's security, its spec, its container or its metadata."""
    made = reader.pod(HOME, image, "firedoor-evidence-0")
    (only,) = made["spec"]["containers"]
    changed = {**only, "securityContext": {**only["securityContext"], **(security or {})}, **(container or {})}
    made["spec"] = {**made["spec"], "containers": [changed], **(spec or {})}
    made["metadata"] = {**made["metadata"], **about}
    return made
