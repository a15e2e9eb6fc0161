"""The controller as the benchmarks see it: its pods, and its own metrics read through the API server."""

import re

from cluster.install import HOME
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import PODS

MEMORY, PROCESSOR, CALLS = "process_resident_memory_bytes", "process_cpu_seconds_total", "rest_client_requests_total"


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
