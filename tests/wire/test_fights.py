"""Somebody sets the workload up again and again: the fight ends, and a restart does not begin it anew."""

from functools import partial

from tests.fakes.apiserver import FakeCluster
from tests.fakes.workloads import DEPLOYMENTS, collectors, replica_sets
from tests.wire.process import Operator, warm
from tests.wire.world import EVERYTHING, INCIDENTS, POLICIES, REPLICAS, condition, eventually, report, says

ROUNDS = 3


def replicas(cluster: FakeCluster) -> int:
    return int(cluster.get(DEPLOYMENTS, "shop", "web")["spec"]["replicas"])


def set_up(cluster: FakeCluster) -> None:
    """What a controller that wants its replicas does; the touched deny policy has firedoor look at once."""
    cluster.change(DEPLOYMENTS, "shop", "web", {"spec": {"replicas": REPLICAS}})
    [deny] = cluster.all(POLICIES)
    note = {"metadata": {"annotations": {"touched": str(cluster.version)}}}
    cluster.change(POLICIES, "shop", deny["metadata"]["name"], note)


def written_down(cluster: FakeCluster, reverts: int) -> bool:
    return len(cluster.get(INCIDENTS, "shop", "incident")["status"].get("reverts", [])) == reverts


async def test_a_fight_that_a_restart_interrupts_is_lost_at_the_same_round(cluster: FakeCluster, operator: Operator) -> None:
    cluster.controllers = (replica_sets, collectors)
    report(cluster, **EVERYTHING)
    await eventually(lambda: says(cluster, "WorkloadScaled"), "it is at rest")
    for number in range(ROUNDS):
        set_up(cluster)
        await eventually(lambda: replicas(cluster) == 0, "it is set back")
        await eventually(partial(written_down, cluster, number + 1), "it is written down")

    operator.kill()
    started = len(cluster.requests)
    await operator.again()
    await warm(cluster, since=started)
    await eventually(lambda: says(cluster, "WorkloadScaled"), "it holds")
    set_up(cluster)

    await eventually(lambda: condition(cluster, "WorkloadScaled")["reason"] == "ScaleConflict", "the fight is lost")
    assert "3 times within a minute" in condition(cluster, "WorkloadScaled")["message"]
    assert replicas(cluster) == REPLICAS
