"""Ways in: whatever the suspect's image and namespace are like, something of it ends in a sealed bag that says how."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.images import test as images
from cluster.providers import Provider
from tests.e2e.conftest import HOME, Json, Story, eventually, pod, pod_spec
from tests.e2e.evidence.bags import artifacts, fetch, image, judged, lines

NO_CORDON = {"network": "Isolate", "node": "None"}
RESTRICTED: Json = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture(scope="module")
def scratch(provider: Provider) -> str:
    """An image with one program and nothing else, on every node."""
    if provider.name == "existing":
        pytest.skip("the image without a shell cannot be loaded into an existing cluster from here")
    provider.load(images.scratch())
    return "firedoor.test/scratch:1"


def captured(story: Story, folder: Path, *paths: str) -> Path:
    """The sealed bag of an incident about the suspect."""
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True, "paths": list(paths)})
    story.wait("EvidenceSealed", seconds=120)
    bag = fetch(story.kubectl, story.get("secinc", "incident"), folder)
    judged(bag)
    return bag


def has_helper(story: Story) -> bool:
    """Whether a helper of firedoor's runs beside the suspect."""
    statuses = story.get("pod", "suspect")["status"].get("ephemeralContainerStatuses", [])
    return any("running" in status["state"] for status in statuses)


def test_an_image_without_a_shell_on_a_read_only_disk_in_a_restricted_namespace(
    story: Story, scratch: str, tmp_path: Path
) -> None:
    story.kubectl("label", "namespace", story.namespace, "pod-security.kubernetes.io/enforce=restricted")
    secret: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": story.namespace}}
    story.kubectl.apply(secret | {"stringData": {"key": "never-in-a-bag"}})
    mounts = [{"name": "memory", "mountPath": "/dev/shm"}, {"name": "secret", "mountPath": "/key"}]
    container = {"name": "bare", "image": scratch, "volumeMounts": mounts, "securityContext": RESTRICTED}
    container["env"] = [{"name": "PASSWORD", "value": "never-in-a-bag"}]
    memory: Json = {"name": "memory", "emptyDir": {"medium": "Memory"}}
    volumes: list[Json] = [memory, {"name": "secret", "secret": {"secretName": "key"}}]
    story.pod(containers=[container], volumes=volumes)

    bag = captured(story, tmp_path, "/sleep")

    (process,) = [process for process in lines(bag, "processes") if process["part"] == "suspect"]
    assert (process["cmdline"], process["exe"]) == (["/sleep", "infinity"], "/sleep")
    assert "PASSWORD" in {variable["name"] for variable in process["environ"]}
    assert {"/", "/dev/shm"} <= {mount["mount_point"] for mount in lines(bag, "mounts")}
    (files,) = artifacts(bag, "files")
    assert (files["status"], files["source"]["way"], files["source"]["uid"]) == ("complete", "helper", 1000)
    with tarfile.open(bag / files["path"]) as archive:
        assert archive.getnames() == ["sleep"]
    assert "/key/key" in {line["path"] for line in lines(bag, "listing")}
    assert all(b"never-in-a-bag" not in file.read_bytes() for file in bag.rglob("*") if file.is_file())


def test_a_program_that_runs_from_memory_alone_and_what_was_dropped_since_are_in_the_bag(story: Story, tmp_path: Path) -> None:
    story.pod()
    run = "cp /bin/busybox /tmp/busybox-miner; /tmp/busybox-miner sleep 600 >/dev/null 2>&1 </dev/null & sleep 1"
    drop = f"{run}; rm /tmp/busybox-miner; echo evil > /var/www/x.php"
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", drop)

    bag = captured(story, tmp_path)

    (executables,) = artifacts(bag, "executables")
    with tarfile.open(bag / executables["path"]) as archive:
        (miner,) = archive.getmembers()
        assert miner.size > 500_000
    (miners,) = [process for process in lines(bag, "processes") if process.get("exe_deleted")]
    assert miners["cmdline"] == ["/tmp/busybox-miner", "sleep", "600"]
    assert any(socket["state"] == "LISTEN" and socket["local_port"] == 8080 for socket in lines(bag, "sockets"))
    (changed,) = artifacts(bag, "changed")
    with tarfile.open(bag / changed["path"]) as archive:
        assert "var/www/x.php" in archive.getnames()


def test_of_a_container_that_has_ended_the_log_is_kept_and_the_bag_says_what_could_not_be_had(
    story: Story, tmp_path: Path
) -> None:
    (web,) = pod_spec()["containers"]
    ended = {"name": "ended", "image": web["image"], "command": ["sh", "-c", "echo last words; exit 1"]}
    story.kubectl.apply(pod(story.namespace, "suspect", containers=[web, ended], restartPolicy="Never"))
    eventually(lambda: {"running", "terminated"} == states(story), "one container runs and one has ended")

    bag = captured(story, tmp_path)

    assert story.condition("EvidenceSealed")["reason"] == "Partial"
    (log,) = (one for one in artifacts(bag, "log") if one["source"]["container"] == "ended" and one["status"] == "complete")
    assert (bag / log["path"]).read_bytes().endswith(b" last words\n")
    (helper,) = artifacts(bag, "helper")
    assert (helper["source"]["container"], helper["status"], helper["reason"]) == ("ended", "failed", "ContainerNotRunning")


def test_a_pod_that_has_finished_is_kept_as_evidence_where_that_alone_is_asked_for(story: Story, tmp_path: Path) -> None:
    (web,) = pod_spec()["containers"]
    ended = {"name": "ended", "image": web["image"], "command": ["sh", "-c", "echo last words; exit 1"]}
    story.kubectl.apply(pod(story.namespace, "suspect", containers=[ended], restartPolicy="Never"))
    eventually(lambda: story.get("pod", "suspect")["status"]["phase"] == "Failed", "the suspect has finished")
    story.incident("suspect", name="isolating", containment=NO_CORDON)
    refused = story.wait("Accepted", "False", "TargetFinished", name="isolating")
    assert "containment.network: None" in refused["message"]

    story.incident("suspect", containment={"network": "None", "node": "None"}, evidence={"enabled": True})

    story.wait("EvidenceSealed", reason="Partial", seconds=120)
    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)
    judged(bag)
    (log,) = (one for one in artifacts(bag, "log") if one["status"] == "complete")
    assert (bag / log["path"]).read_bytes().endswith(b" last words\n")


def states(story: Story) -> set[str]:
    """How the suspect's containers are."""
    statuses = story.get("pod", "suspect")["status"].get("containerStatuses", [])
    return {state for status in statuses for state in status["state"]}


def test_a_pod_that_dies_half_way_gives_a_sealed_bag_that_says_what_is_missing(story: Story, tmp_path: Path) -> None:
    story.pod()
    big = "dd if=/dev/urandom of=/tmp/big bs=1M count=400 2>/dev/null"
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", big)
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True, "paths": ["/tmp/big"]})
    eventually(lambda: has_helper(story), "a helper stands beside the suspect")

    story.kubectl("-n", story.namespace, "delete", "pod", "suspect", "--grace-period=0", "--force")

    story.wait("EvidenceSealed", seconds=150)
    incident = story.get("secinc", "incident")
    assert incident["status"]["evidence"]["status"] == "Partial"
    bag = fetch(story.kubectl, incident, tmp_path)
    judged(bag)
    assert artifacts(bag, "pod")[0]["status"] == "complete"


@pytest.fixture
def no_helpers(story: Story) -> Iterator[None]:
    """An administrator's policy that admits no ephemeral container to the story's namespace."""
    name = f"no-helpers-{story.namespace}"
    story.kubectl.apply(*refusing(name, story.namespace))
    yield
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        story.kubectl("delete", kind, name, "--wait=false")


def test_where_no_helper_is_admitted_the_suspects_own_tools_are_asked_and_marked(
    story: Story, no_helpers: None, tmp_path: Path
) -> None:
    story.pod()
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", "echo evil > /tmp/dropped.php")
    probe = json.dumps({"spec": {"ephemeralContainers": [{"name": "x", "image": "x", "targetContainerName": "web"}]}})
    patch = [
        "-n",
        story.namespace,
        "patch",
        "pod",
        "suspect",
        "--subresource=ephemeralcontainers",
        "--dry-run=server",
        "-p",
        probe,
    ]
    eventually(lambda: "no helper here" in story.kubectl(*patch, check=False), "the policy is in force")

    bag = captured(story, tmp_path, "/tmp/dropped.php")

    (helper,) = artifacts(bag, "helper")
    assert (helper["status"], helper["reason"]) == ("failed", "AdmissionDenied")
    (processes,) = artifacts(bag, "processes-text")
    assert (processes["status"], processes["source"]["trust"]) == ("complete", "target-binaries")
    assert b"netexec" in (bag / processes["path"]).read_bytes()
    (files,) = artifacts(bag, "files")
    with tarfile.open(bag / files["path"]) as archive:
        assert archive.getnames() == ["tmp/dropped.php"]


def refusing(name: str, namespace: str) -> tuple[Json, Json]:
    metadata = {"name": name}
    api = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": metadata}
    rule = {"apiGroups": [""], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["pods/ephemeralcontainers"]}
    here = {"name": "here", "expression": f"request.namespace == '{namespace}'"}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [here],
        "validations": [{"expression": "false", "message": "no helper here"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    kinds = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    return api | {"kind": kinds[0], "spec": spec}, api | {"kind": kinds[1], "spec": binding}


def may_look(namespace: str, account: str = "firedoor-collector") -> tuple[Json, Json]:
    """For kubectl, which looks at what it patches: firedoor need not."""
    metadata = {"name": "may-look", "namespace": namespace}
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": metadata}
    rule = {"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["get"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "may-look"}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": HOME}
    return api | {"kind": "Role", "rules": [rule]}, api | {"kind": "RoleBinding", "roleRef": role, "subjects": [subject]}


def adding(story: Story, account: str, container: Json) -> str:
    """What the API server says to an account of firedoor's that would add this container to the suspect."""
    body = json.dumps({"spec": {"ephemeralContainers": [container]}})
    patch = ["patch", "pod", "suspect", "--subresource=ephemeralcontainers", "--dry-run=server", "-p", body]
    return story.kubectl("-n", story.namespace, f"--as=system:serviceaccount:{HOME}:{account}", *patch, check=False)


SEEN_FROM: Json = {"secretKeyRef": {"name": "key", "key": "key"}}


@pytest.mark.parametrize(
    ("altered", "security", "refused"),
    [
        ({}, {}, ""),
        ({}, {"seLinuxOptions": {"level": "s0:c1,c2"}}, ""),
        ({"env": [{"name": "FIREDOOR_STAND", "value": "firedoor-x-1"}]}, {}, ""),
        ({"image": "firedoor.test/agnhost:1"}, {}, "no other"),
        ({"envFrom": [{"secretRef": {"name": "key"}}]}, {}, "no value out of another object"),
        ({"env": [{"name": "A", "value": "a"}, {"name": "B", "valueFrom": SEEN_FROM}]}, {}, "no value out of another object"),
        ({"volumeMounts": [{"name": "disk", "mountPath": "/disk"}]}, {}, "mounts nothing"),
        ({"volumeDevices": [{"name": "disk", "devicePath": "/dev/disk"}]}, {}, "mounts nothing"),
        ({"securityContext": {"privileged": True}}, {}, "never privileged"),
        ({}, {"capabilities": {"add": ["SYS_ADMIN"]}}, "no capability"),
        ({}, {"seccompProfile": {"type": "Unconfined"}}, "confined like its target"),
        ({}, {"seLinuxOptions": {"type": "spc_t"}}, "confined like its target"),
        ({}, {"appArmorProfile": {"type": "Unconfined"}}, "confined like its target"),
        ({}, {"procMount": "Unmasked"}, "confined like its target"),
    ],
    ids=[
        "its own",
        "its target's label",
        "a plain variable",
        "another image",
        "a secret's values",
        "a secret's value",
        "a volume",
        "a device",
        "privileged",
        "more capable",
        "every system call",
        "another label",
        "no profile",
        "the whole of proc",
    ],
)
def test_the_collectors_account_may_add_its_own_helper_and_nothing_stronger(
    story: Story, altered: Json, security: Json, refused: str
) -> None:
    # No node takes this pod, it is only asked about. The API server itself refuses the whole of proc with the node's users.
    container = {"name": "web", "image": "none", "securityContext": {"seLinuxOptions": {"level": "s0:c1,c2"}}}
    disk = {"name": "disk", "persistentVolumeClaim": {"claimName": "none"}}
    spec = {
        "containers": [container],
        "volumes": [disk],
        "hostUsers": "procMount" not in security,
        "nodeSelector": {"firedoor.test/node": "none"},
    }
    story.kubectl.apply(pod(story.namespace, "suspect", **spec), *may_look(story.namespace))
    helper: Json = {"name": "firedoor-x-1", "image": image(story.kubectl), "targetContainerName": "web"}
    helper["securityContext"] = {
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        **security,
    }
    said = adding(story, "firedoor-collector", helper | altered)
    assert refused in said
    assert ("patched" in said) is not bool(refused)


@pytest.mark.parametrize("also_its_job", [False, True], ids=["its pod", "its Job, with the pod"])
def test_a_collector_that_is_killed_goes_on_where_it_was(story: Story, tmp_path: Path, also_its_job: bool) -> None:
    story.pod()
    big = "dd if=/dev/urandom of=/tmp/big bs=1M count=500 2>/dev/null"
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", big)
    limits = {"fileBytes": "400Mi", "artifactBytes": "1Gi"}  # enough to be still at it when the kill arrives
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True, "paths": ["/tmp/big"], "limits": limits})
    eventually(lambda: has_helper(story), "a helper stands beside the suspect")

    uid = story.get("secinc", "incident")["metadata"]["uid"]
    collector = ["-l", f"firedoor.dev/incident-uid={uid},app.kubernetes.io/component=collector"]
    if also_its_job:
        no_more = json.dumps({"spec": {"backoffLimit": 0}})
        story.kubectl("-n", HOME, "patch", "job", f"firedoor-collect-{uid[:8]}", "--type=merge", "-p", no_more)
    story.kubectl("-n", HOME, "delete", "pod", *collector, "--grace-period=0", "--force")

    story.wait("EvidenceSealed", seconds=150)
    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)
    judged(bag)
    custody = [json.loads(line) for line in (bag / "custody.jsonl").read_bytes().splitlines()]
    assert "collector.resumed" in {line["action"] for line in custody}
    assert len({line["object"] for line in custody if line["action"] == "helper.injected"}) == 1
    last = artifacts(bag, "files")[-1]
    assert (last["status"], last["reason"]) == ("partial", "LimitReached")
