"""Nodes are watched where cordons are switched on: what somebody does to a held node is told at once."""

import asyncio
from pathlib import Path

from tests.fakes.apiserver import FakeCluster
from tests.fakes.workloads import PODS
from tests.wire.process import Operator, operated
from tests.wire.world import NODES, PRIOR, annotations, condition, contain, eventually, release, report, says, suspect

SOON = 2.0


def uncordon(cluster: FakeCluster) -> None:
    cluster.change(NODES, "", "node-a", {"spec": {"unschedulable": None}})


async def test_a_person_who_uncordons_a_held_node_is_told_of_at_once(cluster: FakeCluster, operator: Operator) -> None:
    await contain(cluster)
    await asyncio.sleep(1.0)
    uncordon(cluster)
    await eventually(lambda: condition(cluster, "NodeCordoned")["reason"] == "CordonDrift", "it is told", seconds=SOON)
    assert not cluster.get(NODES, "", "node-a")["spec"].get("unschedulable"), "nobody is overruled"
    cluster.change(NODES, "", "node-a", {"spec": {"unschedulable": True}})
    await eventually(lambda: condition(cluster, "NodeCordoned")["reason"] == "Cordoned", "it holds again", seconds=SOON)


async def test_a_hold_that_somebody_removes_is_put_back_at_once(cluster: FakeCluster, operator: Operator) -> None:
    await contain(cluster)
    await asyncio.sleep(1.0)
    before = annotations(cluster.get(NODES, "", "node-a"))
    cluster.change(NODES, "", "node-a", {"metadata": {"annotations": {key: None for key in before if "/cordon." in key}}})
    held = [key for key in before if "/cordon." in key]
    await eventually(lambda: held[0] in annotations(cluster.get(NODES, "", "node-a")), "it is held again", seconds=SOON)
    assert condition(cluster, "NodeCordoned")["reason"] == "Cordoned"

    release(cluster)
    await eventually(lambda: says(cluster, "Released"), "released")
    assert condition(cluster, "Released")["message"] == "Everything is as it was."
    assert not cluster.get(NODES, "", "node-a")["spec"].get("unschedulable")


async def test_a_record_that_somebody_removes_from_a_held_node_keeps_it_from_nothing(
    cluster: FakeCluster, operator: Operator
) -> None:
    await contain(cluster)
    cluster.change(NODES, "", "node-a", {"metadata": {"annotations": {PRIOR: None}}})
    release(cluster)
    await eventually(lambda: says(cluster, "Released"), "released")
    assert not cluster.get(NODES, "", "node-a")["spec"].get("unschedulable")
    assert annotations(cluster.get(NODES, "", "node-a")) == {"kept": "yes"}


async def test_where_cordons_are_switched_off_nodes_are_not_watched(cluster: FakeCluster, tmp_path: Path) -> None:
    async with operated(cluster, tmp_path, FIREDOOR_ACTIONS="network,evidence"):
        report(cluster)
        await eventually(lambda: condition(cluster, "Isolated")["reason"] == "NotVerified", "the door is closed")
        assert cluster.watched[NODES] == 0
        assert condition(cluster, "NodeCordoned")["reason"] == "NotRequested"
        release(cluster)
        await eventually(lambda: says(cluster, "Released"), "released")


async def test_two_incidents_at_once_never_cordon_the_last_schedulable_node(cluster: FakeCluster, operator: Operator) -> None:
    here = suspect(cluster)
    there = {"metadata": {"name": "second", "namespace": "shop"}, "spec": {**here["spec"], "nodeName": "node-b"}}
    cluster.add(PODS, {**there, "status": here["status"]})
    report(cluster, "first")
    report(cluster, "second", target={"kind": "Pod", "name": "second"})

    def said() -> list[str]:
        return sorted(condition(cluster, "NodeCordoned", name)["reason"] for name in ("first", "second"))

    await eventually(lambda: said() == ["Cordoned", "LastSchedulableNode"], "one is cordoned, and the other refused")
    unschedulable = [bool(node["spec"].get("unschedulable")) for node in cluster.all(NODES)]
    assert sorted(unschedulable) == [False, True]
