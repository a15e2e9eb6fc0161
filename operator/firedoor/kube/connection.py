"""The connection: HTTP sessions that carry this process's credentials, and the road over one of them.

Raw JSON over aiohttp, because typed models and the official client's request path cost three times as much (kopf
study, section 3).
"""

import os
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from firedoor.kube.client import Kube
from firedoor.kube.credentials import Credentials, credentials

POOL_LIMIT = 64
CONNECT_SECONDS = 3.0
VERB_SECONDS = 10.0
SMALL_BUFFER_BYTES = 32 << 10


def session(found: Credentials, limit: int = POOL_LIMIT) -> aiohttp.ClientSession:
    """An HTTP session whose every request carries the credentials as they are at that moment."""

    async def authorize(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if header := await found.authorization():
            request.headers["Authorization"] = header
        return await handler(request)

    connector = aiohttp.TCPConnector(limit=limit, ssl=found.trust, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=VERB_SECONDS, sock_connect=CONNECT_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(authorize,), trust_env=False)


def shrink_buffers() -> None:
    """Gives each TLS connection to come a small buffer in place of 256 KiB, all of it touched (CPython, asyncio/sslproto.py).

    For a process that opens dozens in a burst and mostly reads one object from each; one that reads files is better off without.
    """
    SSLProtocol.max_size = SMALL_BUFFER_BYTES


@asynccontextmanager
async def connect() -> AsyncIterator[Kube]:
    """The road, open as long as the context lasts."""
    found = await credentials(os.environ)
    async with session(found) as opened:
        yield Kube(found.server, opened)
