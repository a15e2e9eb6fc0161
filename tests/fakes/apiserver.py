"""A small API server on loopback, faithful where firedoor leans on it.

Wire tests put objects in and point the real controller at it. Hooks see every request, and writes also after they are
done; they may refuse it or break its connection. `outage` takes the whole server away.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests.fakes import kinds, objects
from tests.fakes.kinds import Asked
from tests.fakes.objects import Obj, Refusal, halves
from tests.fakes.pages import Pages
from tests.fakes.patches import patched
from tests.fakes.store import Key, Store

HOST = "127.0.0.1"
Hook = Callable[[Asked], None]
KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: fake, cluster: {{server: "{url}"}}}}]
users: [{{name: fake, user: {{}}}}]
contexts: [{{name: fake, context: {{cluster: fake, user: fake}}}}]
current-context: fake
"""


class Broken(Exception):
    """Raised by a hook: the connection breaks and nobody learns what became of the request."""


def nothing(_: Asked) -> None:
    """The hook that does nothing."""


@dataclass(repr=False)
class FakeCluster(Store):
    """The server and what it holds."""

    requests: list[Asked] = field(default_factory=list)
    """Everything that was asked for, but discovery and watches."""
    written: list[Asked] = field(default_factory=list)
    """The writes that changed something."""
    watched: Counter[str] = field(default_factory=Counter)
    """How many watches are open on each collection."""
    recalled: dict[Key, Obj] = field(default_factory=dict)
    """What the server's memory, which a read of version 0 is answered from, still holds for what has changed since."""
    before_read: Hook = nothing
    before_write: Hook = nothing
    after_write: Hook = nothing
    controllers: tuple[Callable[[Store], None], ...] = ()
    """What else works in the cluster: each looks at it after every write."""
    port: int = 0
    _pages: Pages = field(default_factory=Pages)
    _runner: web.AppRunner = field(init=False)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        # A watch ends with its watcher, so that the dead do not pile up.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._break_connections()
        await self._runner.cleanup()

    def kubeconfig(self, folder: Path) -> Path:
        """A kubeconfig that leads here."""
        file = folder / "kubeconfig"
        file.write_text(KUBECONFIG.format(url=f"http://{HOST}:{self.port}"))
        return file

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Open connections break and new ones are refused, until the block ends."""
        for site in self._runner.sites:
            await site.stop()
        self._break_connections()
        yield
        await self._listen()

    async def _listen(self) -> None:
        site = web.TCPSite(self._runner, HOST, self.port)
        await site.start()
        self.port = site.port

    def _break_connections(self) -> None:
        server = self._runner.server
        for connection in server.connections if server else ():
            if connection.transport:
                connection.transport.abort()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            served = kinds.discovery(request.path)
            return web.json_response(served) if served else await self._serve(request)
        except Refusal as refused:
            told = {"reason": refused.reason, "message": str(refused), "code": refused.status}
            return web.json_response({"kind": "Status", "status": "Failure", **told}, status=refused.status)
        except Broken:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        asked = kinds.asked(request.method, request.path)
        if "watch" in request.query:
            return await self._watch(request, asked)
        body = json.loads(await request.read() or b"{}")
        self.requests.append(asked)
        if request.method == "GET":
            return web.json_response(self._read(asked, request.query))
        found = self._write(asked, body, request.content_type)
        return web.json_response(found, status=201 if request.method == "POST" else 200)

    def _read(self, asked: Asked, query: Mapping[str, str]) -> Obj:
        self.before_read(asked)
        if asked.name:
            key = (asked.collection, asked.namespace, asked.name)
            recalled = self.recalled.get(key) if query.get("resourceVersion") == "0" else None
            return recalled or self.get(*key)
        found = self.all(asked.collection, asked.namespace, query.get("labelSelector", ""))
        if fields := query.get("fieldSelector"):
            found = [obj for obj in found if objects.pointed_at(obj, fields)]
        page, following = self._pages.cut(found, query)
        return kinds.listed(asked.collection, page, self.version, following)

    def _write(self, asked: Asked, body: Any, content: str) -> Obj:
        self.before_write(asked)
        version = self.version
        found = self._do(asked, body, content)
        if self.version != version:
            self.written.append(asked)
        for controller in self.controllers:
            controller(self)
        self.after_write(asked)
        return found

    def _do(self, asked: Asked, body: Any, content: str) -> Obj:
        match asked.method:
            case "POST":
                return self.add(asked.collection, body)
            case "DELETE":
                return self.remove(asked.collection, asked.namespace, asked.name, body.get("preconditions"))
            case _:
                return self._patch(asked, body, content)

    def _patch(self, asked: Asked, body: Any, content: str) -> Obj:
        def form(before: Obj) -> Obj:
            if isinstance(body, dict):
                objects.check(before, body.get("metadata", {}))
            after = patched(before, body, content)
            # Neither road to an object leads into the other's half.
            return halves(before, after) if asked.subresource == "status" else halves(after, before)

        return self.replace((asked.collection, asked.namespace, asked.name), form)

    async def _watch(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        labels = request.query.get("labelSelector", "")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self.watched[asked.collection] += 1
        try:
            async for change in self.changes(int(request.query.get("resourceVersion") or 0)):
                told = change.told(labels) if change.key[0] == asked.collection else None
                if told:
                    await response.write(json.dumps(told).encode() + b"\n")
        finally:
            self.watched[asked.collection] -= 1
        return response
