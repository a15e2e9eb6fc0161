"""Somebody sets the workload up again and again: the fight ends, and a restart does not begin it anew."""

import asyncio
from functools import partial

from firedoor.controller.news import AT_ONCE
from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.store import Store
from tests.fakes.workloads import DEPLOYMENTS, PODS, collectors, replica_sets
from tests.wire.process import Operator, warm
from tests.wire.world import (
    EVERYTHING,
    INCIDENTS,
    POLICIES,
    REPLICAS,
    condition,
    eventually,
    quarantines,
    report,
    says,
)

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


async def test_whoever_puts_a_label_back_on_the_suspect_at_every_turn_makes_no_loop_at_the_speed_of_a_watch(
    cluster: FakeCluster, operator: Operator
) -> None:
    report(cluster, containment={"node": "None"})
    await eventually(lambda: bool(quarantines(cluster)), "the door is closed")
    cluster.controllers = (partial(labelling, "team", "shop"),)
    cluster.change(PODS, "shop", "suspect", {"metadata": {"labels": {"team": "shop"}}})
    patch = Asked("PATCH", PODS, "shop", "suspect")
    await eventually(lambda: cluster.written.count(patch) >= AT_ONCE, "they fight")
    since = len(cluster.written)
    await eventually(lambda: patch in cluster.written[since:], "the door is still closed again")
    await asyncio.sleep(3.0)
    assert cluster.written[since:].count(patch) < AT_ONCE


def labelling(key: str, value: str, cluster: Store) -> None:
    """A controller that wants this label on the suspect."""
    if cluster.get(PODS, "shop", "suspect")["metadata"]["labels"].get(key) != value:
        cluster.change(PODS, "shop", "suspect", {"metadata": {"labels": {key: value}}})
