"""A small kubelet: files of a folder over HTTPS as the real one serves /var/log, with moods; and the API server that knows it."""

import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from firedoor.evidence.collector import collect
from firedoor.evidence.sources.nodelogs import Permit
from firedoor.kube.credentials import trusting
from tests.unit.evidence.apiserver import ApiServer, Obj, Routes, now

TOKEN = "may-read-node-logs-and-nothing-else"
POD = "pods/shop_web-1_pod-uid"


@dataclass
class Kubelet:
    """What it serves, and how it goes wrong. `after`: called with each file's name when it has been read."""

    logs: Path
    certificate: Path
    refuses: tuple[int, str] | None = None
    cut_after: int | None = None
    """Bytes of the first answer about a file that arrive."""
    after: Callable[[str], None] = lambda name: None
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Path, range and authorization of each request."""

    def write(self, name: str, content: bytes, container: str = "web") -> Path:
        file = self.logs / POD / container / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.asked.append((path, request.headers.get("Range", ""), request.headers.get("Authorization", "")))
        if self.refuses is not None:
            return web.Response(status=self.refuses[0], text=self.refuses[1])
        found = self.logs / path
        if path.endswith("/"):
            return self._listing(found)
        if not found.is_file():
            return web.Response(status=404, text="404 page not found")
        return await self._file(request, found)

    def _listing(self, folder: Path) -> web.Response:
        if not folder.is_dir():
            return web.Response(status=404, text="404 page not found")
        links = "".join(f'<a href="{one.name}">{one.name}</a>\n' for one in sorted(folder.iterdir()))
        return web.Response(text=f"<pre>\n{links}</pre>\n", content_type="text/html")

    async def _file(self, request: web.Request, found: Path) -> web.StreamResponse:
        if self.cut_after is None:
            whole = found.read_bytes()
            self.after(found.name)
            return _from_where_asked(request, whole)
        sent, self.cut_after = found.read_bytes()[: self.cut_after], None
        part = web.StreamResponse(headers={"Content-Length": str(found.stat().st_size)})
        await part.prepare(request)
        await part.write(sent)
        self.after(found.name)
        assert request.transport
        request.transport.close()
        return part

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Obj]:
        """The node that it is the kubelet of."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        application = web.Application()
        application.router.add_get("/logs/{path:.*}", self.answer)
        server = TestServer(application, scheme="https")
        await server.start_server(ssl=context)
        address = {"type": "InternalIP", "address": "127.0.0.1"}
        endpoints = {"kubeletEndpoint": {"Port": server.port}}
        yield {"metadata": {"name": "node-1"}, "status": {"addresses": [address], "daemonEndpoints": endpoints}}
        await server.close()


def _from_where_asked(request: web.Request, content: bytes) -> web.Response:
    """As Go's http.ServeContent answers: the rest of it for a range, and 416 where there is no such rest."""
    start = request.http_range.start
    if start is None:
        return web.Response(body=content)
    if start >= len(content):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
    return web.Response(status=206, body=content[start:], headers=headers)


def certificate(folder: Path) -> Path:
    """A certificate that only its own file can vouch for, and its key."""
    file = folder / "kubelet.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]
    names = ["-subj", "/CN=node-1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *names, "-keyout", str(file), "-out", str(folder / "kubelet.crt")],
        check=True,
        capture_output=True,
    )
    file.write_bytes(file.read_bytes() + (folder / "kubelet.crt").read_bytes())
    return file


async def collected(
    kubelet: Kubelet, volume: Path, *, trust: ssl.SSLContext | None = None, token: web.Response | None = None
) -> Obj:
    """The result of a collector that may ask this kubelet."""
    server = ApiServer()
    permit = Permit("firedoor-system", "firedoor-node-logs", trust or trusting(cafile=kubelet.certificate))
    async with kubelet.serving() as node, server.road(extra(node, token)) as kube:
        return await collect(server.order(), kube, volume, {"pod_name": "collector"}, now, permit)


def extra(node: Obj, token: web.Response | None) -> Routes:
    """What the API server answers beside the pod's surroundings."""

    async def tokens(request: web.Request) -> web.Response:
        return token or web.json_response({"status": {"token": TOKEN}}, status=201)

    async def nodes(request: web.Request) -> web.Response:
        return web.json_response(node)

    path = "/api/v1/namespaces/firedoor-system/serviceaccounts/firedoor-node-logs/token"
    return {path: ("POST", tokens), "/api/v1/nodes/node-1": ("GET", nodes)}
