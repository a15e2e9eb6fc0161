"""What a containment costs in calls: three until the door is closed, few until it is told, and none while nothing happens."""

import asyncio
from collections import Counter

from firedoor.controller.node_list import NODES_SECONDS
from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.workloads import PODS
from tests.wire.process import Operator
from tests.wire.world import EVENTS, INCIDENTS, NODES, POLICIES, condition, eventually, report, says

BUDGETS = "policy/v1/poddisruptionbudgets"
WHOLE = Counter(
    {
        ("GET", PODS): 1,
        ("GET", POLICIES): 1,
        ("POST", POLICIES): 1,
        ("PATCH", PODS): 1,
        ("POST", BUDGETS): 1,
        ("PATCH", INCIDENTS): 3,
        ("POST", EVENTS): 1,
    }
)
"""At most: the finalizer, two statuses and the event of a door that cannot be tried, because there are no probes, among them."""


async def resynced(cluster: FakeCluster) -> None:
    """Waits until all of firedoor's policies were listed once; what comes after that is an incident's own."""
    await eventually(lambda: Asked("GET", POLICIES) in cluster.requests, "the policies were listed")
    await asyncio.sleep(0.2)
    cluster.requests.clear()


def own(cluster: FakeCluster) -> list[tuple[str, str]]:
    """What was asked for in the suspect's namespace, in order."""
    return [(asked.method, asked.collection) for asked in cluster.requests if asked.namespace == "shop"]


def told(cluster: FakeCluster) -> bool:
    return bool(condition(cluster, "Isolated")["reason"] == "NotVerified")


async def test_three_calls_close_the_door(cluster: FakeCluster, operator: Operator) -> None:
    await resynced(cluster)
    report(cluster, containment={"node": "None"})
    await eventually(lambda: told(cluster), "it is told")
    first = own(cluster)[:3]
    assert first[0] == ("GET", PODS)
    assert set(first[1:]) == {("POST", POLICIES), ("PATCH", PODS)}


async def test_a_cordon_costs_a_look_at_the_nodes_and_a_patch(cluster: FakeCluster, operator: Operator) -> None:
    """What the patch answers is what later looks know; a listing of before the incident is too old by then."""
    await resynced(cluster)
    await asyncio.sleep(NODES_SECONDS)
    cluster.requests.clear()
    report(cluster)
    await eventually(lambda: says(cluster, "NodeCordoned") and told(cluster), "it is told")
    await asyncio.sleep(2.0)
    spent = Counter((asked.method, asked.collection) for asked in cluster.requests)
    assert spent["GET", NODES] <= 1
    assert spent["PATCH", NODES] == 1


async def test_what_is_known_is_not_asked_for_again(cluster: FakeCluster, operator: Operator) -> None:
    """Further tries are made meanwhile, after one second and after two more."""
    await resynced(cluster)
    report(cluster, containment={"node": "None"})
    await eventually(lambda: told(cluster), "it is told")
    await asyncio.sleep(4.0)
    spent = Counter(own(cluster))
    assert spent <= WHOLE
    assert spent.keys() == WHOLE.keys(), "nothing of it was left out"
