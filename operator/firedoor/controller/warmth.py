"""Warmth: what the first incident after a start or a quiet night must not have to wait for.

The process warms up before it leads and keeps a few connections open from then on. Nothing is decided here.
"""

import asyncio
import gc
import logging

from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError

log = logging.getLogger(__name__)
CONNECTIONS = 4
"""As many as the way to the door needs, and one for the lease."""
KEEP_SECONDS = 30.0
"""Idle connections are closed after a minute by this side, and after ninety seconds by the API server."""


def settle() -> None:
    """Takes what was loaded at the start out of every later garbage collection, which would hold the loop up for it."""
    gc.collect()
    gc.freeze()


async def keep(kube: Kube) -> None:
    """Keeps connections open until cancelled: a TLS handshake takes longer than a call."""
    while True:
        await use(kube)
        await asyncio.sleep(KEEP_SECONDS)


async def use(kube: Kube) -> None:
    """Uses several connections at the same time, so that there are several."""
    await asyncio.gather(*(_call(kube) for _ in range(CONNECTIONS)))


async def _call(kube: Kube) -> None:
    try:
        await kube.version()
    except KubeError as error:
        log.info("a connection to the API server is not kept warm: %s", error)
