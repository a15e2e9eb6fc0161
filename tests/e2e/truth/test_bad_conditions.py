"""Where something cannot be proved the reason says what stood in the way, and nothing waits for ever."""

import json
from collections.abc import Iterator

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually, pod_spec

PROBES = "app.kubernetes.io/component=probe"
NO_CORDON = {"network": "Isolate", "node": "None"}
KUBELET_SECONDS = 150.0
"""A node counts as not ready 40 s after its kubelet fell silent, and is looked at once a minute."""


@pytest.fixture
def probes(kubectl: Kubectl) -> Iterator[Json]:
    """The StatefulSet of the probes; whatever the story does to it, it stands as before when the story is over."""
    before = kubectl.json("-n", HOME, "statefulset", "firedoor-probe")
    yield before
    kept = {key: before["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    kubectl("-n", HOME, "delete", "statefulset", "firedoor-probe", "--ignore-not-found", "--timeout=60s")
    made_anew(kubectl)
    document = json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": kept, "spec": before["spec"]})
    # As helm's own, so that the next upgrade finds nobody else's hand on it.
    kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", text=document)
    kubectl("-n", HOME, "rollout", "status", "statefulset/firedoor-probe", "--timeout=60s")


@pytest.fixture
def full(kubectl: Kubectl) -> Iterator[None]:
    """A home namespace in which no further pod may be made."""
    canaries = ("-n", HOME, "pods", "-l", "app.kubernetes.io/component=canary")
    eventually(lambda: not kubectl.exists(*canaries), "no canary stands on guard any more")
    name = {"name": "story-full", "namespace": HOME}
    kubectl.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": name, "spec": {"hard": {"pods": "0"}}})
    yield
    kubectl("-n", HOME, "delete", "resourcequota", "story-full")


def container(name: str, **fields: object) -> Json:
    return {**pod_spec()["containers"][0], "name": name, "ports": [], "readinessProbe": None, **fields}


def followed(kubectl: Kubectl) -> bool:
    """Whether the StatefulSet's controller has seen what its template is now."""
    found = kubectl.json("-n", HOME, "statefulset", "firedoor-probe")
    return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])


def made_anew(kubectl: Kubectl) -> None:
    """Deletes the probes. kubectl would wait by name, and the StatefulSet makes others of the same names at once."""
    before = probes_by_uid(kubectl)
    kubectl("-n", HOME, "delete", "pod", "-l", PROBES, "--wait=false")
    eventually(lambda: not before & probes_by_uid(kubectl), "the probes of before are gone")


def probes_by_uid(kubectl: Kubectl) -> set[str]:
    return {pod["metadata"]["uid"] for pod in kubectl.json("-n", HOME, "pods", "-l", PROBES)["items"]}


def closed_anyway(story: Story) -> None:
    """The door is closed whatever can be said of it."""
    assert story.kubectl.exists("-n", story.namespace, "networkpolicy")
    assert "firedoor.dev/quarantine" in story.get("pod", "suspect")["metadata"]["labels"]


@pytest.mark.alone
def test_without_probes_the_door_closes_and_the_claim_says_who_is_missing(story: Story, probes: Json) -> None:
    story.kubectl("-n", HOME, "delete", "statefulset", "firedoor-probe", "--timeout=60s")
    story.kubectl("-n", HOME, "wait", "--for=delete", "pod", "-l", PROBES, "--timeout=60s")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    told = story.wait("Isolated", "Unknown", "NotVerified")
    assert "StatefulSet firedoor-probe" in told["message"]
    closed_anyway(story)


@pytest.mark.alone
def test_a_probe_image_that_cannot_be_had_is_as_if_there_were_no_probes(story: Story, probes: Json) -> None:
    image = ("statefulset/firedoor-probe", "probe=127.0.0.1:1/missing:1")
    story.kubectl("-n", HOME, "set", "image", *image)
    eventually(lambda: followed(story.kubectl), "no probe is made with the image of before")
    made_anew(story.kubectl)
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "Unknown", "NotVerified")
    closed_anyway(story)


@pytest.mark.alone
def test_probes_that_come_late_prove_it_by_a_canary(story: Story, probes: Json) -> None:
    story.kubectl("-n", HOME, "scale", "statefulset/firedoor-probe", "--replicas=0", "--timeout=60s")
    story.kubectl("-n", HOME, "wait", "--for=delete", "pod", "-l", PROBES, "--timeout=60s")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "Unknown", "NotVerified")
    story.kubectl("-n", HOME, "scale", "statefulset/firedoor-probe", "--replicas=2")
    story.wait("Isolated", seconds=90)
    assert story.get("secinc", "incident")["status"]["isolation"]["byCanary"] is True


@pytest.mark.alone
def test_where_no_canary_may_stand_the_report_says_why(story: Story, full: None, kubectl: Kubectl) -> None:
    """A policy of the namespace keeps the probes out from the start, so only a canary could tell silence from silence."""
    name = {"name": "closed", "namespace": story.namespace}
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    story.kubectl.apply({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": name, "spec": spec})
    node = story.pod()["spec"]["nodeName"]
    story.incident("suspect", containment=NO_CORDON)
    told = story.wait("Isolated", "Unknown", "NotVerified")
    report = kubectl.json("-n", HOME, "enforcement", node)["status"]
    assert (report["verdict"], report["ingress"]) == ("NotMeasured", "Unknown")
    assert "quota" in report["message"]
    assert "quota" in told["message"]
    closed_anyway(story)


@pytest.mark.alone
def test_a_node_that_is_away_makes_silence_worth_nothing(story: Story, provider: Provider) -> None:
    if provider.name != "local":
        pytest.skip("only the local cluster's kubelets can be stopped")
    node = story.pod()["spec"]["nodeName"]
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated")
    provider.control("stop", f"kubelet-{node}")
    try:
        told = story.wait("Isolated", "Unknown", "NodeNotReady", seconds=KUBELET_SECONDS)
        assert node in told["message"]
    finally:
        provider.control("start", f"kubelet-{node}")
    story.kubectl("wait", "--for=condition=Ready", f"node/{node}", "--timeout=60s")
    story.wait("Isolated", seconds=KUBELET_SECONDS)


def test_a_suspect_that_declares_no_port_is_proved_by_its_refusals(story: Story) -> None:
    story.pod(containers=[container("mute", args=["pause"])])
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated")
    reach = story.get("secinc", "incident")["status"]["isolation"]["reach"]
    assert ("Refused", "Timeout") in {(way.get("before"), way["after"]) for way in reach if way["protocol"] == "TCP"}


def test_a_suspect_that_speaks_udp_alone_is_proved_too(story: Story) -> None:
    ports = [{"containerPort": 5353, "protocol": "UDP"}]
    story.pod(containers=[container("names", args=["netexec", "--udp-port=5353", "--http-port=18080"], ports=ports)])
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated")
    reach = story.get("secinc", "incident")["status"]["isolation"]["reach"]
    assert 5353 in {way["port"] for way in reach if way["protocol"] == "UDP"}


def test_the_ports_of_every_container_are_tried(story: Story) -> None:
    ports = {name: [{"containerPort": number}] for name, number in (("front", 8081), ("back", 8082))}
    args = {
        "front": ["netexec", "--http-port=8081", "--udp-port=9081"],
        "back": ["netexec", "--http-port=8082", "--udp-port=9082"],
    }
    story.pod(containers=[container(name, args=args[name], ports=ports[name]) for name in ports])
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated")
    reach = story.get("secinc", "incident")["status"]["isolation"]["reach"]
    assert {8081, 8082} <= {way["port"] for way in reach if way["protocol"] == "TCP" and way["after"] == "Timeout"}


def test_a_suspect_that_ends_while_it_is_tried_is_never_called_isolated_for_it(story: Story) -> None:
    short = container("short", image="firedoor.test/busybox:1", args=None, command=["sleep", "8"])
    story.pod(containers=[short], restartPolicy="Never")
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "Unknown", "PodNotRunning", seconds=90)


def test_a_suspect_that_is_deleted_while_it_is_tried_is_said_to_be_gone(story: Story) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    eventually(lambda: story.kubectl.exists("-n", story.namespace, "networkpolicy"), "the door is closed")
    story.kubectl("-n", story.namespace, "delete", "pod", "suspect", "--grace-period=0", "--force")
    story.wait("Isolated", "Unknown", "PodGone")


def test_a_suspect_on_the_hosts_network_is_refused_with_the_reason(story: Story) -> None:
    story.pod(hostNetwork=True, containers=[container("host", args=["pause"])])
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Accepted", "False", "HostNetwork")
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")
