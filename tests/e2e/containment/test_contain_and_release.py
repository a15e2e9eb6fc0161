"""A pod is contained and given back: what changes, and that it is as it was."""

import pytest

from tests.e2e.conftest import Story, eventually

NO_CORDON = {"network": "Isolate", "node": "None"}


@pytest.mark.in_turn("nodes")
def test_a_contained_pod_of_a_deployment_is_cut_off_replaced_and_its_node_cordoned(story: Story) -> None:
    story.deployment()
    suspect, witness = story.pods()
    address = suspect["status"]["podIP"]
    assert story.reaches(witness["metadata"]["name"], address)

    story.incident(suspect["metadata"]["name"])
    story.wait("Contained")

    assert not story.reaches(witness["metadata"]["name"], address)
    assert not story.reaches(suspect["metadata"]["name"], witness["status"]["podIP"])
    eventually(lambda: len(story.pods()) == 2, "the Deployment replaced the suspect")
    held = story.get("pod", suspect["metadata"]["name"])["metadata"]
    assert all(key.startswith("firedoor.dev/") for key in held["labels"])
    assert "ownerReferences" not in held
    node = story.kubectl.json("node", suspect["spec"]["nodeName"])
    assert node["spec"]["unschedulable"] is True


@pytest.mark.in_turn("nodes")
def test_after_release_everything_is_byte_for_byte_as_it_was(story: Story) -> None:
    before = story.pod()
    node = before["spec"]["nodeName"]
    node_before = story.kubectl.json("node", node)
    story.incident("suspect")
    story.wait("Contained")

    story.release(mode="Restore")
    story.wait("Released")

    after, node_after = story.get("pod", "suspect"), story.kubectl.json("node", node)
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert after["metadata"].get("annotations") == before["metadata"].get("annotations")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert node_after["spec"] == node_before["spec"]
    assert node_after["metadata"]["annotations"] == node_before["metadata"]["annotations"]
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")


def test_deleting_the_incident_releases_as_well(story: Story) -> None:
    before = story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")

    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=30s")

    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")


def test_two_incidents_on_one_pod_release_in_any_order_and_the_last_one_restores(story: Story) -> None:
    before = story.pod()
    story.incident("suspect", name="first", containment=NO_CORDON)
    story.wait("Contained", name="first")
    story.incident("suspect", name="second", containment=NO_CORDON)
    story.wait("Accepted", name="second")
    eventually(lambda: len(story.get("pod", "suspect")["metadata"]["labels"]) == 3, "both hold the pod")

    story.release(name="first")
    story.wait("Released", name="first")
    held = story.get("pod", "suspect")["metadata"]["labels"]
    assert [key.startswith("firedoor.dev/incident.") for key in sorted(held)] == [True, False]
    story.release(name="second")
    story.wait("Released", name="second")

    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]


@pytest.mark.in_turn("nodes")
def test_a_node_that_a_person_had_cordoned_stays_cordoned(story: Story) -> None:
    node = story.pod()["spec"]["nodeName"]
    story.kubectl("cordon", node)
    try:
        story.incident("suspect")
        story.wait("NodeCordoned", reason="AlreadyCordoned")
        story.release()
        story.wait("Released")
        assert story.kubectl.json("node", node)["spec"]["unschedulable"] is True
    finally:
        story.kubectl("uncordon", node)


def test_the_owning_deployment_goes_to_zero_when_asked_and_comes_back(story: Story) -> None:
    story.deployment(replicas=3)
    suspect = story.pods()[0]["metadata"]["name"]
    story.incident(suspect, containment={**NO_CORDON, "workload": "ScaleToZero"})
    story.wait("WorkloadScaled")

    eventually(lambda: not story.pods(), "all owned pods are gone")
    assert story.get("pod", suspect)["status"]["phase"] == "Running"
    story.release()
    story.wait("Released")

    restored = story.get("deployment", "web")
    assert restored["spec"]["replicas"] == 3
    assert not [key for key in restored["metadata"]["annotations"] if key.startswith("firedoor.dev/")]


def test_a_deny_policy_that_somebody_deletes_is_back_at_once(story: Story) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")

    story.kubectl("-n", story.namespace, "delete", "networkpolicy", "--all")

    eventually(lambda: story.kubectl.exists("-n", story.namespace, "networkpolicy"), "the policy is back", seconds=5)
