"""A workload is put to rest and comes back: no suspect lost, no claim deleted, no fight without end."""

import time
from typing import Any

import pytest

from tests.e2e.conftest import Json, Story, eventually, pod_spec

SCALE = {"network": "Isolate", "node": "None", "workload": "ScaleToZero"}
ONCE_A_YEAR = "0 0 1 1 *"
LONGER_THAN_A_LOOK = 8.0


def stateful_set(story: Story, **spec: Any) -> str:
    """A StatefulSet of two with its pods ready; the name of the first."""
    labels = {"app": "db"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec()}
    whole = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": labels}, "template": template, **spec}
    story.kubectl.apply(document(story, "apps/v1", "StatefulSet", "db", whole))
    story.kubectl("-n", story.namespace, "rollout", "status", "statefulset/db", "--timeout=60s")
    return "db-0"


def job_spec(app: str) -> Json:
    template = {"metadata": {"labels": {"app": app}}, "spec": {**pod_spec(), "restartPolicy": "Never"}}
    return {"template": template}


def document(story: Story, version: str, kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": story.namespace}, "spec": spec}


def running(story: Story, app: str) -> str:
    """Name of the one running pod."""
    eventually(lambda: [one["status"]["phase"] for one in story.pods(app)] == ["Running"], f"a pod of {app} runs")
    return str(story.pods(app)[0]["metadata"]["name"])


def shape(found: Json) -> Json:
    """All of an object that people write."""
    metadata = found["metadata"]
    return {
        "spec": found["spec"],
        **{key: metadata.get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")},
    }


def rest(story: Story, suspect: str, name: str = "incident", **spec: Any) -> Json:
    """An incident that puts the suspect's workload to rest; its condition once it has."""
    story.incident(suspect, name=name, containment=SCALE, **spec)
    return story.wait("WorkloadScaled", name=name, seconds=150.0)


def test_a_statefulset_is_scaled_once_the_evidence_of_its_pod_is_sealed_and_comes_back(story: Story) -> None:
    suspect = stateful_set(story)
    before = story.get("statefulset", "db")

    rest(story, suspect, evidence={"enabled": True})

    story.wait("EvidenceSealed")  # sealed before the scaling, which does not wait for the signature
    assert story.get("statefulset", "db")["spec"]["replicas"] == 0
    eventually(lambda: not story.pods("db"), "its pods are gone")
    story.release()
    story.wait("Released")
    assert shape(story.get("statefulset", "db")) == shape(before)
    eventually(lambda: len(story.pods("db")) == 2, "its pods are back")


@pytest.mark.in_turn("nodes")
def test_what_is_no_longer_asked_for_is_given_back_and_the_pod_stays_cut_off(story: Story) -> None:
    story.deployment()
    witness = story.pod("witness")["metadata"]["name"]
    suspect = story.pods()[0]
    at = suspect["spec"]["nodeName"]
    before = [shape(one) for one in (story.get("deployment", "web"), story.kubectl.json("node", at))]
    story.incident(suspect["metadata"]["name"], containment={"workload": "ScaleToZero"})
    story.wait("Contained")

    story.ask(containment={"node": "None", "workload": "None"})

    story.wait("NodeCordoned", "False", "NotRequested")
    story.wait("WorkloadScaled", "False", "NotRequested")
    assert [shape(one) for one in (story.get("deployment", "web"), story.kubectl.json("node", at))] == before
    assert [receipt["returned"] for receipt in story.get("secinc", "incident")["status"]["receipts"]] == [False, True, True]
    story.wait("Contained")
    assert not story.reaches(witness, suspect["status"]["podIP"])


def test_a_workload_that_is_deleted_while_it_is_held_is_listed_on_release(story: Story) -> None:
    story.deployment()
    rest(story, story.pods()[0]["metadata"]["name"])
    story.kubectl("-n", story.namespace, "delete", "deployment", "web", "--timeout=60s")
    assert "Deployment web" in story.wait("WorkloadScaled", "False", "NoWorkload")["message"]

    story.release()

    assert "Deployment web is gone." in story.wait("Released", reason="Drifted")["message"]


def test_a_statefulset_whose_suspect_leaves_no_evidence_is_not_scaled(story: Story) -> None:
    suspect = stateful_set(story)
    story.incident(suspect, containment=SCALE)

    waiting = story.wait("WorkloadScaled", "False", "WaitingForEvidence")

    assert "StatefulSet db still owns the suspect" in waiting["message"]
    assert story.get("statefulset", "db")["spec"]["replicas"] == 2
    assert story.get("pod", suspect)["status"]["phase"] == "Running"


def test_a_statefulset_is_not_scaled_over_the_pod_of_another_incident_without_evidence(story: Story) -> None:
    suspect = stateful_set(story)
    story.incident("db-1", name="other", containment={"network": "Isolate", "node": "None"})
    story.wait("Isolated", name="other")
    story.incident(suspect, containment=SCALE, evidence={"enabled": True})
    story.wait("EvidenceSealed", seconds=150.0)

    waiting = story.wait("WorkloadScaled", "False", "WaitingForEvidence")

    assert f"pod db-1 of {story.namespace}/other" in waiting["message"]
    assert story.get("statefulset", "db")["spec"]["replicas"] == 2
    story.kubectl("-n", story.namespace, "delete", "secinc", "other", "--timeout=60s")
    story.wait("WorkloadScaled")
    assert story.get("statefulset", "db")["spec"]["replicas"] == 0


def test_a_statefulset_that_would_delete_its_claims_is_refused(story: Story) -> None:
    suspect = stateful_set(story, persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    story.incident(suspect, containment=SCALE)

    refused = story.wait("WorkloadScaled", "False", "ClaimsWouldBeDeleted")

    assert "whenScaled: Delete" in refused["message"]
    assert story.get("statefulset", "db")["spec"]["replicas"] == 2


def test_a_job_is_suspended_without_its_suspect_and_comes_back_byte_for_byte(story: Story) -> None:
    story.kubectl.apply(document(story, "batch/v1", "Job", "batch", job_spec("batch")))
    suspect, before = running(story, "batch"), story.get("job", "batch")

    rest(story, suspect)

    assert story.get("job", "batch")["spec"]["suspend"] is True
    assert story.get("pod", suspect)["status"]["phase"] == "Running"
    eventually(lambda: not story.pods("batch"), "the pods that it still owned are gone")
    story.release()
    story.wait("Released")
    assert shape(story.get("job", "batch")) == shape(before)


def test_the_suspects_job_and_the_cronjob_above_are_suspended_and_come_back_byte_for_byte(story: Story) -> None:
    spec = {"schedule": ONCE_A_YEAR, "jobTemplate": {"spec": job_spec("nightly")}}
    story.kubectl.apply(document(story, "batch/v1", "CronJob", "nightly", spec))
    story.kubectl("-n", story.namespace, "create", "job", "now", "--from=cronjob/nightly")
    suspect, before = running(story, "nightly"), (story.get("cronjob", "nightly"), story.get("job", "now"))

    said = rest(story, suspect)["message"]

    assert "CronJob nightly is suspended" in said
    assert "Job now is suspended" in said
    assert story.get("cronjob", "nightly")["spec"]["suspend"] is True
    assert story.get("job", "now")["spec"]["suspend"] is True
    eventually(lambda: not story.pods("nightly"), "what it had started in the suspect's place is gone")
    story.release()
    story.wait("Released")
    assert [shape(story.get(*one)) for one in (("cronjob", "nightly"), ("job", "now"))] == [shape(one) for one in before]


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")], ids=["in order", "the other way"])
def test_two_incidents_on_one_deployment_release_in_any_order_and_the_last_one_restores(
    story: Story, order: tuple[str, str]
) -> None:
    story.deployment(replicas=3)
    before, suspect = story.get("deployment", "web"), story.pods()[0]["metadata"]["name"]
    for name in ("first", "second"):
        rest(story, suspect, name=name)

    story.release(name=order[0])
    story.wait("Released", name=order[0])
    assert story.get("deployment", "web")["spec"]["replicas"] == 0
    assert story.condition("WorkloadScaled", order[1])["status"] == "True"
    story.release(name=order[1])
    story.wait("Released", name=order[1])

    found = story.get("deployment", "web")
    assert shape(found) == shape(before)
    managed = story.kubectl.json("-n", story.namespace, "deployment", "web", "--show-managed-fields")["metadata"]["managedFields"]
    assert "firedoor" not in {entry["manager"] for entry in managed}, "nor is it claimed"


def test_a_pod_that_is_restored_is_not_deleted_by_the_workload_that_another_incident_holds(story: Story) -> None:
    story.deployment()
    suspects = dict(zip(("first", "second"), (one["metadata"]["name"] for one in story.pods()), strict=True))
    story.incident(suspects["second"], name="second", containment={**SCALE, "workload": "None"})
    story.wait("Isolated", name="second")
    rest(story, suspects["first"], name="first")
    story.ask("second", containment={"workload": "ScaleToZero"})
    story.wait("WorkloadScaled", name="second")
    uids = {name: story.get("pod", suspect)["metadata"]["uid"] for name, suspect in suspects.items()}

    story.release(name="first", mode="Restore")
    waiting = story.wait("Released", "False", "Releasing", name="first")
    assert f"while {story.namespace}/second holds it at rest" in waiting["message"]
    story.release(name="second", mode="Restore")
    for name, suspect in suspects.items():
        story.wait("Released", name=name)
        assert story.get("pod", suspect)["metadata"]["uid"] == uids[name]

    time.sleep(LONGER_THAN_A_LOOK)
    assert {one["metadata"]["uid"] for one in story.pods()} == set(uids.values()), "the replacements went, not the suspects"


def test_an_autoscaler_that_targets_the_workload_is_named(story: Story) -> None:
    story.deployment()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3, "metrics": [cpu]}
    story.kubectl.apply(document(story, "autoscaling/v2", "HorizontalPodAutoscaler", "by-load", spec))

    held = rest(story, story.pods()[0]["metadata"]["name"])

    assert held["reason"] == "Scaled"
    assert "HorizontalPodAutoscaler by-load" in held["message"]


def test_who_scales_up_again_and_again_is_named_and_the_fight_ends(story: Story) -> None:
    story.deployment()
    rest(story, story.pods()[0]["metadata"]["name"])

    set_back = _fight(story)

    assert set_back == 3
    assert "by kubectl" in story.condition("WorkloadScaled")["message"]
    time.sleep(LONGER_THAN_A_LOOK)
    assert story.get("deployment", "web")["spec"]["replicas"] == 2
    _scale(story, 0)
    story.wait("WorkloadScaled", reason="Scaled")


def _fight(story: Story) -> int:
    """Scales up whenever the replicas are gone, until firedoor gives up; how often it had set them back."""
    rounds = 0

    def lost() -> bool:
        nonlocal rounds
        if story.get("deployment", "web")["spec"]["replicas"] == 0:
            _scale(story, 2)
            rounds += 1
        return bool(story.condition("WorkloadScaled")["reason"] == "ScaleConflict")

    eventually(lost, "the fight ends", seconds=90.0)
    return rounds - 1


def _scale(story: Story, replicas: int) -> None:
    story.kubectl("-n", story.namespace, "scale", "deployment/web", f"--replicas={replicas}")
