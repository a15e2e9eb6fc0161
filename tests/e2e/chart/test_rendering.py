"""What Helm makes of the chart: least power, the restricted profile, and names that permissions can rely on."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cluster import build
from cluster.install import image_values
from firedoor.api.kinds import KINDS
from tools.generate.outputs import ROOT

pytestmark = pytest.mark.e2e

CHART = ROOT / "charts/firedoor"
DIGEST = f"sha256:{'0' * 64}"


def helm(*arguments: str) -> str:
    command = [str(build.program("helm")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def rendered(*values: str) -> list[dict[str, Any]]:
    sets = itertools.chain.from_iterable(("--set", value) for value in values)
    text = helm("template", "firedoor", str(CHART), "--namespace", "home", "--kube-version", "1.30", *sets)
    return [document for document in yaml.safe_load_all(text) if document]


def pods(documents: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for document in documents:
        if document["kind"] in ("Deployment", "StatefulSet"):
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


def may_write(documents: list[dict[str, Any]], account: str) -> set[str]:
    """The resources that an account may make or change."""
    roles = [d for d in documents if d["kind"] in ("Role", "ClusterRole") and d["metadata"]["name"] == account]
    rules = [rule for role in roles for rule in role["rules"] if {"create", "patch"} & set(rule["verbs"])]
    return {resource for rule in rules for resource in rule["resources"]}


def kinds(documents: list[dict[str, Any]], name: str) -> set[str]:
    return {document["kind"] for document in documents if document["metadata"]["name"] == name}


def environment(documents: list[dict[str, Any]]) -> dict[str, str]:
    """What the controller is told."""
    (container,) = dict(pods(documents))["firedoor-controller"]["containers"]
    return {entry["name"]: entry.get("value", "") for entry in container["env"]}


@pytest.mark.parametrize("values", [[], ["-f", str(CHART / "values-small.yaml")]], ids=["default", "small"])
def test_the_chart_lints_without_a_warning(values: list[str]) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), *values)


def test_a_misspelt_value_is_refused() -> None:
    with pytest.raises(RuntimeError, match="'controler' not allowed"):
        rendered("controler.replicas=1")


@pytest.mark.parametrize(
    ("action", "resources"),
    [
        ("cordon", {"nodes"}),
        ("scaleToZero", {"deployments", "replicasets", "statefulsets", "replicationcontrollers", "jobs", "cronjobs"}),
        ("identity", {"configmaps"}),
        ("evidence", {"jobs", "persistentvolumeclaims", "configmaps"}),
    ],
)
def test_what_is_switched_off_is_neither_granted_nor_done(action: str, resources: set[str]) -> None:
    others = [f"actions.{name}.enabled=false" for name in ("cordon", "scaleToZero", "identity", "evidence") if name != action]
    on, off = rendered(*others), rendered(*others, f"actions.{action}.enabled=false")
    assert may_write(on, "firedoor-controller") - may_write(off, "firedoor-controller") == resources
    assert action in environment(on)["FIREDOOR_ACTIONS"].split(",")
    assert action not in environment(off)["FIREDOOR_ACTIONS"].split(",")


def test_without_freezing_no_admission_policy_is_installed() -> None:
    assert kinds(rendered(), "firedoor-frozen-identities") == {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    assert kinds(rendered(), "firedoor-frozen") == {"ConfigMap"}
    off = rendered("actions.identity.enabled=false")
    assert kinds(off, "firedoor-frozen-identities") | kinds(off, "firedoor-frozen") == set()


def test_the_list_of_the_frozen_is_never_overwritten_and_its_policy_never_stops_the_cluster() -> None:
    found = {document["kind"]: document for document in rendered() if "firedoor-frozen" in document["metadata"]["name"]}
    assert "data" not in found["ConfigMap"]
    assert found["ValidatingAdmissionPolicy"]["spec"]["failurePolicy"] == "Ignore"
    assert found["ValidatingAdmissionPolicyBinding"]["spec"]["paramRef"]["parameterNotFoundAction"] == "Allow"
    (firedoor,) = found["ValidatingAdmissionPolicy"]["spec"]["variables"]
    assert firedoor["expression"] == "request.userInfo.username == 'system:serviceaccount:home:firedoor-controller'"


def test_without_evidence_there_is_no_collector_at_all() -> None:
    assert kinds(rendered(), "firedoor-collector") == {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy"}
    assert kinds(rendered("actions.evidence.enabled=false"), "firedoor-collector") == set()


def test_without_ephemeral_containers_the_collector_may_add_none() -> None:
    on, off = rendered(), rendered("actions.ephemeralContainers.enabled=false")
    assert may_write(on, "firedoor-collector") - may_write(off, "firedoor-collector") == {"pods/ephemeralcontainers"}
    assert kinds(on, "firedoor-helpers") == {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    assert kinds(off, "firedoor-helpers") == kinds(rendered("actions.evidence.enabled=false"), "firedoor-helpers") == set()


def test_the_outbound_probe_is_granted_together_with_the_policy_that_binds_it() -> None:
    both = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    on, off = rendered("actions.outboundProbe.enabled=true", "actions.evidence.enabled=false"), rendered()
    assert may_write(on, "firedoor-controller") - may_write(off, "firedoor-controller") == {"pods/ephemeralcontainers"}
    assert (kinds(on, "firedoor-outbound-probe"), kinds(off, "firedoor-outbound-probe")) == (both, set())


@pytest.mark.parametrize("name", ["firedoor-evidence-reader", "firedoor-helpers", "firedoor-outbound-probe"])
def test_what_firedoor_or_its_readers_may_run_is_the_image_that_is_installed_or_nothing(name: str) -> None:
    documents = rendered("actions.outboundProbe.enabled=true", "image.registry=registry.example", f"image.digest={DIGEST}")
    found = {document["kind"]: document.get("spec", {}) for document in documents if document["metadata"]["name"] == name}
    policy, binding = found["ValidatingAdmissionPolicy"], found["ValidatingAdmissionPolicyBinding"]
    assert (policy["failurePolicy"], binding["policyName"], binding["validationActions"]) == ("Fail", name, ["Deny"])
    image = f"c.image == 'registry.example/firedoor/firedoor@{DIGEST}'"
    assert [image in validation["expression"] for validation in policy["validations"]].count(True) == 1


STORE = ("endpoint=https://s3.example", "bucket=evidence", "existingSecret=store", "egress.ports={9000}")


def with_a_store(*without: str) -> list[dict[str, Any]]:
    """The chart with copies switched on, but for some values."""
    values = [value for value in STORE if value.partition("=")[0] not in without]
    return rendered("actions.storeCopies.enabled=true", *(f"actions.storeCopies.{value}" for value in values))


def test_copies_are_off_and_leave_nothing_behind_until_somebody_names_a_store() -> None:
    assert kinds(rendered(), "firedoor-copier") == set()
    assert "FIREDOOR_OBJECT_STORE" not in environment(rendered())
    assert kinds(with_a_store(), "firedoor-copier") == {"ServiceAccount", "NetworkPolicy"}
    assert kinds(rendered("actions.evidence.enabled=false"), "firedoor-copier") == set()


@pytest.mark.parametrize("needed", ["endpoint", "bucket", "existingSecret"])
def test_a_store_that_is_only_half_named_is_refused(needed: str) -> None:
    with pytest.raises(RuntimeError, match="needs endpoint, bucket and existingSecret"):
        with_a_store(needed)


def test_the_stores_secret_is_named_to_the_controller_and_mounted_nowhere() -> None:
    documents = with_a_store()
    assert json.loads(environment(documents)["FIREDOOR_OBJECT_STORE"])["secret"] == "store"
    assert "storeCopies" in environment(documents)["FIREDOOR_ACTIONS"].split(",")
    assert all("'secretName': 'store'" not in str(pod) for _, pod in pods(documents))
    roles = [rule for document in documents if document["kind"] in ("Role", "ClusterRole") for rule in document["rules"]]
    assert all("secrets" not in rule["resources"] for rule in roles)


def test_the_copier_reaches_the_store_and_name_servers_and_nothing_else() -> None:
    (policy,) = (d["spec"] for d in with_a_store() if (d["kind"], d["metadata"]["name"]) == ("NetworkPolicy", "firedoor-copier"))
    ports = [port["port"] for rule in policy["egress"] for port in rule["ports"]]
    assert (policy["ingress"], ports, policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"]) == (
        [],
        [53, 53, 9000],
        "copier",
    )


def test_snapshots_are_granted_only_where_they_are_switched_on_and_never_their_deletion() -> None:
    on, off = rendered("actions.volumeSnapshots.enabled=true", "actions.volumeSnapshots.className=keep"), rendered()
    granted = [
        (resource, rule["verbs"])
        for document in on
        if document["kind"] in ("Role", "ClusterRole") and document["metadata"]["name"] == "firedoor-controller"
        for rule in document["rules"]
        if rule["apiGroups"] == ["snapshot.storage.k8s.io"]
        for resource in rule["resources"]
    ]
    assert sorted(granted) == [
        ("volumesnapshotclasses", ["get"]),
        ("volumesnapshotcontents", ["get"]),
        ("volumesnapshots", ["list", "create"]),
    ]
    assert "snapshot.storage.k8s.io" not in str(off)
    assert environment(on)["FIREDOOR_SNAPSHOT_CLASS"] == "keep"
    with pytest.raises(RuntimeError, match="needs className"):
        rendered("actions.volumeSnapshots.enabled=true")


def test_without_a_receiver_nothing_of_it_is_left() -> None:
    assert {"Deployment", "Service", "Role", "ClusterRole"} <= kinds(rendered(), "firedoor-receiver")
    assert kinds(rendered("receiver.enabled=false"), "firedoor-receiver") == set()


def test_every_pod_fits_the_restricted_profile_and_cannot_write_its_own_disk() -> None:
    for _, pod in pods(rendered()):
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"].keys() == {"requests", "limits"}


def test_only_controller_and_receiver_hold_a_token_and_only_for_an_hour() -> None:
    holders = {name: pod for name, pod in pods(rendered()) if "serviceAccountToken" in str(pod.get("volumes"))}
    assert holders.keys() == {"firedoor-controller", "firedoor-receiver"}
    assert all("'expirationSeconds': 3607" in str(pod["volumes"]) for pod in holders.values())
    assert all(pod["automountServiceAccountToken"] is False for _, pod in pods(rendered()))


def test_a_digest_wins_over_the_tag_and_reaches_the_collector() -> None:
    documents = rendered("image.registry=registry.example", "image.tag=v1", f"image.digest={DIGEST}")
    image = f"registry.example/firedoor/firedoor@{DIGEST}"
    assert {container["image"] for _, pod in pods(documents) for container in pod["containers"]} == {image}
    assert environment(documents)["FIREDOOR_IMAGE"] == image


def test_the_crds_can_be_left_out_and_are_kept_on_uninstall() -> None:
    crds = [document for document in rendered() if document["kind"] == "CustomResourceDefinition"]
    assert len(crds) == len(KINDS)
    assert all(crd["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"} for crd in crds)
    assert all(document["kind"] != "CustomResourceDefinition" for document in rendered("crds.enabled=false"))


def test_the_only_secret_is_the_signing_key_which_the_controller_alone_mounts_and_which_outlives_the_release() -> None:
    documents = rendered()
    (secret,) = (document for document in documents if document["kind"] == "Secret")
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert secret["data"].keys() == {"key.pem"}
    mounting = {name for name, pod in pods(documents) if secret["metadata"]["name"] in str(pod.get("volumes"))}
    assert mounting == {"firedoor-controller"}
    (keys,) = (document for document in documents if document["metadata"]["name"] == "firedoor-signing-keys")
    assert ("data" in keys, keys["metadata"]["annotations"]) == (False, {"helm.sh/resource-policy": "keep"})


def test_a_signing_key_of_ones_own_takes_the_place_of_the_charts() -> None:
    documents = rendered("signing.existingSecret=our-key")
    assert all(document["kind"] != "Secret" for document in documents)
    assert "'secretName': 'our-key'" in str(dict(pods(documents))["firedoor-controller"]["volumes"])


def test_the_receivers_secret_is_optional() -> None:
    documents = rendered("receiver.tokens.existingSecret=alert-tokens")
    (tokens,) = (volume for volume in dict(pods(documents))["firedoor-receiver"]["volumes"] if volume["name"] == "tokens")
    assert (tokens["secret"]["secretName"], tokens["secret"]["optional"]) == ("alert-tokens", True)


def test_an_image_whose_tag_is_digits_alone_is_installed_by_that_name() -> None:
    text = helm("template", "firedoor", str(CHART), *image_values("registry.test/firedoor:800864930180"))
    assert 'image: "registry.test/firedoor:800864930180"\n' in text


def test_logs_of_nodes_are_read_by_an_account_of_its_own_that_no_pod_runs_as_and_only_where_that_is_switched_on() -> None:
    on, off = rendered("actions.nodeLogs.enabled=true"), rendered()
    assert kinds(off, "firedoor-node-logs") == set()
    assert kinds(on, "firedoor-node-logs") == {"ServiceAccount", "ClusterRole", "ClusterRoleBinding"}
    assert kinds(rendered("actions.nodeLogs.enabled=true", "actions.evidence.enabled=false"), "firedoor-node-logs") == set()
    assert may_write(on, "firedoor-collector") - may_write(off, "firedoor-collector") == {"serviceaccounts/token"}
    assert all(pod["serviceAccountName"] != "firedoor-node-logs" for _, pod in pods(on))
    (role,) = (one for one in on if one["kind"] == "Role" and one["metadata"]["name"] == "firedoor-collector")
    assert [rule["resourceNames"] for rule in role["rules"]] == [["firedoor-node-logs"]]
    assert ["'port': 10250" in str(network_policy(documents)) for documents in (on, off)] == [True, False]


def test_a_ca_of_kubelets_reaches_the_collector_by_a_config_map() -> None:
    named = rendered("actions.nodeLogs.enabled=true", "actions.nodeLogs.certificateAuthorities=PEM")
    assert kinds(named, "firedoor-kubelet-ca") == {"ConfigMap"}
    assert kinds(rendered("actions.nodeLogs.enabled=true"), "firedoor-kubelet-ca") == set()


def network_policy(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The collector's."""
    ours = (one for one in documents if one["metadata"]["name"] == "firedoor-collector")
    return next(one["spec"] for one in ours if one["kind"] == "NetworkPolicy")
