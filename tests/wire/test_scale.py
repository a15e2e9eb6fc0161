"""Many incidents in one namespace: each is looked at for itself, and none can hide among them."""

import asyncio

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.workloads import PODS
from tests.wire.process import Operator
from tests.wire.world import INCIDENTS, POLICIES, condition, eventually, labels, quarantines, report

MANY = 40
CHANGES = 30


def crowd(cluster: FakeCluster) -> None:
    """Pods, and an incident about each."""
    for number in range(MANY):
        spec = {"nodeName": "node-a", "containers": [{"name": "web"}]}
        status = {"phase": "Running", "podIP": "127.0.0.1"}
        metadata = {"name": f"pod-{number}", "namespace": "shop", "labels": {"app": f"pod-{number}"}}
        cluster.add(PODS, {"metadata": metadata, "spec": spec, "status": status})
        asked = {
            "target": {"kind": "Pod", "name": f"pod-{number}"},
            "evidence": {"enabled": False},
            "containment": {"node": "None"},
        }
        cluster.add(INCIDENTS, {"metadata": {"name": f"about-{number}", "namespace": "shop"}, "spec": asked})


def settled(cluster: FakeCluster) -> bool:
    return all(condition(cluster, "Isolated", f"about-{number}")["reason"] == "NotVerified" for number in range(MANY))


def deny_of(cluster: FakeCluster, incident: str) -> tuple[str, str, str]:
    uid = cluster.get(INCIDENTS, "shop", incident)["metadata"]["uid"]
    return POLICIES, "shop", f"firedoor-{uid[:8]}"


async def test_a_deny_that_is_edited_or_removed_among_many_is_put_back(cluster: FakeCluster, operator: Operator) -> None:
    crowd(cluster)
    await eventually(lambda: settled(cluster), "all are closed")
    edited, removed = deny_of(cluster, "about-3"), deny_of(cluster, "about-7")
    before = cluster.get(*edited)["spec"]
    cluster.change(*edited, {"spec": {"ingress": [{}]}})
    cluster.remove(*removed)
    await eventually(lambda: cluster.get(*edited)["spec"] == before and removed in cluster.held, "both are back")


async def test_a_policy_that_allows_traffic_under_firedoors_label_is_named(cluster: FakeCluster, operator: Operator) -> None:
    crowd(cluster)
    await eventually(lambda: settled(cluster), "all are closed")
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}
    metadata = {"name": "helpful", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "firedoor"}}
    cluster.add(POLICIES, {"metadata": metadata, "spec": spec})
    await asyncio.sleep(0.2)
    cluster.change(INCIDENTS, "shop", "about-3", {"spec": {"title": "look again"}})
    await eventually(lambda: "helpful" in condition(cluster, "Isolated", "about-3")["message"], "it is named")


async def test_a_look_at_one_of_many_asks_for_no_deny_but_its_own(cluster: FakeCluster, operator: Operator) -> None:
    crowd(cluster)
    await eventually(lambda: settled(cluster), "all are closed")
    since, own = len(cluster.requests), deny_of(cluster, "about-3")
    cluster.change(*own, {"spec": {"ingress": [{}]}})
    await eventually(lambda: Asked("GET", *own) in cluster.requests[since:], "it is asked for")
    asked = {one.name for one in cluster.requests[since:] if one.method == "GET" and one.collection == POLICIES and one.name}
    assert asked == {own[2]}


async def test_a_suspect_whose_status_changes_again_and_again_is_not_looked_at_each_time(
    cluster: FakeCluster, operator: Operator
) -> None:
    first = report(cluster, "first", containment={"node": "None"})
    await eventually(lambda: condition(cluster, "Isolated", "first")["reason"] == "NotVerified", "the first holds")
    report(cluster, "second", containment={"node": "None"})
    await eventually(lambda: len(quarantines(cluster)) == 2, "both hold")
    await eventually(lambda: condition(cluster, "Isolated", "second")["reason"] == "NotVerified", "the second says so")

    since = len(cluster.requests)
    for number in range(CHANGES):
        cluster.change(PODS, "shop", "suspect", {"status": {"message": str(number)}})
        await asyncio.sleep(0.02)
    looks = cluster.requests[since:].count(Asked("GET", PODS, "shop", "suspect"))
    assert looks < CHANGES / 3, "but for what the clock calls for"

    mark = f"firedoor.dev/incident.{first['metadata']['uid'][:8]}"
    cluster.change(PODS, "shop", "suspect", {"metadata": {"labels": {mark: None, "app": "web"}}})
    await eventually(lambda: len(quarantines(cluster)) == 2 and "app" not in labels(cluster), "it is put back", seconds=2.0)
