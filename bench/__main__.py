"""`make bench`: firedoor beside the floor, in one run. Ratios count; a time alone says little on a shared machine."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from bench import floor, flow, scene
from bench.controller import CALLS, MEMORY, NAME, metric, pods, ready
from bench.figures import Times, line, table, together
from bench.observer import Observer, observing
from cluster.install import HOME
from cluster.providers import chosen
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect
from firedoor.kube.resources import DEPLOYMENTS, INCIDENTS, NODES, PODS

PACED, TURNS, PROVED, BURSTS, SEALED, OPEN = 30, 3, 20, (200, 500), 4, 1000
PACE_SECONDS = 0.5
PATIENCE_SECONDS = 180.0
SETTLE_SECONDS = 30.0
PROVED_SECONDS = 10.0

T = TypeVar("T")
Run = Callable[[Kube, str], Awaitable[T]]


async def main() -> None:
    """Measures the floor, then firedoor, and prints both."""
    os.environ["KUBECONFIG"] = str(chosen().kubeconfig())
    async with connect() as kube:
        floor_paced, ours_paced, calls = await in_turns(kube)
        async with _without_controllers(kube):
            floor_bursts = [await _floor(kube, partial(burst, count=count)) for count in BURSTS]
        with_cordon = await _in_namespace(kube, counted_with_cordon)
        proved = await _in_namespace(kube, proofs)
        ours_bursts = [await _in_namespace(kube, partial(burst, count=count)) for count in BURSTS]
        memory = await metric(kube, MEMORY) / 2**20
        opened = await _in_namespace(kube, partial(left_open, count=OPEN))
        cut = await _in_namespace(kube, cuts) if chosen().name == "local" else None
        sealed = await _in_namespace(kube, seals)
    for name, times in (("floor, paced", floor_paced), ("firedoor, paced", ours_paced)):
        print(line(name, times))
    for count, floor_burst, ours_burst in zip(BURSTS, floor_bursts, ours_bursts, strict=True):
        for name, times in ((f"floor, burst of {count}", floor_burst), (f"firedoor, burst of {count}", ours_burst)):
            print(line(name, times), f"  {times.rate:6.1f}/s")
    print(line("isolation proved", proved))
    if cut:
        print(line("last answer of an open connection", cut))
    print(line("evidence sealed", sealed))
    print()
    rates = [ours.rate / bare.rate for ours, bare in zip(ours_bursts, floor_bursts, strict=True)]
    print(table(_claims(floor_paced, ours_paced, rates, proved, (calls, with_cordon), (memory, opened))))


def _claims(
    floor_paced: Times,
    ours_paced: Times,
    rates: list[float],
    proved: Times,
    calls: tuple[float, float],
    memory: tuple[float, float],
) -> list[tuple[str, str, str]]:
    p50 = ours_paced.percentile(0.5) / floor_paced.percentile(0.5)
    p99 = ours_paced.percentile(0.99) / floor_paced.percentile(0.99)
    return [
        ("paced p50, as a multiple of the floor", f"{p50:.2f}", "<= 2.5, then 1.8"),
        ("paced p99, as a multiple of the floor", f"{p99:.2f}", "<= 4, then 3"),
        *(
            (f"rate in a burst of {count}, as a part of the floor", f"{rate:.2f}", wanted)
            for count, rate, wanted in zip(BURSTS, rates, (">= 0.3", ">= 0.4"), strict=True)
        ),
        ("isolation proved after, median, s", f"{proved.percentile(0.5):.1f}", "<= 3"),
        ("isolation proved after, p99, s", f"{proved.percentile(0.99):.1f}", "<= 3"),
        ("API calls for an incident, from creation to proof", f"{calls[0]:.1f}", "<= 15"),
        ("the same with a cordon", f"{calls[1]:.1f}", "<= 15"),
        ("memory of the controller after the bursts, MiB", f"{memory[0]:.0f}", "<= 100"),
        (f"memory with {OPEN} open incidents, MiB", f"{memory[1]:.0f}", "<= 128"),
    ]


async def in_turns(kube: Kube) -> tuple[Times, Times, float]:
    """Both paced, one after the other and again: a machine that is slow for a while is so for both. With firedoor's calls."""
    floors, ours, calls = [], [], []
    for _ in range(TURNS):
        async with _without_controllers(kube):
            floors.append(await _floor(kube, paced))
        times, spent = await _in_namespace(kube, counted)
        ours.append(times)
        calls.append(spent)
    return together(floors), together(ours), sum(calls) / TURNS


async def paced(kube: Kube, space: str, count: int = PACED, *, cordoned: str = "") -> Times:
    """Isolations one after the other, on pods that run; all on the node that is to be cordoned, if one is named."""
    names = await scene.pods(kube, space, count, real=True, node=cordoned)
    times = []
    async with observing(kube, space) as observer:
        for name in names:
            began = time.monotonic()
            await kube.create(INCIDENTS, scene.incident(space, name, cordon=bool(cordoned)))
            (at,) = await _closed(observer, [name])
            times.append(at - began)
            await asyncio.sleep(PACE_SECONDS)
    return Times(tuple(times))


async def counted(kube: Kube, space: str, run: Run[Times] = paced) -> tuple[Times, float]:
    """A paced run, and the calls of each of its incidents until it is proved; giving back comes after."""
    before = await _calls(kube)
    times = await run(kube, space)
    await asyncio.sleep(PROVED_SECONDS)
    return times, (await _calls(kube) - before) / len(times.values)


async def counted_with_cordon(kube: Kube, space: str) -> float:
    """The calls of each incident that holds a cordon too; of one node, because the last one is never cordoned."""
    node = min(node["metadata"]["name"] for node in await kube.list(NODES))
    _, calls = await counted(kube, space, partial(paced, count=PROVED, cordoned=node))
    return calls


async def proofs(kube: Kube, space: str) -> Times:
    """From an incident's creation to the proof that its suspect is isolated, one after the other."""
    names = await scene.pods(kube, space, PROVED, real=True)
    times = []
    async with observing(kube, space) as observer:
        for name in names:
            began = time.monotonic()
            await kube.create(INCIDENTS, scene.incident(space, name))
            async with asyncio.timeout(PATIENCE_SECONDS):
                times.append(await observer.proofs[name] - began)
            await asyncio.sleep(PACE_SECONDS)
    return Times(tuple(times))


async def left_open(kube: Kube, space: str, count: int) -> float:
    """Memory of the controller, in MiB, while so many incidents are open."""
    names = await scene.pods(kube, space, count, real=False)
    async with observing(kube, space) as observer:
        for some in batched(names, 50):
            await asyncio.gather(*(kube.create(INCIDENTS, scene.incident(space, name)) for name in some))
        await _closed(observer, names)
    await asyncio.sleep(SETTLE_SECONDS)
    return await metric(kube, MEMORY) / 2**20


async def burst(kube: Kube, space: str, count: int) -> Times:
    """Isolations all at once."""
    names = await scene.pods(kube, space, count, real=False)
    async with observing(kube, space) as observer:
        began = time.monotonic()
        await asyncio.gather(*(kube.create(INCIDENTS, scene.incident(space, name)) for name in names))
        found = await _closed(observer, names)
    return Times(tuple(at - began for at in found))


async def cuts(kube: Kube, space: str) -> Times:
    """From an incident's creation to the last answer over a connection that was open."""
    times = []
    for name in await scene.pods(kube, space, SEALED * 2, real=True):
        address = (await kube.get(PODS, name, space))["status"]["podIP"]
        started = asyncio.Event()
        kept = asyncio.create_task(flow.last_answer(address, started))
        await started.wait()
        began = time.monotonic()
        await kube.create(INCIDENTS, scene.incident(space, name))
        last = await kept
        times.append(max(0.0, (last or began) - began))
    return Times(tuple(times))


async def seals(kube: Kube, space: str) -> Times:
    """From an incident's creation to its sealed evidence, one after the other."""
    times = []
    for name in await scene.pods(kube, space, SEALED, real=True):
        began = time.monotonic()
        await kube.create(INCIDENTS, scene.incident(space, name, evidence=True))
        while not await _sealed(kube, space, name):
            await asyncio.sleep(0.1)
        times.append(time.monotonic() - began)
    return Times(tuple(times))


def batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[at : at + size] for at in range(0, len(names), size))


async def _sealed(kube: Kube, space: str, name: str) -> bool:
    status = (await kube.get(INCIDENTS, name, space)).get("status", {})
    return any(c["type"] == "EvidenceSealed" and c["status"] == "True" for c in status.get("conditions", ()))


async def _closed(observer: Observer, pods: Sequence[str]) -> list[float]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await observer.closed(pod) for pod in pods]


async def _floor(kube: Kube, run: Run[Times]) -> Times:
    """A measurement beside the bare client; what goes wrong with that one ends it."""
    async with scene.namespace(kube) as space, asyncio.TaskGroup() as group:
        bare = group.create_task(floor.contain(kube, space))
        times = await run(kube, space)
        bare.cancel()
    return times


async def _in_namespace(kube: Kube, run: Run[T]) -> T:
    async with scene.namespace(kube) as space:
        times = await run(kube, space)
        await asyncio.sleep(10)  # the proofs of the last ones are still being made
    return times


@asynccontextmanager
async def _without_controllers(kube: Kube) -> AsyncIterator[None]:
    """No controller works while the block lasts, and one does afterwards, however it ended."""
    await _controllers(kube, 0)
    try:
        yield
    finally:
        await _controllers(kube, 1)


async def _controllers(kube: Kube, replicas: int) -> None:
    """Sets how many controllers there are, and waits until it is so."""
    await kube.patch(DEPLOYMENTS, NAME, HOME, {"spec": {"replicas": replicas}})
    while len([pod for pod in await pods(kube) if ready(pod)]) != replicas or len(await pods(kube)) != replicas:
        await asyncio.sleep(0.3)
    await asyncio.sleep(3)


async def _calls(kube: Kube) -> float:
    return await metric(kube, CALLS)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
