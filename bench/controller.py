"""The controller as the benchmarks see it: its pods, its limit of memory, and its own metrics read through the API server."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cluster.install import HOME
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import DEPLOYMENTS, PODS

MEMORY, PROCESSOR, CALLS = "process_resident_memory_bytes", "process_cpu_seconds_total", "rest_client_requests_total"
NAME = "firedoor-controller"
LIMIT_PATH = "/spec/template/spec/containers/0/resources/limits/memory"


async def pods(kube: Kube) -> list[Obj]:
    """The controller's pods."""
    return await kube.list(PODS, HOME, labels="app.kubernetes.io/component=controller")


async def metric(kube: Kube, name: str) -> float:
    """The sum of a metric of the controller over its labels."""
    (pod,) = await pods(kube)
    url = f"{kube.server}/api/v1/namespaces/{HOME}/pods/{pod['metadata']['name']}:8081/proxy/metrics"
    async with kube.session.get(url) as answer:
        text = await answer.text()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


@asynccontextmanager
async def roomy(kube: Kube, limit: str) -> AsyncIterator[None]:
    """The controller with this limit of memory as long as the block lasts."""
    before = _limit((await kube.get(DEPLOYMENTS, NAME, HOME))["spec"]["template"])
    await _set_limit(kube, limit)
    try:
        yield
    finally:
        await _set_limit(kube, before)


async def _set_limit(kube: Kube, limit: str) -> None:
    """Sets the limit, and waits until one controller stands that has it."""
    await kube.patch(DEPLOYMENTS, NAME, HOME, [{"op": "replace", "path": LIMIT_PATH, "value": limit}])
    while [_limit(pod) for pod in await pods(kube) if ready(pod)] != [limit] or len(await pods(kube)) != 1:
        await asyncio.sleep(0.3)


def _limit(pod: Obj) -> str:
    return str(pod["spec"]["containers"][0]["resources"]["limits"]["memory"])


def ready(pod: Obj) -> bool:
    """Whether a pod says that it is ready."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
