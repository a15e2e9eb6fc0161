"""Targets that firedoor does not touch: each says why, and recovers where time can cure it."""

import pytest

from tests.e2e.conftest import Kubectl, Story, eventually

NO_CORDON = {"network": "Isolate", "node": "None"}


def untouched(story: Story) -> bool:
    return not story.kubectl.exists("-n", story.namespace, "networkpolicy")


def test_a_target_that_does_not_exist_is_waited_for_and_then_contained(story: Story) -> None:
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Accepted", "False", "TargetNotFound")
    assert untouched(story)

    story.pod()

    story.wait("Contained")


def test_a_target_with_another_uid_is_not_touched(story: Story) -> None:
    pod = story.pod()
    story.incident("suspect", target={"kind": "Pod", "name": "suspect", "uid": "11111111-2222-3333-4444-555555555555"})
    story.wait("Accepted", "False", "TargetReplaced")
    assert untouched(story)
    assert story.get("pod", "suspect")["metadata"]["labels"] == pod["metadata"]["labels"]


def test_a_pod_on_the_host_network_is_refused_with_the_reason(story: Story) -> None:
    story.pod("hosted", hostNetwork=True, containers=[{"name": "c", "image": "firedoor.test/pause:1"}])
    story.incident("hosted")
    story.wait("Accepted", "False", "HostNetwork")
    assert untouched(story)
    assert story.wait("Stalled", "True", "HostNetwork")


@pytest.mark.in_turn("nodes")
def test_the_node_of_a_pod_on_the_host_network_is_cordoned_where_no_isolation_is_asked_for(story: Story) -> None:
    before = story.pod("hosted", hostNetwork=True, containers=[{"name": "c", "image": "firedoor.test/pause:1"}])
    story.incident("hosted", containment={"network": "None"})
    assert story.wait("Contained")
    story.release()
    story.wait("Released")
    assert story.get("pod", "hosted")["metadata"]["labels"] == before["metadata"]["labels"]


def test_another_namespace_is_out_of_reach(story: Story) -> None:
    story.pod()
    story.incident("suspect", target={"kind": "Pod", "name": "suspect", "namespace": "default"})
    story.wait("Accepted", "False", "ForeignNamespace")


@pytest.mark.usefixtures("home_incidents")
@pytest.mark.in_turn("home")
def test_protected_namespaces_are_never_touched(kubectl: Kubectl, story: Story) -> None:
    home = Story(kubectl, "firedoor-system")
    home.incident("anything", name="hands-off", target={"kind": "Pod", "name": "anything", "namespace": "kube-system"})
    home.wait("Accepted", "False", "ProtectedNamespace", name="hands-off")


def test_releasing_a_refused_incident_says_that_nothing_was_touched(story: Story) -> None:
    story.incident("nowhere")
    story.wait("Accepted", "False", "TargetNotFound")
    story.release()
    story.wait("Released")
    eventually(lambda: untouched(story), "nothing was made")
