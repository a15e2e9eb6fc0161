"""A small API server for one pod: what the collector asks of the real one, with containers that are shells on this machine.

Exec really runs the command, over the real websocket protocol; so what the target's shell and tar do is not made up.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from firedoor.evidence.collector import collect
from firedoor.evidence.order import CaptureOrder, Limits
from firedoor.kube.client import Kube
from tests.unit.look import looking

Obj = dict[str, Any]
Routes = dict[str, tuple[str, Callable[[web.Request], Awaitable[web.Response]]]]
Answer = Callable[[web.Request], bytes | web.Response]
IMPATIENT = Limits(artifact_seconds=10.0, pauses=(0.01,) * 5)
UID = "0123abcd-0000-0000-0000-000000000001"
LINE = b"2026-11-24T10:00:00.000000001Z hello\n"


def pod(*, uid: str = "pod-uid", container_id: str = "containerd://1", restarts: int = 0, running: bool = True) -> Obj:
    state: Obj = {"running": {}} if running else {"terminated": {}}
    user = {"linux": {"uid": 1000, "gid": 1000}}
    status = {"name": "web", "containerID": container_id, "restartCount": restarts, "state": state, "user": user}
    return {
        "metadata": {"namespace": "shop", "name": "web-1", "uid": uid, "resourceVersion": "7"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "web"}]},
        "status": {"containerStatuses": [status]},
    }


def _named(name: str, **more: Any) -> Obj:
    return {"metadata": {"name": name, "namespace": "shop"}, **more}


def _listed(*items: Obj) -> Obj:
    return {"items": list(items), "metadata": {}}


SUBJECT = {"kind": "ServiceAccount", "name": "default", "namespace": "shop"}
RBAC = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER: dict[str, Obj] = {
    "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies": _listed(_named("firedoor-0123abcd")),
    "/api/v1/namespaces/shop/services": _listed(_named("web", spec={"selector": {"app": "web"}}), _named("other", spec={})),
    "/api/v1/namespaces/shop/serviceaccounts/default": _named("default"),
    f"{RBAC}/namespaces/shop/rolebindings": _listed(
        _named("reads", roleRef={"kind": "Role", "name": "reader"}, subjects=[SUBJECT]),
        _named("not-this-one", roleRef={"kind": "Role", "name": "x"}, subjects=[{**SUBJECT, "name": "another"}]),
    ),
    f"{RBAC}/clusterrolebindings": _listed(),
    f"{RBAC}/namespaces/shop/roles/reader": _named("reader", rules=[]),
    "/api/v1/nodes/node-1": _named("node-1"),
    "/apis/apps/v1/namespaces/shop/replicasets/web-7f": _named("web-7f"),
}
"""What the cluster has beside the pod."""


@dataclass
class ApiServer:
    """What it answers; each field may be set by the story. `pods` are the pod as each GET sees it, the last for good."""

    pods: list[Obj | None] = field(default_factory=lambda: [pod()])
    log: Answer = lambda request: LINE
    shell: tuple[str, ...] = ("sh",)
    cut_after: int | None = None
    root: Path | None = None
    """The suspect's root, for a helper; None: helpers are switched off."""
    helper: list[str] | None = None
    """Another program in its place."""
    dies: bool = False
    """The helper's container ends with the first look."""
    denied: str | None = None
    """What admission says to every helper."""
    denied_with: int = 403
    who: list[str] = field(default_factory=lambda: ["true"])
    """What runs in the place of the program that tells whose the container is."""
    hesitates: float = 0.0
    """Seconds before the first exec but the question whether it runs is answered; `patience`: those that an answer is given."""
    patience: float = 300.0
    limits: Limits = IMPATIENT
    refuse: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    async def get_pod(self, request: web.Request) -> web.Response:
        found = self.pods.pop(0) if len(self.pods) > 1 else self.pods[0]
        return web.json_response(found) if found else refusal(404, "NotFound", 'pods "web-1" not found')

    async def get_log(self, request: web.Request) -> web.Response:
        answer = self.log(request)
        return answer if isinstance(answer, web.Response) else web.Response(body=answer)

    async def list_events(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["fieldSelector"])
        return web.json_response({"items": [{"note": "Started container web"}], "metadata": {}})

    async def exec(self, request: web.Request) -> web.WebSocketResponse:
        if request.query.getall("command") != ["true"]:
            waits, self.hesitates = self.hesitates, 0.0
            await asyncio.sleep(waits)
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await socket.prepare(request)
        command = [*self.shell, *request.query.getall("command")[1:]]
        if request.query["container"].startswith("firedoor-"):
            self._dies(request.query["container"])
            command = self._as_helper(request.query.getall("command"))
        # A container sees its own processes; of this machine's, only the shell itself.
        command = [word.replace("/proc/[0-9]*", "/proc/self") for word in command]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
        except FileNotFoundError:
            await self._end(socket, {"status": "Failure", "message": f'exec: "{command[0]}": executable file not found in $PATH'})
            return socket
        running = asyncio.create_task(self._run(process, socket))
        self.running.append(running)
        await asyncio.shield(running)
        return socket

    def _dies(self, name: str) -> None:
        for one in self.pods if self.dies else ():
            for status in one["status"].get("ephemeralContainerStatuses", ()) if one else ():
                if status["name"] == name:
                    status["state"] = {"terminated": {"exitCode": 137}}

    def _as_helper(self, asked: list[str]) -> list[str]:
        """The helper's own programs, on a folder of this machine; telling who is there and leaving are nothing here."""
        program = self.helper or looking.command(self.root, os.getpid())
        if asked[-1] == "firedoor.look":
            return program
        return self.who if "firedoor.look.who" in asked else ["true"]

    async def add_helper(self, request: web.Request) -> web.Response:
        if self.denied is not None:
            return refusal(self.denied_with, "Forbidden", self.denied)
        body = await request.json()
        (added,) = body["spec"]["ephemeralContainers"][-1:]
        self.asked.append(f"{request.query.get('dryRun', '')} {added['securityContext']['runAsUser']}".strip())
        if "dryRun" not in request.query:
            for one in self.pods:
                if one is not None:
                    one["spec"].setdefault("ephemeralContainers", []).append(added)
                    state = {"name": added["name"], "state": {"running": {}}}
                    one["status"].setdefault("ephemeralContainerStatuses", []).append(state)
        return web.json_response(self.pods[0])

    async def _run(self, process: asyncio.subprocess.Process, socket: web.WebSocketResponse) -> None:
        assert process.stdout
        assert process.stderr
        assert process.stdin
        pumps = [asyncio.create_task(self._pump(socket, *pipe)) for pipe in ((1, process.stdout), (2, process.stderr))]
        feeding = asyncio.create_task(self._feed(socket, process.stdin))
        await asyncio.gather(*pumps)
        code = await process.wait()
        feeding.cancel()
        await self._end(socket, {"status": "Success"} if code == 0 else {"status": "Failure", "message": f"exit {code}"})

    async def _feed(self, socket: web.WebSocketResponse, stdin: asyncio.StreamWriter) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY and message.data[:1] == b"\0":
                stdin.write(message.data[1:])
        stdin.close()

    async def _pump(self, socket: web.WebSocketResponse, channel: int, pipe: asyncio.StreamReader) -> None:
        left = self.cut_after if self.cut_after is not None and channel == 1 else 1 << 40
        while data := await pipe.read(1 << 15):
            if left and not socket.closed:
                with suppress(ConnectionError):
                    await socket.send_bytes(bytes([channel]) + data[:left])
            left = max(0, left - len(data))
            if not left:
                await socket.close()

    async def _end(self, socket: web.WebSocketResponse, status: Obj) -> None:
        if not socket.closed:
            await socket.send_bytes(b"\3" + json.dumps(status).encode())
            await socket.close()

    @web.middleware
    async def in_trouble(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.refuse:
            return refusal(self.refuse.pop(0), "InTrouble", "not now")
        answer: web.StreamResponse = await handler(request)
        return answer

    @asynccontextmanager
    async def road(self, more: Routes | None = None) -> AsyncIterator[Kube]:
        """The road to it; it answers `more` beside what it always does."""
        application = web.Application(middlewares=[self.in_trouble])
        one = "/api/v1/namespaces/shop/pods/web-1"
        application.router.add_get(one, self.get_pod)
        application.router.add_patch(f"{one}/ephemeralcontainers", self.add_helper)
        application.router.add_get(f"{one}/log", self.get_log)
        application.router.add_get(f"{one}/exec", self.exec)
        application.router.add_get("/apis/events.k8s.io/v1/namespaces/shop/events", self.list_events)
        routes = dict.fromkeys(CLUSTER, ("GET", surroundings)) | (more or {})
        for path, (method, handler) in routes.items():
            application.router.add_route(method, path, handler)
        patience = aiohttp.ClientTimeout(total=self.patience)
        async with TestServer(application) as server, aiohttp.ClientSession(timeout=patience) as session:
            yield Kube(str(server.make_url("")), session)
            await asyncio.gather(*self.running)

    def order(self, *paths: str) -> CaptureOrder:
        image = "firedoor.test/firedoor:1" if self.root else ""
        return CaptureOrder(UID, "shop/web-shell", "shop", "web-1", "pod-uid", paths, self.limits, image)

    async def collected(self, root: Path, *paths: str) -> Obj:
        """The collector's result."""
        async with self.road() as kube:
            return await collect(self.order(*paths), kube, root, {"pod_name": "collector"}, now)


async def surroundings(request: web.Request) -> web.Response:
    return web.json_response(CLUSTER[request.path])


def refusal(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "reason": reason, "message": message}, status=status)


def now() -> str:
    return "2026-11-24T10:00:00.000000Z"
