"""A namespace that is deleted with incidents in it: it goes, and what they held outside of it comes back."""

import pytest

from tests.e2e.conftest import HOME, Json, Story, eventually

EVERYTHING = {"node": "Cordon", "workload": "ScaleToZero", "identity": "Freeze"}


@pytest.mark.in_turn("nodes")
@pytest.mark.parametrize("target", [{"kind": "Pod"}, {"kind": "Deployment", "name": "web"}], ids=["pod", "deployment"])
def test_a_namespace_goes_with_its_incidents_and_its_nodes_come_back(story: Story, target: Json) -> None:
    story.deployment(replicas=1)
    nodes = cordons(story)
    story.incident("", target={"name": story.pods()[0]["metadata"]["name"], **target}, containment=EVERYTHING)
    story.wait("Contained")
    held = story.get("secinc", "incident")["metadata"]["uid"]
    assert cordons(story) != nodes

    story.kubectl("delete", "namespace", story.namespace, "--timeout=60s")

    eventually(lambda: cordons(story) == nodes, "the nodes are as they were")
    frozen = story.kubectl.json("-n", HOME, "configmap", "firedoor-frozen").get("data", {})
    assert held not in str(frozen)


def cordons(story: Story) -> list[Json]:
    """What of each node people write."""
    found = story.kubectl.json("nodes")["items"]
    return [{"spec": node["spec"], "annotations": node["metadata"]["annotations"]} for node in found]
