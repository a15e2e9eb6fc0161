"""`make bench-scale COUNTS="100 1000 10000"`: what an open incident costs the controller, by how many there are.

All incidents are in one namespace, each about a pod of its own on a node that has no kubelet. So the watch, the ledger, the
looks and the reports are measured, and not the probes: a pod that runs nowhere has no address to try.
"""

import asyncio
import os
import sys
import time
from dataclasses import dataclass

from bench import scene
from bench.controller import CALLS, MEMORY, PROCESSOR, metric, roomy
from bench.node import pretended
from bench.observer import observing
from cluster.providers import chosen
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect
from firedoor.kube.resources import INCIDENTS

SETTLE_SECONDS = 30.0
WINDOW_SECONDS = 120.0
"""Two of an open incident's rounds."""
AT_A_TIME = 50
LIMIT = "1Gi"
"""Of the controller's memory: what it needs is measured, and ten thousand need more than the chart gives it."""
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Cost:
    """What was seen with so many open incidents."""

    count: int
    rate: float
    """Isolations a second, from the first incident's creation to the last closed door."""
    memory: float
    """MiB, resident."""
    processor: float
    """Seconds a minute."""
    calls: float
    """API calls a minute."""

    @property
    def line(self) -> str:
        used = f"{self.count:6} open: {self.memory:6.1f} MiB, {self.processor:6.2f} s of processor a minute"
        each = f"{self.processor / self.count * 1000:6.2f} ms and {self.calls / self.count:5.2f} calls a minute for each"
        return f"{used}, {each}; {self.rate:5.1f} closed a second"


async def main(counts: list[int]) -> None:
    """Measures each count by itself, and prints."""
    os.environ["KUBECONFIG"] = str(chosen().kubeconfig())
    async with connect() as kube, roomy(kube, LIMIT), pretended(kube, "bench-pretended") as node:
        for count in counts:
            async with scene.namespace(kube) as space:
                print((await _cost(kube, space, node, count)).line, flush=True)


async def _cost(kube: Kube, space: str, node: str, count: int) -> Cost:
    rate = await _open(kube, space, node, count)
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = await _used(kube), time.monotonic()
    await asyncio.sleep(WINDOW_SECONDS)
    after, minutes = await _used(kube), (time.monotonic() - began) / 60
    processor, calls = ((now - then) / minutes for now, then in zip(after, before, strict=True))
    return Cost(count, rate, await metric(kube, MEMORY) / 2**20, processor, calls)


async def _used(kube: Kube) -> tuple[float, float]:
    return await metric(kube, PROCESSOR), await metric(kube, CALLS)


async def _open(kube: Kube, space: str, node: str, count: int) -> float:
    """Makes the incidents; how many doors a second were closed."""
    names = await scene.pods(kube, space, count, real=False, node=node)
    async with observing(kube, space) as observer, asyncio.timeout(PATIENCE_SECONDS):
        began = time.monotonic()
        for at in range(0, count, AT_A_TIME):
            some = names[at : at + AT_A_TIME]
            await asyncio.gather(*(kube.create(INCIDENTS, scene.incident(space, name)) for name in some))
        last = max([await observer.closed(name) for name in names])
    return count / (last - began)


if __name__ == "__main__":
    sys.exit(asyncio.run(main([int(count) for count in sys.argv[1:]] or [100, 1000])))
