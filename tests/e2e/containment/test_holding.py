"""What holds is put back when somebody takes it away, pods that cannot be replaced elsewhere keep their labels, and the
last replica may be isolated but it is said."""

import json

import pytest

from tests.e2e.conftest import Json, Story, deployment, eventually, pod

NO_CORDON = {"network": "Isolate", "node": "None"}
ANNOTATIONS_MOST = 256 << 10
"""Bytes of all annotations of an object that the API server takes."""


def quarantined(story: Story) -> bool:
    labels = story.get("pod", "suspect")["metadata"]["labels"]
    return "firedoor.dev/quarantine" in labels and len(labels) == 2


def test_a_label_that_somebody_takes_off_or_puts_on_is_set_right_at_once_with_an_event(story: Story) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")
    own = next(key for key in story.get("pod", "suspect")["metadata"]["labels"] if key.startswith("firedoor.dev/incident."))

    for change in (f"{own}-", "app=web", "firedoor.dev/quarantine-"):
        story.kubectl("-n", story.namespace, "label", "pod", "suspect", change)
        eventually(lambda: quarantined(story), f"set right after {change}", seconds=5)

    events = story.kubectl.json("-n", story.namespace, "events.events.k8s.io")["items"]
    assert "Repaired" in {event["reason"] for event in events}


def test_a_statefulsets_pod_keeps_its_labels_and_its_place(story: Story) -> None:
    story.kubectl.apply(stateful_set(story.namespace))
    story.kubectl("-n", story.namespace, "rollout", "status", "statefulset/db", "--timeout=60s")
    before = story.get("pod", "db-0")
    story.incident("db-0", containment=NO_CORDON)
    story.wait("Contained")
    held = story.get("pod", "db-0")["metadata"]
    assert before["metadata"]["labels"].items() <= held["labels"].items()
    assert held["ownerReferences"] == before["metadata"]["ownerReferences"]

    story.release(mode="Restore")
    story.wait("Released")

    after = story.get("pod", "db-0")["metadata"]
    assert (after["labels"], after["uid"]) == (before["metadata"]["labels"], before["metadata"]["uid"])


def test_a_policy_that_selects_by_what_is_absent_is_named(story: Story) -> None:
    story.pod()
    selector = {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}
    allow = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "for-the-tierless", "namespace": story.namespace},
        "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}]},
    }
    story.kubectl.apply(allow)
    story.incident("suspect", containment=NO_CORDON)
    assert "for-the-tierless" in story.wait("Isolated", "False", "OverlappingAllowPolicies")["message"]


def test_a_pod_whose_owner_leaves_no_room_for_an_annotation_is_cut_off_and_given_back_all_the_same(story: Story) -> None:
    document = pod(story.namespace, "suspect")
    full = {"own": "x" * (ANNOTATIONS_MOST - len("own"))}
    story.kubectl.apply({**document, "metadata": {**document["metadata"], "annotations": full}})
    story.kubectl("-n", story.namespace, "wait", "--for=condition=Ready", "pod/suspect", "--timeout=60s")
    before = story.get("pod", "suspect")["metadata"]

    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")
    assert quarantined(story)
    story.release(mode="Restore")
    story.wait("Released", reason="Released")

    after = story.get("pod", "suspect")["metadata"]
    assert (after["labels"], after["annotations"]) == (before["labels"], before["annotations"])


@pytest.mark.in_turn("nodes")
def test_a_person_who_uncordons_is_reported_and_overruled_only_if_a_policy_says_so(story: Story) -> None:
    node = story.pod()["spec"]["nodeName"]
    story.incident("suspect")
    story.wait("NodeCordoned")
    story.kubectl("uncordon", node)
    story.wait("NodeCordoned", "False", "CordonDrift", seconds=5)
    document = {
        "apiVersion": "firedoor.dev/v1alpha1",
        "kind": "ContainmentPolicy",
        "metadata": {"name": story.namespace},
        "spec": {"namespaces": [story.namespace], "keepCordon": True},
    }
    story.kubectl("apply", "-f", "-", text=json.dumps(document))
    try:
        story.wait("NodeCordoned", seconds=10)
        assert story.kubectl.json("node", node)["spec"]["unschedulable"] is True
    finally:
        story.kubectl("delete", "containmentpolicy", story.namespace)


@pytest.mark.in_turn("nodes")
def test_a_node_that_a_person_cordons_anew_while_it_is_held_stays_cordoned_and_is_listed(story: Story) -> None:
    node = story.pod()["spec"]["nodeName"]
    story.incident("suspect")
    story.wait("NodeCordoned")
    try:
        story.kubectl("uncordon", node)
        story.wait("NodeCordoned", "False", "CordonDrift", seconds=5)
        story.kubectl("cordon", node)
        story.wait("NodeCordoned", seconds=5)
        story.release()
        assert "had cordoned it while it was held" in story.wait("Released", reason="Drifted")["message"]
        assert story.kubectl.json("node", node)["spec"]["unschedulable"] is True
    finally:
        story.kubectl("uncordon", node)


@pytest.mark.in_turn("nodes")
def test_a_hold_and_a_record_that_somebody_takes_off_a_node_change_nothing_of_what_is_given_back(story: Story) -> None:
    node = story.pod()["spec"]["nodeName"]
    story.incident("suspect")
    story.wait("NodeCordoned")
    hold = next(key for key in story.kubectl.json("node", node)["metadata"]["annotations"] if "firedoor.dev/cordon." in key)
    story.kubectl("annotate", "node", node, f"{hold}-")
    eventually(lambda: hold in story.kubectl.json("node", node)["metadata"]["annotations"], "it is held again", seconds=5)
    story.kubectl("annotate", "node", node, "firedoor.dev/prior-")

    story.release()

    assert story.wait("Released")["message"] == "Everything is as it was."
    assert "unschedulable" not in story.kubectl.json("node", node)["spec"]


def stateful_set(namespace: str) -> Json:
    whole = deployment(namespace, "db", 1)
    whole["spec"]["serviceName"] = "db"
    return {**whole, "kind": "StatefulSet"}
