"""How an incident may end, and how it may not: deleted, forgotten, shared, discarded."""

import signal

import pytest

from tests.fakes.apiserver import FakeCluster
from tests.fakes.workloads import DEPLOYMENTS, PODS, REPLICA_SETS, replica_sets
from tests.wire.process import Operator
from tests.wire.world import (
    INCIDENTS,
    POLICIES,
    REPLICAS,
    condition,
    contain,
    delete,
    eventually,
    held,
    incidents,
    outside,
    over,
    picture,
    quarantines,
    release,
    report,
    says,
    suspect,
    versions,
)


async def test_an_incident_that_is_deleted_stays_until_everything_is_given_back(cluster: FakeCluster, operator: Operator) -> None:
    before = picture(cluster)
    await contain(cluster)
    delete(cluster)
    assert incidents(cluster)
    await eventually(lambda: not incidents(cluster), "the incident is gone")
    assert picture(cluster) == before


async def test_an_incident_that_is_deleted_while_nobody_watches_is_given_back_later(
    cluster: FakeCluster, operator: Operator
) -> None:
    before = picture(cluster)
    await contain(cluster)
    operator.kill()
    delete(cluster)
    await operator.again()
    await eventually(lambda: not incidents(cluster), "the incident is gone")
    assert picture(cluster) == before


async def test_containment_whose_incident_vanished_is_undone_as_an_orphan(cluster: FakeCluster, operator: Operator) -> None:
    before = picture(cluster)
    await contain(cluster)
    operator.kill()
    cluster.change(INCIDENTS, "shop", "incident", {"metadata": {"finalizers": None}})
    delete(cluster)
    await operator.again()
    await eventually(lambda: picture(cluster) == before, "undone")


async def test_an_orderly_end_of_the_controller_undoes_nothing(cluster: FakeCluster, operator: Operator) -> None:
    await contain(cluster)
    done = outside(cluster)
    operator.kill(signal.SIGTERM)
    assert await operator.process.wait() == 0
    assert outside(cluster) == done


async def test_of_two_incidents_about_one_pod_the_last_one_gives_back(cluster: FakeCluster, operator: Operator) -> None:
    before = picture(cluster)
    for name in ("first", "second"):
        report(cluster, name)
    await eventually(lambda: all(says(cluster, "NodeCordoned", name=name) for name in ("first", "second")), "both hold")
    assert len(cluster.all(POLICIES)) == len(quarantines(cluster)) == 2
    release(cluster, "first")
    await eventually(lambda: says(cluster, "Released", name="first"), "the first is over")
    assert len(cluster.all(POLICIES)) == len(quarantines(cluster)) == 1
    release(cluster, "second")
    await eventually(lambda: picture(cluster) == before, "all is given back")


@pytest.mark.parametrize("gone", [False, True])
async def test_a_pod_that_one_incident_kept_is_left_so_by_the_next_one(
    cluster: FakeCluster, operator: Operator, gone: bool
) -> None:
    await contain(cluster)
    release(cluster, mode="Keep")
    await eventually(lambda: over(cluster), "kept")
    if gone:
        delete(cluster)
        await eventually(lambda: not incidents(cluster), "its incident is gone")
    kept = picture(cluster)
    await contain(cluster, "second")
    release(cluster, "second")
    await eventually(lambda: over(cluster, "second"), "released")
    assert picture(cluster) == kept


async def test_a_pod_that_is_discarded_keeps_its_door_closed_until_it_is_gone(cluster: FakeCluster, operator: Operator) -> None:
    cluster.change(PODS, "shop", "suspect", {"metadata": {"finalizers": ["example.com/slow"]}})
    await contain(cluster)
    release(cluster, mode="Discard")
    await eventually(lambda: "deletionTimestamp" in suspect(cluster)["metadata"], "the pod is on its way out")
    await eventually(lambda: condition(cluster, "Released")["reason"] == "Releasing", "being released")
    assert cluster.all(POLICIES)
    assert held(suspect(cluster))

    cluster.change(PODS, "shop", "suspect", {"metadata": {"finalizers": None}})
    await eventually(lambda: says(cluster, "Released"), "released")
    assert not cluster.all(POLICIES)


async def test_a_workload_is_scaled_only_when_the_suspect_is_free_of_it(cluster: FakeCluster, operator: Operator) -> None:
    report(cluster, containment={"workload": "ScaleToZero"})
    await eventually(lambda: condition(cluster, "WorkloadScaled")["reason"] == "WaitingForEvidence", "it waits")
    cluster.change(PODS, "shop", "suspect", {"metadata": {"ownerReferences": None}})
    await eventually(lambda: says(cluster, "WorkloadScaled"), "scaled")
    assert [web["spec"]["replicas"] for web in versions(cluster, DEPLOYMENTS)] == [REPLICAS, 0]


async def test_a_pod_whose_workload_has_rolled_on_is_not_handed_to_the_old_replicaset_that_would_delete_it(
    cluster: FakeCluster, operator: Operator
) -> None:
    cluster.controllers = (replica_sets,)
    await contain(cluster)
    cluster.change(REPLICA_SETS, "shop", "web-7f45", {"spec": {"replicas": 0}})
    release(cluster, mode="Restore")
    await eventually(lambda: over(cluster), "released")
    assert held(suspect(cluster)), "it is there, and cut off"
    assert cluster.all(POLICIES)
    assert condition(cluster, "Released")["reason"] == "WouldBeDeleted"


async def test_who_would_take_the_pod_back_is_looked_at_after_the_workload_above_which_it_follows(
    cluster: FakeCluster, operator: Operator
) -> None:
    cluster.controllers = (replica_sets,)
    await contain(cluster)
    cluster.requests.clear()
    release(cluster, mode="Restore")
    await eventually(lambda: over(cluster), "released")
    looks = [asked.collection for asked in cluster.requests if asked.method == "GET" and asked.namespace == "shop"]
    owners = [one for one in looks if one in (DEPLOYMENTS, REPLICA_SETS)]
    assert owners[:3] == [REPLICA_SETS, DEPLOYMENTS, REPLICA_SETS], "up to the workload, and then who takes it back"
