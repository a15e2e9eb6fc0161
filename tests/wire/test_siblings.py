"""The last healthy replica: isolated all the same and as soon, and then it is said."""

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.workloads import PODS, REPLICA_SETS, owned_by
from tests.wire.process import Operator
from tests.wire.world import EVENTS, INCIDENTS, LABELS, condition, contain, eventually

READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def serving(cluster: FakeCluster, name: str) -> None:
    cluster.change(PODS, "shop", name, {"status": READY})


def sibling(cluster: FakeCluster) -> None:
    """Another pod of the suspect's ReplicaSet."""
    owner = owned_by("ReplicaSet", "web-7f45", cluster.get(REPLICA_SETS, "shop", "web-7f45")["metadata"]["uid"])
    metadata = {"name": "sibling", "namespace": "shop", "labels": dict(LABELS), "ownerReferences": [owner]}
    cluster.add(PODS, {"metadata": metadata, "spec": {"containers": []}, "status": {"phase": "Running"}})


def warnings(cluster: FakeCluster) -> list[str]:
    return list(cluster.get(INCIDENTS, "shop", "incident")["status"].get("plan", {}).get("warnings", ()))


async def test_isolating_the_last_healthy_pod_is_said_in_the_status_and_by_an_event(
    cluster: FakeCluster, operator: Operator
) -> None:
    sibling(cluster)
    serving(cluster, "suspect")
    await contain(cluster)
    await eventually(lambda: bool(warnings(cluster)), "it is said")
    said = "The suspect was the last healthy pod of ReplicaSet web-7f45 when it was isolated."
    assert warnings(cluster) == [said]
    assert [event["note"] for event in cluster.all(EVENTS) if event["reason"] == "LastHealthyReplica"] == [
        f"Isolated=Unknown: {said}"
    ]


async def test_the_siblings_are_looked_at_only_after_the_door_has_closed(cluster: FakeCluster, operator: Operator) -> None:
    serving(cluster, "suspect")
    cluster.requests.clear()
    await contain(cluster)
    place = cluster.requests.index
    assert place(Asked("PATCH", PODS, "shop", "suspect")) < place(Asked("GET", REPLICA_SETS, "shop", "web-7f45"))


async def test_where_another_pod_serves_or_the_suspect_did_not_nothing_is_said(cluster: FakeCluster, operator: Operator) -> None:
    sibling(cluster)
    serving(cluster, "sibling")
    serving(cluster, "suspect")
    await contain(cluster)
    await eventually(lambda: condition(cluster, "Isolated")["reason"] != "Pending", "it is told")
    assert warnings(cluster) == []
