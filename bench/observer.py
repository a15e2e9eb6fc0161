"""An onlooker with a watch of its own: when were an incident's policy and label both there?

The benchmark asks it; it touches nothing. Times are this process's monotonic clock, in seconds.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from firedoor.api import names
from firedoor.kube.client import Kube
from firedoor.kube.resources import INCIDENTS, NETWORK_POLICIES, PODS, Resource

STREAM = aiohttp.ClientTimeout(total=None)


@dataclass
class Observer:
    """First sightings of policies and labels, by pod."""

    kube: Kube
    namespace: str
    policies: dict[str, float] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    proofs: dict[str, float] = field(default_factory=dict)
    """First sightings of `Isolated` being True."""
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self) -> None:
        """Watches policies, pods and incidents of the namespace until stopped."""
        for resource, seen in ((NETWORK_POLICIES, self._policy), (PODS, self._pod), (INCIDENTS, self._incident)):
            version = await self._version(resource)
            self._tasks.append(asyncio.create_task(self._watch(resource, version, seen)))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def closed_at(self, pod: str) -> float | None:
        """When the pod's policy and label had both been seen."""
        both = (self.policies.get(pod), self.labels.get(pod))
        return None if None in both else max(at for at in both if at is not None)

    def _policy(self, policy: dict[str, Any]) -> None:
        target = (policy["metadata"].get("annotations") or {}).get(names.TARGET)
        if target:
            self.policies.setdefault(target, time.monotonic())

    def _pod(self, pod: dict[str, Any]) -> None:
        if any(key.startswith(names.QUARANTINE_PREFIX) for key in pod["metadata"].get("labels") or {}):
            self.labels.setdefault(pod["metadata"]["name"], time.monotonic())

    def _incident(self, incident: dict[str, Any]) -> None:
        conditions = incident.get("status", {}).get("conditions") or ()
        if any(c["type"] == "Isolated" and c["status"] == "True" for c in conditions):
            self.proofs.setdefault(incident["spec"]["target"]["name"], time.monotonic())

    async def _version(self, resource: Resource) -> str:
        url = self.kube.server + resource.path(self.namespace)
        async with self.kube.session.get(url, params={"limit": "1"}) as answer:
            return str((await answer.json())["metadata"]["resourceVersion"])

    async def _watch(self, resource: Resource, version: str, seen: Callable[[dict[str, Any]], None]) -> None:
        query = {"watch": "true", "resourceVersion": version}
        url = self.kube.server + resource.path(self.namespace)
        async with self.kube.session.get(url, params=query, timeout=STREAM) as answer:
            async for line in answer.content:
                seen(json.loads(line)["object"])
