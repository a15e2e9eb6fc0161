"""List and watch for the engine: three kinds, from a kubeconfig with embedded certificates, over aiohttp.

The engine runs it. While the API server is away the last known world stays; a lost watch starts with a new list.
"""

import asyncio
import base64
import json
import ssl
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import yaml

Store = dict[str, dict[str, Any]]
"""Objects of one kind by uid."""


class Server:
    """The API server that a kubeconfig names."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self.url = cluster["server"]
        self._tls = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]).decode())
        self._tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
            pair.flush()
            self._tls.load_cert_chain(pair.name)

    async def follow(self, path: str, store: Store, changed: Callable[[], None]) -> None:
        """Keeps the store like the server's collection, until cancelled."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._tls)) as session:
            while True:
                try:
                    version = await self._list(session, path, store)
                    changed()
                    await self._watch(session, path, version, store, changed)
                except (aiohttp.ClientError, TimeoutError, ConnectionError, _Expired) as error:
                    print(f"{path}: {type(error).__name__}: {error}; listing again", file=sys.stderr, flush=True)
                    await asyncio.sleep(0.3)

    async def _list(self, session: aiohttp.ClientSession, path: str, store: Store) -> str:
        async with session.get(self.url + path, timeout=aiohttp.ClientTimeout(total=20)) as answer:
            answer.raise_for_status()
            page = await answer.json()
        store.clear()
        store.update({item["metadata"]["uid"]: item for item in page["items"]})
        return str(page["metadata"]["resourceVersion"])

    async def _watch(
        self, session: aiohttp.ClientSession, path: str, version: str, store: Store, changed: Callable[[], None]
    ) -> None:
        query = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "290"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=120)
        async with session.get(self.url + path, params=query, timeout=timeout) as answer:
            answer.raise_for_status()
            buffer = b""
            async for chunk in answer.content.iter_any():
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    _take(json.loads(line), store, changed)


class _Expired(Exception):
    """The watch is too old to go on from where it was."""


def _take(event: dict[str, Any], store: Store, changed: Callable[[], None]) -> None:
    found = event["object"]
    match event["type"]:
        case "ADDED" | "MODIFIED":
            store[found["metadata"]["uid"]] = found
        case "DELETED":
            store.pop(found["metadata"]["uid"], None)
        case "ERROR":
            raise _Expired(str(found.get("message")))
        case _:
            return
    changed()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
