"""A dry run says what would be done, names every object, touches nothing, and can then be made real."""

import pytest

from tests.e2e.conftest import Json, Story


def plan(story: Story) -> Json:
    found: Json = story.get("secinc", "incident")["status"]["plan"]
    return found


@pytest.mark.in_turn("nodes")
def test_a_dry_run_names_every_step_and_touches_nothing(story: Story) -> None:
    story.deployment()
    suspect = story.pods()[0]
    name, labels = suspect["metadata"]["name"], suspect["metadata"]["labels"]
    containment = {"network": "Isolate", "node": "Cordon", "workload": "ScaleToZero", "identity": "Freeze"}
    story.incident(name, dryRun=True, containment=containment, evidence={"enabled": True})
    story.wait("Accepted", "False", "DryRun")

    told = plan(story)
    steps = {step["action"]: step["object"] for step in told["steps"]}
    assert list(steps)[:2] == ["Isolate", "Quarantine"]
    assert set(steps) == {"Isolate", "Quarantine", "Shelter", "Cordon", "Capture", "ScaleToZero", "Freeze"}
    assert steps["Quarantine"] == f"Pod {story.namespace}/{name}"
    assert steps["Cordon"] == f"Node {suspect['spec']['nodeName']}"
    assert steps["ScaleToZero"] == f"Deployment {story.namespace}/web"
    assert told["healthyReplicas"] == 0, "all of them would be stopped"
    assert story.get("pod", name)["metadata"]["labels"] == labels
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")
    assert story.get("deployment", "web")["spec"]["replicas"] == 2


@pytest.mark.in_turn("nodes")
def test_a_plan_warns_of_policies_that_would_still_allow_traffic_and_of_the_last_replica(story: Story) -> None:
    story.deployment(replicas=1)
    allow = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "let-most-in", "namespace": story.namespace},
        "spec": {"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}, "ingress": [{}]},
    }
    story.kubectl.apply(allow)
    story.incident(story.pods()[0]["metadata"]["name"], dryRun=True)
    story.wait("Accepted", "False", "DryRun")
    warnings = " ".join(plan(story)["warnings"])
    assert f"{story.namespace}/let-most-in would still allow" in warnings
    assert "last healthy replica" in warnings


def test_a_dry_run_becomes_real_when_asked(story: Story) -> None:
    story.pod()
    story.incident("suspect", dryRun=True, containment={"network": "Isolate", "node": "None"})
    story.wait("Accepted", "False", "DryRun")
    story.ask(dryRun=False)
    story.wait("Contained")


def test_isolating_the_last_healthy_replica_is_said_in_earnest_too(story: Story) -> None:
    story.deployment(replicas=1)
    story.incident(story.pods()[0]["metadata"]["name"], containment={"network": "Isolate", "node": "None"})
    story.wait("Contained")
    assert "was the last healthy pod of ReplicaSet web-" in " ".join(plan(story)["warnings"])
