"""Killed before or after any single write of a containment and a release, the controller comes to the same end, once."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.apiserver import Broken, FakeCluster, nothing
from tests.fakes.kinds import Asked
from tests.fakes.objects import Obj
from tests.fakes.workloads import DEPLOYMENTS, PODS, collectors, replica_sets
from tests.wire.process import Operator, kept_running, operated
from tests.wire.world import (
    EVENTS,
    EVERYTHING,
    INCIDENTS,
    LABELS,
    NODES,
    ONCE,
    REPLICAS,
    ask,
    condition,
    contained,
    eventually,
    furnish,
    held,
    outside,
    over,
    picture,
    prior,
    release,
    report,
    suspect,
    versions,
)

SIDE_BY_SIDE = 4
NEVER = 1 << 30
Kind = tuple[str, str]
"""Method and collection of a write."""


@dataclass
class Kill:
    """SIGKILL at one write: when it has come and is not done yet, or when it is done and not answered yet."""

    operator: Operator
    side: str
    moment: int | Kind
    """The number of a write, or the first one of a kind."""
    write: int = 0
    struck: Kind | None = None

    def before(self, asked: Asked) -> None:
        self.write += 1
        self._strike("before", asked)

    def after(self, asked: Asked) -> None:
        self._strike("after", asked)

    def _strike(self, side: str, asked: Asked) -> None:
        kind = (asked.method, asked.collection)
        if side == self.side and self.struck is None and self.moment in (self.write, kind):
            self.struck = kind
            self.operator.kill()
            raise Broken


@dataclass
class Told:
    """What chains of stories have shown."""

    struck: set[Kind] = field(default_factory=set)
    written: set[Kind] = field(default_factory=set)


@pytest.mark.parametrize("side", ["before", "after"])
async def test_killed_at_any_write_it_comes_to_the_same_end_and_does_nothing_twice(side: str, tmp_path: Path) -> None:
    told = Told()
    async with asyncio.TaskGroup() as group:
        for first in range(1, SIDE_BY_SIDE + 1):
            group.create_task(chain(side, itertools.count(first, SIDE_BY_SIDE), tmp_path / str(first), told))
    if missed := told.written - told.struck:  # what runs side by side has no number of its own
        await chain(side, [*sorted(missed), NEVER], tmp_path / "aimed", told)
    assert told.struck == told.written
    assert told.struck >= {*ONCE, ("PATCH", INCIDENTS), ("POST", EVENTS)}


@pytest.mark.parametrize("side", ["before", "after"])
async def test_killed_while_a_part_is_taken_back_it_gives_that_back_once_and_holds_the_rest(side: str, tmp_path: Path) -> None:
    written = [("PATCH", NODES), ("PATCH", DEPLOYMENTS), ("PATCH", INCIDENTS)]
    async with FakeCluster(controllers=(replica_sets, collectors)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path) as operator, kept_running(operator):
            for number, moment in enumerate(written):
                kill = Kill(operator, side, moment)
                seen = await taken_back_and_released(cluster, f"killed-{side}-write-{number}", kill)
                assert (kill.struck, seen - {("POST", EVENTS)}) == (moment, set(written))


async def taken_back_and_released(cluster: FakeCluster, name: str, kill: Kill) -> set[Kind]:
    """Which kinds of writes it took to give back what was no longer asked for."""
    before, began = picture(cluster), len(cluster.written)
    report(cluster, name, **EVERYTHING)
    await eventually(lambda: contained(cluster, name), f"{name} is contained")
    cluster.before_write, cluster.after_write = kill.before, kill.after
    asked = len(cluster.written)
    ask(cluster, name, containment={"node": "None", "workload": "None"})
    await eventually(lambda: not_requested(cluster, name), f"{name} holds less")
    cluster.before_write = cluster.after_write = nothing
    written = {(one.method, one.collection) for one in cluster.written[asked:]}
    assert [held(suspect(cluster)), *map(held, (*cluster.all(NODES), *cluster.all(DEPLOYMENTS)))] == [True, False, False, False]

    release(cluster, name)
    await eventually(lambda: over(cluster, name), f"{name} is over")
    assert picture(cluster) == before, name
    assert all(count <= ONCE.get(kind, 1) for kind, count in outside(cluster, since=began).items()), name
    return written


def not_requested(cluster: FakeCluster, name: str) -> bool:
    return {condition(cluster, about, name)["reason"] for about in ("NodeCordoned", "WorkloadScaled")} == {"NotRequested"}


async def chain(side: str, moments: Iterable[int | Kind], folder: Path, told: Told) -> None:
    """Incident after incident in one cluster, each with a kill at a later write, until one has no such write any more."""
    folder.mkdir()
    done: dict[str, Counter[Kind]] = {}
    async with FakeCluster(controllers=(replica_sets, collectors)) as cluster:
        furnish(cluster)
        was = states(cluster)
        async with operated(cluster, folder) as operator, kept_running(operator):
            for number, moment in enumerate(moments):
                kill = Kill(operator, side, moment)
                cluster.before_write, cluster.after_write = kill.before, kill.after
                name = f"killed-{side}-write-{number}"
                done[name] = await contained_and_released(cluster, name)
                if kill.struck is None:
                    break
                told.struck.add(kill.struck)
    told.written |= {(asked.method, asked.collection) for asked in cluster.written}
    assert done == dict.fromkeys(done, done[name]), "the last one was not disturbed"
    assert done[name] >= ONCE
    assert_priors_are_always_known(cluster, was)


async def contained_and_released(cluster: FakeCluster, name: str) -> Counter[Kind]:
    before, began = picture(cluster), len(cluster.written)
    report(cluster, name, **EVERYTHING)
    await eventually(lambda: contained(cluster, name), f"{name} is contained")
    release(cluster, name)
    await eventually(lambda: over(cluster, name), f"{name} is over")

    assert picture(cluster) == before, name
    assert all(receipt["returned"] for receipt in cluster.get(INCIDENTS, "shop", name)["status"]["receipts"]), name
    return outside(cluster, since=began)


def states(cluster: FakeCluster) -> dict[str, Obj]:
    """What a prior record must say of each object."""
    owner = suspect(cluster)["metadata"]["ownerReferences"][0]
    pod = {"labels": LABELS, "owner": {key: owner[key] for key in ("kind", "name", "uid")}}
    return {"suspect": pod, "node-a": {"unschedulable": False}, "web": {"replicas": REPLICAS}}


def assert_priors_are_always_known(cluster: FakeCluster, was: dict[str, Obj]) -> None:
    """In no version that ever was did an object carry an incident's mark without what it had been before any incident."""
    for found in (*versions(cluster, PODS), *versions(cluster, NODES), *versions(cluster, DEPLOYMENTS)):
        known = prior(found)
        assert held(found) == (known is not None)
        assert known is None or known.items() >= was[found["metadata"]["name"]].items()
    for incident in versions(cluster, INCIDENTS):
        for receipt in incident.get("status", {}).get("receipts", []):
            assert json.loads(receipt["prior"]).items() >= was[receipt["object"].split()[1]].items()
