"""The outbound probe: nobody may send it by default; switched on, it finds what gets out of a suspect, whoever says otherwise."""

from collections.abc import Iterator

import pytest

from cluster.install import install
from cluster.providers import Provider
from firedoor.actions import outbound
from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually
from tests.e2e.evidence.bags import image
from tests.e2e.evidence.test_ways_in import adding, may_look

NO_CORDON = {"network": "Isolate", "node": "None"}
CONTROLLER = f"system:serviceaccount:{HOME}:firedoor-controller"


def may_send(kubectl: Kubectl) -> bool:
    asked = ("auth", "can-i", "patch", "pods", "--subresource=ephemeralcontainers", "-A", f"--as={CONTROLLER}")
    return kubectl(*asked, check=False).strip() == "yes"


@pytest.fixture
def switched_on(engine: Provider) -> Iterator[Provider]:
    install(engine, ("--set", "actions.outboundProbe.enabled=true"))
    yield engine
    install(engine)


def outward(story: Story) -> list[Json]:
    isolation = story.get("secinc", "incident").get("status", {}).get("isolation", {})
    return [way for way in isolation.get("reach", ()) if way.get("direction") == "Egress"]


def test_by_default_nobody_may_send_it_and_no_suspect_gets_a_container(story: Story, kubectl: Kubectl) -> None:
    assert not may_send(kubectl)
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated")
    assert "ephemeralContainers" not in story.get("pod", "suspect")["spec"]
    assert outward(story) == []


@pytest.mark.alone
def test_switched_on_it_shows_that_nothing_gets_out_and_tells_of_an_engine_that_lets_everything_out(
    story: Story, kubectl: Kubectl, switched_on: Provider
) -> None:
    assert may_send(kubectl)
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated")
    eventually(lambda: bool(outward(story)), "the outbound probe has told what it found")
    assert {way["after"] for way in outward(story)} == {"Timeout"}
    assert len(story.get("pod", "suspect")["spec"]["ephemeralContainers"]) == 1

    switched_on.policy("ingress")
    story.pod("other")
    story.incident("other", "second", containment=NO_CORDON)
    story.wait("Isolated", "False", "TrafficPasses", name="second")
    eventually(lambda: "the suspect still reaches" in story.condition("Isolated", "second")["message"], "what gets out is told")


@pytest.mark.alone
def test_the_controllers_account_may_add_the_outbound_probe_and_nothing_stronger(story: Story, switched_on: Provider) -> None:
    story.pod()
    story.kubectl.apply(*may_look(story.namespace, "firedoor-controller"))
    probe = outbound.container("0123456789", image(story.kubectl), ["10.0.0.1"])
    eventually(lambda: "denied request" in adding(story, "firedoor-controller", probe | {"name": "x"}), "the policy is in force")
    assert "patched" in adding(story, "firedoor-controller", probe)
    for name, (altered, refused) in stronger(probe["securityContext"]).items():
        said = adding(story, "firedoor-controller", probe | altered)
        assert refused in said, f"{name}: {said}"


def stronger(security: Json) -> dict[str, tuple[Json, str]]:
    """What would make more of the probe than it is, and the words by which it is refused."""
    value = {"secretKeyRef": {"name": "key", "key": "key"}}
    powers = {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}
    return {
        "another image": ({"image": "firedoor.test/agnhost:1"}, "and no other"),
        "a shell": ({"command": ["sh"]}, "and no other"),
        "another part of firedoor": ({"args": ["controller"]}, "and no other"),
        "the suspect's processes": ({"targetContainerName": "web"}, "shares nothing"),
        "a secret's values": ({"envFrom": [{"secretRef": {"name": "key"}}]}, "shares nothing"),
        "a secret's value": ({"env": [{"name": "KEY", "valueFrom": value}]}, "shares nothing"),
        "no security": ({"securityContext": None}, "not privileged"),
        "privileged": ({"securityContext": {"privileged": True, "runAsNonRoot": True}}, "not privileged"),
        "escalating": ({"securityContext": security | {"allowPrivilegeEscalation": True}}, "not privileged"),
        "root": ({"securityContext": security | {"runAsNonRoot": False}}, "not privileged"),
        "more capable": ({"securityContext": security | powers}, "not privileged"),
        "every system call": ({"securityContext": security | {"seccompProfile": {"type": "Unconfined"}}}, "not privileged"),
    }
