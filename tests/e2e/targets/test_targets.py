"""Incidents about workloads and nodes: every pod that is there is a suspect, no replacement is, and all of it comes back."""

from typing import Any

import pytest

from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually, pod_spec

CUT = {"network": "Isolate", "node": "None"}
AT_REST = {**CUT, "workload": "ScaleToZero"}
ONCE_A_YEAR = "0 0 1 1 *"
PARENT = "firedoor.dev/parent"


def about(story: Story, kind: str, target: str, **spec: Any) -> None:
    """An incident about a workload of the story."""
    story.incident("", **{"target": {"kind": kind, "name": target}, "containment": CUT, **spec})


def suspects(story: Story, name: str = "incident") -> list[Json]:
    found: list[Json] = story.get("secinc", name).get("status", {}).get("targets", [])
    return found


def children(story: Story) -> list[Json]:
    found: list[Json] = story.kubectl.json("-n", story.namespace, "secinc", "-l", PARENT)["items"]
    return found


def names(pods: list[Json]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}


def labels(story: Story, pod: str) -> Json:
    found: Json = story.get("pod", pod)["metadata"]["labels"]
    return found


def workload(story: Story, version: str, kind: str, name: str, spec: Json) -> None:
    metadata = {"name": name, "namespace": story.namespace}
    story.kubectl.apply({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})


def template(app: str, **spec: Any) -> Json:
    return {"metadata": {"labels": {"app": app}}, "spec": {**pod_spec(), **spec}}


def database(story: Story) -> None:
    """A StatefulSet of two pods, running."""
    spec = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": template("db")}
    workload(story, "apps/v1", "StatefulSet", "db", spec)
    story.kubectl("-n", story.namespace, "rollout", "status", "statefulset/db", "--timeout=60s")


def running(story: Story, app: str, count: int) -> set[str]:
    """Names of the running pods of an app, once there are so many."""
    eventually(lambda: [pod["status"]["phase"] for pod in story.pods(app)] == ["Running"] * count, f"{count} pods of {app} run")
    return names(story.pods(app))


def test_every_pod_of_a_deployment_is_cut_off_and_no_replacement_is(story: Story) -> None:
    story.deployment(replicas=2)
    witness = story.pod("witness")["metadata"]["name"]
    before = story.pods()

    about(story, "Deployment", "web")
    story.wait("Contained")

    assert {member["name"] for member in suspects(story)} == names(before)
    assert {member["isolated"] for member in suspects(story)} == {"True"}
    assert not any(story.reaches(witness, pod["status"]["podIP"]) for pod in before)
    replacements = running(story, "web", 2)
    assert replacements.isdisjoint(names(before))
    assert all("firedoor.dev/quarantine" not in labels(story, name) for name in replacements)
    assert len(children(story)) == 2


def test_a_deployment_at_rest_has_no_pods_left_but_the_suspects(story: Story) -> None:
    story.deployment(replicas=2)
    before = names(story.pods())

    about(story, "Deployment", "web", containment=AT_REST)
    story.wait("WorkloadScaled")

    eventually(lambda: not story.pods(), "the pods that it still owned are gone")
    assert {story.get("pod", name)["status"]["phase"] for name in before} == {"Running"}
    story.release(mode="Restore")
    story.wait("Released")
    assert story.get("deployment", "web")["spec"]["replicas"] == 2
    eventually(lambda: len(story.pods()) == 2, "it has its pods again")


@pytest.mark.in_turn("nodes")
def test_what_is_no_longer_asked_for_comes_back_from_every_child_and_the_pods_stay_cut_off(story: Story) -> None:
    story.deployment(replicas=1)
    witness = story.pod("witness")["metadata"]["name"]
    (suspect,) = story.pods()
    about(story, "Deployment", "web", containment={"workload": "ScaleToZero"})
    story.wait("Contained")

    story.ask(containment={"node": "None", "workload": "None"})

    story.wait("NodeCordoned", "False", "NotRequested")
    story.wait("WorkloadScaled", "False", "NotRequested")
    assert "unschedulable" not in story.kubectl.json("node", suspect["spec"]["nodeName"])["spec"]
    assert story.get("deployment", "web")["spec"]["replicas"] == 1
    story.wait("Contained")
    assert not story.reaches(witness, suspect["status"]["podIP"])


def test_the_pods_of_a_statefulset_keep_their_labels_and_get_all_else_back(story: Story) -> None:
    database(story)
    before = {name: labels(story, name) for name in ("db-0", "db-1")}

    about(story, "StatefulSet", "db")
    story.wait("Contained")

    assert all(before[name].items() < labels(story, name).items() for name in before)
    story.release()
    story.wait("Released")
    assert {name: labels(story, name) for name in before} == before


def test_the_pods_of_a_daemonset_are_cut_off_on_every_node(story: Story) -> None:
    workload(story, "apps/v1", "DaemonSet", "log", {"selector": {"matchLabels": {"app": "log"}}, "template": template("log")})
    story.kubectl("-n", story.namespace, "rollout", "status", "daemonset/log", "--timeout=60s")
    before = names(story.pods("log"))

    about(story, "DaemonSet", "log")
    story.wait("Contained")

    assert {member["name"] for member in suspects(story)} == before


def test_a_job_is_contained_with_its_pods(story: Story) -> None:
    workload(story, "batch/v1", "Job", "batch", {"template": template("batch", restartPolicy="Never")})
    before = running(story, "batch", 1)

    about(story, "Job", "batch", containment=AT_REST)
    story.wait("WorkloadScaled")
    story.wait("Isolated")

    assert {member["name"] for member in suspects(story)} == before
    assert story.get("job", "batch")["spec"]["suspend"] is True
    assert {story.get("pod", name)["status"]["phase"] for name in before} == {"Running"}


def test_a_cronjob_is_contained_with_the_pods_of_its_running_jobs(story: Story) -> None:
    job = {"spec": {"template": template("nightly", restartPolicy="Never")}}
    workload(story, "batch/v1", "CronJob", "nightly", {"schedule": ONCE_A_YEAR, "jobTemplate": job})
    story.kubectl("-n", story.namespace, "create", "job", "now", "--from=cronjob/nightly")
    before = running(story, "nightly", 1)

    about(story, "CronJob", "nightly", containment=AT_REST)
    story.wait("WorkloadScaled")
    story.wait("Isolated")

    assert {member["name"] for member in suspects(story)} == before
    assert story.get("cronjob", "nightly")["spec"]["suspend"] is True
    story.release()
    story.wait("Released")
    assert not story.get("cronjob", "nightly")["spec"].get("suspend")


def test_a_workload_without_pods_proves_nothing(story: Story) -> None:
    story.deployment(replicas=0)
    about(story, "Deployment", "web")
    assert story.wait("Isolated", "Unknown", "NoPods")
    assert story.condition("Contained")["status"] == "Unknown"


def test_a_suspect_that_a_person_releases_by_itself_counts_no_more(story: Story) -> None:
    story.deployment(replicas=2)
    about(story, "Deployment", "web")
    story.wait("Contained")
    freed = suspects(story)[0]["incident"]

    story.release(name=freed)
    story.wait("Released", name=freed)

    eventually(lambda: suspects(story)[0]["phase"] == "Released", "it is shown as released")
    eventually(lambda: "no longer counted: 1 of 2" in story.condition("Contained")["message"], "that is said")
    assert story.condition("Contained")["status"] == "True"


def test_release_and_deletion_give_every_pod_back_and_take_the_children_along(story: Story) -> None:
    database(story)
    before = {name: labels(story, name) for name in ("db-0", "db-1")}
    about(story, "StatefulSet", "db")
    story.wait("Contained")

    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=60s")

    assert {name: labels(story, name) for name in before} == before
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")
    eventually(lambda: not children(story), "the children are gone")


def test_a_dry_run_tells_of_every_pod_and_makes_no_child(story: Story) -> None:
    story.deployment(replicas=2)
    about(story, "Deployment", "web", dryRun=True, containment=AT_REST)
    story.wait("Accepted", "False", "DryRun")

    steps = story.get("secinc", "incident")["status"]["plan"]["steps"]
    assert [step["action"] for step in steps].count("Quarantine") == 2
    assert steps[-1]["action"] == "ScaleToZero"
    assert not children(story)
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")


def test_a_node_is_out_of_reach_from_another_namespace(story: Story) -> None:
    node = story.pod()["spec"]["nodeName"]
    about(story, "Node", node)
    story.wait("Accepted", "False", "ForeignNamespace")
    assert not story.kubectl.json("node", node)["spec"].get("unschedulable")


@pytest.fixture
def home(kubectl: Kubectl, home_incidents: None) -> Story:
    return Story(kubectl, HOME)


@pytest.mark.in_turn("nodes", "home")
def test_a_node_is_cordoned_and_the_chosen_pods_on_it_are_cut_off_until_release(story: Story, home: Story) -> None:
    chosen = f"chosen-{story.namespace}"
    before = story.pod(chosen)
    node = before["spec"]["nodeName"]
    other = story.pod("other", nodeName=node)
    node_before = story.kubectl.json("node", node)
    target = {"kind": "Node", "name": node, "selector": f"app={chosen}"}

    home.incident("", name=story.namespace, target=target)
    home.wait("Contained", name=story.namespace)

    assert [(member["namespace"], member["name"]) for member in suspects(home, story.namespace)] == [(story.namespace, chosen)]
    assert story.kubectl.json("node", node)["spec"]["unschedulable"] is True
    assert story.get("pod", "other")["metadata"]["labels"] == other["metadata"]["labels"]
    home.release(name=story.namespace, mode="Restore")
    home.wait("Released", name=story.namespace)
    assert labels(story, chosen) == before["metadata"]["labels"]
    node_after = story.kubectl.json("node", node)
    assert node_after["spec"] == node_before["spec"]
    assert node_after["metadata"]["annotations"] == node_before["metadata"]["annotations"]


@pytest.mark.in_turn("nodes", "home")
def test_the_workloads_of_a_nodes_pods_are_put_to_rest_and_come_back_with_their_pods(story: Story, home: Story) -> None:
    app, node = f"chosen-{story.namespace}", story.pod()["spec"]["nodeName"]
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": app}}, "template": template(app, nodeName=node)}
    workload(story, "apps/v1", "Deployment", "web", spec)
    before = running(story, app, 2)
    target = {"kind": "Node", "name": node, "selector": f"app={app}"}

    home.incident("", name=story.namespace, target=target, containment=AT_REST)
    home.wait("WorkloadScaled", name=story.namespace)

    assert story.get("deployment", "web")["spec"]["replicas"] == 0
    eventually(lambda: not story.pods(app), "the replacements are gone")
    home.release(name=story.namespace, mode="Restore")
    home.wait("Released", name=story.namespace)
    found = story.get("deployment", "web")
    assert found["spec"]["replicas"] == 2
    assert not any(key.startswith("firedoor.dev/") for key in found["metadata"]["annotations"])
    eventually(lambda: names(story.pods(app)) == before, "it has the pods that it had")


@pytest.mark.in_turn("nodes", "home")
def test_what_firedoor_never_touches_on_a_node_is_left_out_by_name(story: Story, home: Story) -> None:
    story.pod("hosted", hostNetwork=True, containers=[{"name": "c", "image": "firedoor.test/pause:1"}])
    node = story.get("pod", "hosted")["spec"]["nodeName"]
    target = {"kind": "Node", "name": node, "selector": "app=hosted"}

    home.incident("", name=story.namespace, target=target, containment=CUT)

    accepted = home.wait("Accepted", name=story.namespace)
    assert f"Pod {story.namespace}/hosted is left out: it is on the host network." in accepted["message"]
    assert not suspects(home, story.namespace)
