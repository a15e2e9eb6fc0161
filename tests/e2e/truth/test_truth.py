"""Isolated is True only when it is: another policy that still allows something stands against it."""

from cluster.local.up import MODES
from tests.e2e.conftest import Story

NO_CORDON = {"network": "Isolate", "node": "None"}


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
