"""The scene of a measurement: a namespace, pods to isolate, incidents about them.

Paced runs isolate real pods; a burst isolates pods that no scheduler takes, so that only the API server and firedoor work.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firedoor.api import names
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import INCIDENTS, NAMESPACES, PODS

AT_A_TIME = 8


@asynccontextmanager
async def namespace(kube: Kube) -> AsyncIterator[str]:
    """A namespace of its own, gone afterwards with its incidents released."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    await kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield name
    finally:
        names_ = [incident["metadata"]["name"] for incident in await kube.list(INCIDENTS, name)]
        for at in range(0, len(names_), AT_A_TIME):
            await asyncio.gather(*(kube.delete(INCIDENTS, one, name) for one in names_[at : at + AT_A_TIME]))
        while await _any_left(kube, name):
            await asyncio.sleep(0.2)
        await kube.delete(NAMESPACES, name, None)
        await _gone(kube, name)


async def _any_left(kube: Kube, name: str) -> bool:
    """Whether an incident is left; asks for one, because a listing of thousands would be work beside that of giving back."""
    async for page in kube.pages(INCIDENTS, name, size=1):
        return bool(page)
    return False


async def _gone(kube: Kube, name: str) -> None:
    """Waits until the namespace is gone: what is left of one measurement would be work in the next."""
    with contextlib.suppress(Gone):
        while True:
            await kube.get(NAMESPACES, name)
            await asyncio.sleep(0.5)


async def pods(kube: Kube, space: str, count: int, *, real: bool, node: str = "") -> list[str]:
    """Makes pods and, when they are real, waits until they run. node: to which they are bound without a scheduler."""
    found = [f"pod-{number}" for number in range(count)]
    for at in range(0, count, AT_A_TIME):
        await asyncio.gather(*(kube.create(PODS, _pod(space, name, real, node)) for name in found[at : at + AT_A_TIME]))
    while real and not await _all_ready(kube, space, count):
        await asyncio.sleep(0.3)
    return found


async def _all_ready(kube: Kube, space: str, count: int) -> bool:
    conditions = [c for pod in await kube.list(PODS, space) for c in pod.get("status", {}).get("conditions") or ()]
    return sum(1 for c in conditions if c["type"] == "Ready" and c["status"] == "True") == count


def incident(space: str, pod: str, *, evidence: bool = False, cordon: bool = False) -> Obj:
    """An incident that isolates a pod, and leaves its node alone unless it is told otherwise."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": INCIDENTS.kind,
        "metadata": {"name": pod, "namespace": space},
        "spec": {
            "target": {"kind": "Pod", "name": pod},
            "containment": {"network": "Isolate", "node": "Cordon" if cordon else "None"},
            "evidence": {"enabled": evidence, "paths": ["/etc"]},
        },
    }


def _pod(space: str, name: str, real: bool, node: str) -> Obj:
    container = {
        "name": "web",
        "image": "firedoor.test/agnhost:1",
        "args": ["netexec", "--http-port=8080"],
        "ports": [{"containerPort": 8080}],
    }
    spec: Obj = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    if not real:
        spec["schedulerName"] = "nobody"
    if node:
        spec["nodeName"] = node
    metadata = {"name": name, "namespace": space, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
