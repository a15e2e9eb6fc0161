"""The canary: how the network engine of a node treats connections that are open when a deny comes, measured, not assumed.

The verifier asks when a suspect left nothing to measure on: it listens on no port, no probe could reach it before, or
the kept connection was lost with an earlier controller. A small pod of our own on the suspect's node is reached, denied
and reached again; a probe keeps a connection to it open meanwhile. The pod and its policy are removed at once. Nothing
of the suspect is touched.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from firedoor.api import names
from firedoor.controller.probes import Probes
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, KubeError
from firedoor.kube.resources import NETWORK_POLICIES, PODS
from firedoor.planner.situation import Flow
from firedoor.probe.stand import PORT

log = logging.getLogger(__name__)

START_SECONDS = 30.0
ENFORCED_SECONDS = 10.0
CUT_SECONDS = 6.0
LOOK_SECONDS = 0.25


@dataclass(slots=True)
class Canary:
    """The latest measurement of each node; measured when asked for, and shared by all who asked before it began."""

    kube: Kube
    probes: Probes
    home: str
    image: str
    _measured: dict[str, tuple[float, Flow]] = field(default_factory=dict)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def flow(self, node: str, since: float) -> Flow:
        """Cut or Alive: new connections on this node were seen to be denied, and what became of the open one.

        Unknown when that could not be measured, or new connections were not denied. since: loop time; a measurement
        that began before it does not count, because the engine may not have seen by then what is to be proved.
        """
        if not self.image or not node:
            return "Unknown"
        async with self._alone:
            began, known = self._measured.get(node, (float("-inf"), "Unknown"))
            if began >= since:
                return known
            began = asyncio.get_running_loop().time()
            found = await self._try(node)
            self._measured[node] = (began, found)
            return found

    async def _try(self, node: str) -> Flow:
        name = f"firedoor-canary-{hashlib.sha256(node.encode()).hexdigest()[:8]}"
        try:
            async with asyncio.timeout(START_SECONDS + ENFORCED_SECONDS + CUT_SECONDS), self._standing(name, node) as address:
                return await self._measure(name, address)
        except (KubeError, TimeoutError) as error:
            log.warning("no canary could be tried on node %s: %s", node, error)
            return "Unknown"

    async def _measure(self, name: str, address: str) -> Flow:
        before = await self.probes.before(name, address, (PORT,))
        try:
            if not any(reach.before == "Open" for reach in before):
                return "Unknown"
            await self.kube.create(NETWORK_POLICIES, _deny(self.home, name))
            async with asyncio.timeout(ENFORCED_SECONDS):
                while any(reach.after != "Timeout" for reach in await self.probes.after(address, before)):
                    await asyncio.sleep(LOOK_SECONDS)
            return await self._kept(name)
        finally:
            await self.probes.drop(name)

    async def _kept(self, name: str) -> Flow:
        deadline = asyncio.get_running_loop().time() + CUT_SECONDS
        found: Flow = "Unknown"
        while found != "Cut" and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            found = await self.probes.flow(name)
        return found

    @asynccontextmanager
    async def _standing(self, name: str, node: str) -> AsyncIterator[str]:
        await self._remove(name)
        try:
            await self._create(name, node)
            while not (address := await self._address(name)):
                await asyncio.sleep(LOOK_SECONDS)
            yield address
        finally:
            await asyncio.shield(self._remove(name))

    async def _create(self, name: str, node: str) -> None:
        while True:
            try:
                await self.kube.create(PODS, _pod(self.home, name, node, self.image))
            except Conflict:
                await asyncio.sleep(LOOK_SECONDS)  # one of before is still on its way out
            else:
                return

    async def _address(self, name: str) -> str:
        pod = await self.kube.get(PODS, name, self.home)
        conditions = pod.get("status", {}).get("conditions") or ()
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        return str(pod["status"].get("podIP", "")) if ready else ""

    async def _remove(self, name: str) -> None:
        for resource in (NETWORK_POLICIES, PODS):
            try:
                await self.kube.delete(resource, name, self.home)
            except Gone:
                continue


def _made(home: str, name: str) -> Obj:
    labels = {names.MANAGED_BY: names.MANAGED_BY_VALUE, names.COMPONENT: "canary", f"{names.GROUP}/canary": name}
    return {"name": name, "namespace": home, "labels": labels}


def _deny(home: str, name: str) -> Obj:
    return {
        "apiVersion": NETWORK_POLICIES.api_version,
        "kind": NETWORK_POLICIES.kind,
        "metadata": _made(home, name),
        "spec": {"podSelector": {"matchLabels": {f"{names.GROUP}/canary": name}}, "policyTypes": ["Ingress", "Egress"]},
    }


def _pod(home: str, name: str, node: str, image: str) -> Obj:
    container = {
        "name": "canary",
        "image": image,
        "args": ["probe", "--stand"],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        # Named, not scheduled: the suspect's node may well be cordoned.
        "nodeName": node,
        "serviceAccountName": names.PROBE,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": PODS.kind, "metadata": _made(home, name), "spec": spec}
