"""An onlooker with a watch of its own: when were an incident's policy and label both there?

The benchmark asks it; it touches nothing. Times are this process's monotonic clock, in seconds.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.changes import changes, newest
from firedoor.api import names
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import INCIDENTS, NETWORK_POLICIES, PODS, Resource

Sightings = defaultdict[str, "asyncio.Future[float]"]


def _sightings() -> Sightings:
    return defaultdict(lambda: asyncio.get_running_loop().create_future())


@dataclass
class Observer:
    """First sightings, by pod: they come true as they happen, and cost nothing while they are waited for."""

    policies: Sightings = field(default_factory=_sightings)
    labels: Sightings = field(default_factory=_sightings)
    proofs: Sightings = field(default_factory=_sightings)
    """Of `Isolated` being True."""

    async def closed(self, pod: str) -> float:
        """When the pod's policy and label had both been seen."""
        return max(await self.policies[pod], await self.labels[pod])

    def policy(self, policy: Obj) -> None:
        if target := (policy["metadata"].get("annotations") or {}).get(names.TARGET):
            _seen(self.policies[target])

    def pod(self, pod: Obj) -> None:
        if any(key.startswith(names.QUARANTINE_PREFIX) for key in pod["metadata"].get("labels") or {}):
            _seen(self.labels[pod["metadata"]["name"]])

    def incident(self, incident: Obj) -> None:
        conditions = incident.get("status", {}).get("conditions") or ()
        if any(c["type"] == "Isolated" and c["status"] == "True" for c in conditions):
            _seen(self.proofs[incident["spec"]["target"]["name"]])


@asynccontextmanager
async def observing(kube: Kube, space: str) -> AsyncIterator[Observer]:
    """Watches policies, pods and incidents of the namespace; a watch that fails ends the block."""
    observer = Observer()
    looks = ((NETWORK_POLICIES, observer.policy), (PODS, observer.pod), (INCIDENTS, observer.incident))
    begun = [(resource, await newest(kube, resource, space), see) for resource, see in looks]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_watch(kube, resource, space, version, see)) for resource, version, see in begun]
        yield observer
        for task in tasks:
            task.cancel()


async def _watch(kube: Kube, resource: Resource, space: str, version: str, see: Callable[[Obj], None]) -> None:
    async for _, found in changes(kube, resource, space, version):
        see(found)


def _seen(sighting: "asyncio.Future[float]") -> None:
    if not sighting.done():
        sighting.set_result(time.monotonic())
