"""The ways out: by time, held back, kept cut off, discarded; and what the evidence pod was told meanwhile comes back."""

import json

import pytest

from tests.e2e.conftest import Story, eventually

NO_CORDON = {"network": "Isolate", "node": "None"}
SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def test_an_incident_releases_itself_when_its_time_is_over(story: Story) -> None:
    before = story.pod()
    story.incident("suspect", containment=NO_CORDON, releaseAfter="12s")
    story.wait("Contained")
    story.wait("Released")
    assert "releaseAfter" in story.get("secinc", "incident")["spec"]["release"]["reason"]
    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]


def test_a_held_incident_waits_and_goes_when_it_is_no_longer_held(story: Story) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON, releaseAfter="1s", hold=True)
    story.wait("Contained")
    assert story.condition("Released")["reason"] == "Holding"
    story.ask(hold=False)
    story.wait("Released")


@pytest.mark.in_turn("nodes")
def test_a_kept_pod_stays_cut_off_even_when_its_incident_is_deleted(story: Story) -> None:
    suspect, witness = story.pod(), story.pod("witness")
    story.incident("suspect")
    story.wait("Contained")
    story.release(mode="Keep")
    story.wait("Released", reason="Kept")
    assert "unschedulable" not in story.kubectl.json("node", suspect["spec"]["nodeName"])["spec"]

    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=30s")

    assert story.kubectl.exists("-n", story.namespace, "networkpolicy")
    assert not story.reaches(witness["metadata"]["name"], suspect["status"]["podIP"])


def test_a_discarded_pod_is_gone_and_so_is_everything_about_it(story: Story) -> None:
    story.deployment()
    suspect = story.pods()[0]["metadata"]["name"]
    story.incident(suspect, containment=NO_CORDON)
    story.wait("Contained")
    story.release(mode="Discard")
    story.wait("Released")
    assert not story.kubectl.exists("-n", story.namespace, "pod", suspect)
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy,poddisruptionbudget")


def test_a_pod_whose_deployment_has_rolled_on_stays_cut_off_instead_of_being_deleted_by_the_old_replicaset(story: Story) -> None:
    story.deployment()
    suspect = story.pods()[0]["metadata"]["name"]
    story.incident(suspect, containment=NO_CORDON, evidence={"enabled": False})
    story.wait("Contained")
    story.kubectl("-n", story.namespace, "rollout", "restart", "deployment/web")
    story.kubectl("-n", story.namespace, "rollout", "status", "deployment/web", "--timeout=120s")
    story.release(mode="Restore")
    said = story.wait("Released", reason="WouldBeDeleted")
    assert "wants no pods by now" in said["message"]
    assert story.kubectl.exists("-n", story.namespace, "networkpolicy")
    assert "deletionTimestamp" not in story.get("pod", suspect)["metadata"]


def test_the_evidence_pod_is_kept_from_eviction_and_what_it_said_before_comes_back(story: Story) -> None:
    story.pod()
    story.kubectl("-n", story.namespace, "annotate", "pod", "suspect", f"{SAFE_TO_EVICT}=true")
    before = story.get("pod", "suspect")["metadata"]
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")
    held = story.get("pod", "suspect")["metadata"]["annotations"]
    assert held[SAFE_TO_EVICT] == "false"
    assert held["karpenter.sh/do-not-disrupt"] == "true"
    budgets = story.kubectl.json("-n", story.namespace, "poddisruptionbudget")["items"]
    assert [budget["spec"]["minAvailable"] for budget in budgets] == [1]
    eventually(lambda: "Cannot evict" in _evict(story), "an eviction is refused")

    story.release(mode="Restore")
    story.wait("Released")

    after = story.get("pod", "suspect")["metadata"]
    assert (after["labels"], after["annotations"]) == (before["labels"], before["annotations"])
    assert not story.kubectl.exists("-n", story.namespace, "poddisruptionbudget")


def _evict(story: Story) -> str:
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "suspect", "namespace": story.namespace},
    }
    path = f"/api/v1/namespaces/{story.namespace}/pods/suspect/eviction"
    return story.kubectl("create", "--raw", path, "-f", "-", text=json.dumps(eviction), check=False)
