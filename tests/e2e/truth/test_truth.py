"""Isolated is True only when it is: with every mode of the engine, and beside other policies."""

from cluster.local.up import MODES
from cluster.providers import Provider
from tests.e2e.conftest import Story

NO_CORDON = {"network": "Isolate", "node": "None"}


def test_with_a_strict_engine_isolation_is_proved(story: Story, engine: Provider) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    proof = story.wait("Isolated")
    assert "firedoor-probe" in proof["message"]


def test_with_an_engine_that_does_nothing_isolation_is_denied(story: Story, engine: Provider) -> None:
    engine.policy("off")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "False", "TrafficPasses")


def test_with_an_engine_that_keeps_open_connections_isolation_is_denied(story: Story, engine: Provider) -> None:
    engine.policy("established")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "False", "EstablishedConnectionsPossible")


def test_with_a_slow_engine_isolation_is_denied_until_it_holds(story: Story, engine: Provider) -> None:
    engine.policy("slow")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "False", "TrafficPasses")
    story.wait("Isolated")


def test_another_policy_that_still_allows_something_is_named(story: Story) -> None:
    story.pod()
    allow = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "let-all-in", "namespace": story.namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
    }
    story.kubectl.apply(allow)
    story.incident("suspect", containment=NO_CORDON)
    found = story.wait("Isolated", "False", "OverlappingAllowPolicies")
    assert "let-all-in" in found["message"]


def test_the_engine_has_the_modes_that_the_stories_switch() -> None:
    assert set(MODES) == {"strict", "established", "ingress", "off", "slow"}
