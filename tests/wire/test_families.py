"""An incident about a Deployment: its suspects are written down first and stay those, whatever write the controller dies at."""

import asyncio
import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.objects import Obj
from tests.fakes.workloads import DEPLOYMENTS, PODS, collectors, owned_by, replica_sets
from tests.wire.process import Operator, kept_running, operated
from tests.wire.test_crashes import Kill
from tests.wire.world import (
    EVERYTHING,
    HOME,
    INCIDENTS,
    LABELS,
    condition,
    eventually,
    furnish,
    incidents,
    over,
    picture,
    release,
    report,
    says,
    suspect,
)

TARGET = {"kind": "Deployment", "name": "web"}
SIDE_BY_SIDE = 4
EVERY = 3
"""A family writes so much that only one write in three is tried."""
WEB = {"name": "web", "ports": [{"containerPort": 8080}]}


def pod(cluster: FakeCluster, name: str) -> None:
    """One more pod of the Deployment."""
    above = suspect(cluster)["metadata"]["ownerReferences"] or [owned_by("ReplicaSet", "web-7f45", "gone")]
    metadata = {"name": name, "namespace": "shop", "labels": dict(LABELS), "ownerReferences": above}
    cluster.add(PODS, {"metadata": metadata, "spec": {"nodeName": "node-a", "containers": [WEB]}, "status": {"phase": "Running"}})


def children(cluster: FakeCluster) -> list[Obj]:
    return [one for one in incidents(cluster) if "firedoor.dev/parent" in one["metadata"].get("labels", {})]


def suspects(cluster: FakeCluster, name: str = "incident") -> list[str]:
    found = cluster.get(INCIDENTS, "shop", name)["status"].get("targets", [])
    return [member["name"] for member in found]


def labels_of(cluster: FakeCluster, name: str) -> set[str]:
    return set(cluster.get(PODS, "shop", name)["metadata"].get("labels", {}))


async def test_every_pod_that_is_there_gets_a_child_and_one_that_comes_later_gets_none(
    cluster: FakeCluster, operator: Operator
) -> None:
    pod(cluster, "second")
    report(cluster, target=TARGET)
    await eventually(lambda: len(children(cluster)) == 2, "two children")
    pod(cluster, "replacement")
    await eventually(lambda: says(cluster, "NodeCordoned"), "the node is held")

    assert suspects(cluster) == ["second", "suspect"]
    assert labels_of(cluster, "replacement") == set(LABELS)
    assert labels_of(cluster, "second").isdisjoint(LABELS)
    assert len(children(cluster)) == 2


async def test_the_suspects_are_written_down_before_any_child_is_made(cluster: FakeCluster, operator: Operator) -> None:
    began = len(cluster.written)
    report(cluster, target=TARGET)
    await eventually(lambda: bool(children(cluster)), "a child")
    first, second, *_ = [asked for asked in cluster.written[began:] if asked.collection == INCIDENTS]
    assert first == Asked("PATCH", INCIDENTS, "shop", "incident", "status")
    assert second == Asked("POST", INCIDENTS, "shop")


async def test_a_release_reaches_every_child_and_waits_for_all(cluster: FakeCluster, operator: Operator) -> None:
    pod(cluster, "second")
    before = picture(cluster)
    report(cluster, target=TARGET)
    await eventually(lambda: says(cluster, "NodeCordoned"), "held")
    release(cluster)
    await eventually(lambda: says(cluster, "Released"), "released")
    assert all(one["spec"]["release"] == {"reason": "over", "mode": "Restore"} for one in children(cluster))
    assert all(says(cluster, "Released", name=one["metadata"]["name"]) for one in children(cluster))
    assert picture(cluster) == before


async def test_a_child_that_a_person_deletes_is_not_made_again(cluster: FakeCluster, operator: Operator) -> None:
    report(cluster, target=TARGET)
    await eventually(lambda: says(cluster, "NodeCordoned"), "held")
    [child] = children(cluster)
    cluster.remove(INCIDENTS, "shop", child["metadata"]["name"])
    await eventually(lambda: not children(cluster), "it is gone")
    await eventually(lambda: condition(cluster, "Contained")["reason"] == "Released", "said so")
    assert not children(cluster)


async def test_a_workload_that_is_not_there_is_waited_for(cluster: FakeCluster, operator: Operator) -> None:
    report(cluster, target={"kind": "Deployment", "name": "nothing"})
    await eventually(lambda: condition(cluster, "Accepted")["reason"] == "TargetNotFound", "said so")


async def test_a_name_that_another_incident_has_is_told_and_the_child_made_when_it_is_free(
    cluster: FakeCluster, operator: Operator
) -> None:
    pod(cluster, "second")
    name = f"incident-{suspect(cluster)['metadata']['uid'][:8]}"
    report(cluster, name, target={"kind": "Pod", "name": "nobody"})
    report(cluster, target=TARGET)
    await eventually(lambda: condition(cluster, "Isolated")["reason"] == "NameTaken", "it is told")
    assert name in condition(cluster, "Isolated")["message"]
    assert [one["spec"]["target"]["name"] for one in children(cluster)] == ["second"]
    targets = cluster.get(INCIDENTS, "shop", "incident")["status"]["targets"]
    assert {one["name"]: one.get("phase") == "NameTaken" for one in targets} == {"suspect": True, "second": False}

    cluster.remove(INCIDENTS, "shop", name)
    await eventually(lambda: len(children(cluster)) == 2, "the child is made")
    await eventually(lambda: condition(cluster, "Isolated")["reason"] != "NameTaken", "it is told no more")


async def test_a_workload_is_not_put_to_rest_over_another_incidents_suspect(cluster: FakeCluster, operator: Operator) -> None:
    cluster.controllers = (replica_sets, collectors)
    pod(cluster, "second")
    untouched = {"network": "None", "node": "None"}
    report(cluster, "other", target={"kind": "Pod", "name": "second"}, containment=untouched)
    await eventually(lambda: says(cluster, "Accepted", name="other"), "the other incident holds")

    report(cluster, **EVERYTHING)
    await eventually(lambda: condition(cluster, "WorkloadScaled")["reason"] == "WaitingForEvidence", "it waits")
    assert "pod second of shop/other" in condition(cluster, "WorkloadScaled")["message"]
    assert cluster.get(DEPLOYMENTS, "shop", "web")["spec"]["replicas"] == 3

    cluster.remove(INCIDENTS, "shop", "other")
    await eventually(lambda: says(cluster, "WorkloadScaled"), "it is put to rest")


async def test_two_pods_of_one_node_hold_their_workload_together_and_both_come_back(
    cluster: FakeCluster, operator: Operator
) -> None:
    cluster.controllers = (replica_sets, collectors)
    pod(cluster, "second")
    before = picture(cluster)
    node = {"kind": "Node", "name": "node-a"}
    cluster.add(INCIDENTS, {"metadata": {"name": "node", "namespace": HOME}, "spec": {"target": node, **EVERYTHING}})

    def said(about: str) -> str:
        found = cluster.get(INCIDENTS, HOME, "node").get("status", {}).get("conditions", [])
        return str(next((c["status"] for c in found if c["type"] == about), ""))

    await eventually(lambda: said("WorkloadScaled") == "True", "the workload is at rest")
    holders = [key for key in cluster.get(DEPLOYMENTS, "shop", "web")["metadata"]["annotations"] if ".dev/scale." in key]
    assert len(holders) == 2

    cluster.change(INCIDENTS, HOME, "node", {"spec": {"release": {"reason": "over", "mode": "Restore"}}})
    await eventually(lambda: said("Released") == "True", "released")
    assert picture(cluster) == before


@pytest.mark.parametrize("side", ["before", "after"])
async def test_killed_at_writes_of_every_kind_a_family_comes_to_the_same_end(side: str, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        for first in range(1, SIDE_BY_SIDE + 1):
            group.create_task(chain(side, itertools.count(first * EVERY, SIDE_BY_SIDE * EVERY), tmp_path / str(first)))


async def chain(side: str, moments: Iterable[int], folder: Path) -> None:
    """Family after family in one cluster, each with a kill at a later write, until one has no such write any more."""
    folder.mkdir()
    async with FakeCluster(controllers=(replica_sets, collectors)) as cluster:
        furnish(cluster)
        async with operated(cluster, folder) as operator, kept_running(operator):
            for moment in moments:
                cluster.before_write, cluster.after_write = (kill := Kill(operator, side, moment)).before, kill.after
                await contained_and_released(cluster, f"killed-{side}-write-{moment}")
                if kill.struck is None:
                    break


async def contained_and_released(cluster: FakeCluster, name: str) -> None:
    before, known = picture(cluster), {one["metadata"]["uid"] for one in children(cluster)}
    report(cluster, name, target=TARGET, **EVERYTHING)
    await eventually(lambda: says(cluster, "WorkloadScaled", name=name), f"{name} is at rest", seconds=30)
    made = [one for one in children(cluster) if one["metadata"]["uid"] not in known]
    assert [one["spec"]["target"]["name"] for one in made] == ["suspect"]
    assert suspects(cluster, name) == ["suspect"]
    assert cluster.get(DEPLOYMENTS, "shop", "web")["spec"]["replicas"] == 0
    release(cluster, name)
    await eventually(lambda: over(cluster, name), f"{name} is over", seconds=30)
    assert picture(cluster) == before, name
