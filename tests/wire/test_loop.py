"""The real controller against a fake API server: what it writes, in which order, and how often."""

from copy import deepcopy

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.workloads import DEPLOYMENTS, PODS, collectors, replica_sets
from tests.wire.process import Operator, warm
from tests.wire.world import (
    EVERYTHING,
    HOME,
    INCIDENTS,
    LABELS,
    POLICIES,
    condition,
    contain,
    eventually,
    labels,
    outside,
    picture,
    quarantines,
    release,
    report,
    says,
    suspect,
)


def begins_a_watch(asked: Asked) -> bool:
    """Watches of the whole cluster list once, when they like after the controller has started; no incident does."""
    return asked.method == "GET" and not asked.namespace and not asked.name


async def test_nothing_but_a_look_at_the_pod_comes_before_the_door_is_closed(cluster: FakeCluster, operator: Operator) -> None:
    began = len(cluster.requests)
    await contain(cluster)

    look, *door = [asked for asked in cluster.requests[began:] if asked.namespace != HOME and not begins_a_watch(asked)][:3]
    assert look == Asked("GET", PODS, "shop", "suspect")
    assert {(asked.method, asked.collection) for asked in door} == {("POST", POLICIES), ("PATCH", PODS)}


async def contained_at_the_second_try_and_given_back(cluster: FakeCluster) -> None:
    """The first patch was refused, the second left none of the pod's own labels, and all of them are back in the end."""
    before, began, own = picture(cluster), len(cluster.requests), labels(cluster)
    await contain(cluster)
    assert cluster.requests[began:].count(Asked("PATCH", PODS, "shop", "suspect")) == 2
    assert not own.keys() & labels(cluster).keys()

    release(cluster)
    await eventually(lambda: says(cluster, "Released"), "released")
    assert picture(cluster) == before


async def test_a_pod_that_has_changed_since_the_api_servers_memory_of_it_is_looked_at_again_and_nothing_is_lost(
    cluster: FakeCluster, operator: Operator
) -> None:
    cluster.recalled[PODS, "shop", "suspect"] = suspect(cluster)
    cluster.change(PODS, "shop", "suspect", {"metadata": {"labels": {"since": "then"}}})
    await contained_at_the_second_try_and_given_back(cluster)


async def test_a_pod_of_that_name_that_is_only_remembered_is_never_taken_for_the_one_that_is_there(
    cluster: FakeCluster, operator: Operator
) -> None:
    remembered = deepcopy(suspect(cluster))
    remembered["metadata"] |= {"uid": "another", "labels": {"app": "other"}}
    cluster.recalled[PODS, "shop", "suspect"] = remembered
    await contained_at_the_second_try_and_given_back(cluster)


async def test_a_workload_is_put_to_rest_only_once_the_incident_cannot_go_without_a_release(
    cluster: FakeCluster, operator: Operator
) -> None:
    cluster.controllers = (replica_sets, collectors)
    began = len(cluster.written)
    report(cluster, **EVERYTHING)
    await eventually(lambda: says(cluster, "WorkloadScaled"), "it is at rest")
    written = cluster.written[began:]
    held = written.index(Asked("PATCH", INCIDENTS, "shop", "incident"))
    assert held < written.index(Asked("PATCH", DEPLOYMENTS, "shop", "web"))


async def test_what_is_contained_and_released_is_as_it_was(cluster: FakeCluster, operator: Operator) -> None:
    before = picture(cluster)
    await contain(cluster)
    assert picture(cluster) != before
    release(cluster)
    await eventually(lambda: says(cluster, "Released"), "released")
    assert picture(cluster) == before


async def test_without_probes_isolation_is_unknown_and_everything_else_goes_on(cluster: FakeCluster, operator: Operator) -> None:
    report(cluster)
    await eventually(lambda: condition(cluster, "Isolated")["reason"] == "NotVerified", "said so")
    assert condition(cluster, "Isolated")["status"] == "Unknown"
    assert says(cluster, "NodeCordoned")


async def test_a_second_start_changes_nothing(cluster: FakeCluster, operator: Operator) -> None:
    await contain(cluster)
    before, done = suspect(cluster), outside(cluster)
    operator.kill()
    started = len(cluster.requests)
    await operator.again()
    await warm(cluster, since=started)
    await eventually(lambda: Asked("GET", PODS, "shop", "suspect") in cluster.requests[started:], "looked")

    assert suspect(cluster) == before
    assert outside(cluster) == done


async def test_a_deny_policy_that_somebody_deletes_is_put_back_at_once(cluster: FakeCluster, operator: Operator) -> None:
    await contain(cluster)
    [policy] = cluster.all(POLICIES)
    cluster.remove(POLICIES, "shop", policy["metadata"]["name"])
    await eventually(lambda: bool(cluster.all(POLICIES)), "the policy is back", seconds=1.0)


async def test_a_policy_of_that_name_that_is_not_ours_is_left_alone_and_said_so(cluster: FakeCluster, operator: Operator) -> None:
    uid = "0a1b2c3d-0000-0000-0000-000000000001"
    theirs = {"metadata": {"name": "firedoor-0a1b2c3d", "namespace": "shop"}, "spec": {"podSelector": {}}}
    before = cluster.add(POLICIES, theirs)
    report(cluster, uid=uid)
    await eventually(lambda: "is not firedoor's" in condition(cluster, "Stalled").get("message", ""), "said so")
    assert quarantines(cluster)
    release(cluster)
    await eventually(lambda: labels(cluster) == LABELS, "the label is off")
    assert cluster.get(POLICIES, "shop", "firedoor-0a1b2c3d") == before
