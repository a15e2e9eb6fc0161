"""A node without a kubelet, kept ready by the benchmark itself: pods that are bound to it are there, and run nowhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from firedoor.kube.client import Kube
from firedoor.kube.resources import NODES

BEAT_SECONDS = 10.0


@asynccontextmanager
async def pretended(kube: Kube, name: str) -> AsyncIterator[str]:
    """Such a node, as long as the block lasts. Nothing is scheduled to it; what names it is bound to it."""
    taint = {"key": "firedoor.test/pretended", "effect": "NoSchedule"}
    await kube.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"taints": [taint]}})
    beating = asyncio.create_task(_beat(kube, name))
    try:
        yield name
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        await kube.delete(NODES, name, None)


async def _beat(kube: Kube, name: str) -> None:
    since = _now()
    while True:
        ready = {"type": "Ready", "status": "True", "reason": "Pretended", "message": "", "lastTransitionTime": since}
        status = {"conditions": [{**ready, "lastHeartbeatTime": _now()}]}
        await kube.patch(NODES, name, None, {"status": status}, subresource="status")
        await asyncio.sleep(BEAT_SECONDS)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
