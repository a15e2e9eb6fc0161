"""The standing measurement: what it does while the API server is in trouble."""

import asyncio
from datetime import UTC, datetime

from firedoor.controller.canary import Canary
from firedoor.controller.canary_pods import CanaryPods
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.controller.node_list import NodeList
from firedoor.controller.probes import Probes
from firedoor.controller.session import Session
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Forbidden, Unavailable
from firedoor.kube.resources import DAEMON_SETS, NODES, Resource
from tests.builders import HOME


class Away(Kube):
    """An API server that answers nothing, and counts who asked for the nodes."""

    def __init__(self) -> None:
        self.asked = 0

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        self.asked += resource is NODES
        raise Unavailable("nobody answers")


async def no_errand(_: Session) -> None:
    return


class Installing(Kube):
    """A cluster without an engine in its own pods, until somebody installs one."""

    def __init__(self) -> None:
        self.engines: list[Obj] = []

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        return self.engines if resource is DAEMON_SETS else []


class Slow(Kube):
    """A cluster of two nodes; on the first of them no pod is made for as long as anybody waits."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        nodes = [{"metadata": {"name": name, "uid": name, "resourceVersion": "1"}, "status": ready} for name in ("a", "b")]
        return nodes if resource is NODES else []

    async def create(self, resource: Resource, obj: Obj) -> Obj:
        self.made.append(obj["spec"]["nodeName"])
        if self.made[-1] == "a":
            await asyncio.Event().wait()
        raise Forbidden("no pod here")

    async def apply(self, resource: Resource, obj: Obj, *, subresource: str | None = None) -> Obj:
        return obj

    async def delete(self, resource: Resource, name: str, namespace: str | None, *, uid: str | None = None) -> None:
        return None


def measuring(kube: Kube) -> Enforcement:
    canary = Canary(
        pods=CanaryPods(kube, HOME, "image"),
        probes=Probes(kube, HOME),
        errand=no_errand,
        holds=lambda _: False,
        on_breach=lambda _: None,
        on_doubt=lambda _: None,
        on_guard=lambda _: None,
    )
    return Enforcement(kube, NodeList(kube), canary, EnforcementReports(kube, HOME), set, lambda _: None, lambda _: None)


async def test_the_first_engine_that_is_installed_is_a_change() -> None:
    kube = Installing()
    enforcement = measuring(kube)
    changes = [await enforcement._engines_changed() for _ in range(2)]
    template = {"spec": {"hostNetwork": True}}
    kube.engines = [{"metadata": {"namespace": "kube-system", "name": "cni", "generation": 1}, "spec": {"template": template}}]
    assert [*changes, await enforcement._engines_changed()] == [False, False, True]


async def test_a_doubt_does_not_make_it_ask_a_silent_server_without_end() -> None:
    kube = Away()
    enforcement = measuring(kube)
    running = asyncio.create_task(enforcement.run())
    await asyncio.sleep(0)
    enforcement.doubt("node-a")
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()
    assert kube.asked in (1, 2)


async def test_a_node_whose_measurement_takes_long_keeps_no_other_waiting_and_is_not_measured_twice_at_a_time() -> None:
    kube = Slow()
    enforcement = measuring(kube)
    running = asyncio.create_task(enforcement.run())
    for _ in range(3):
        await asyncio.sleep(0.05)
        for node in ("a", "b"):
            enforcement.doubt(node)
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert kube.made.count("a") == 1
    assert kube.made.count("b") == 4


async def test_a_measurement_under_way_serves_whoever_doubts_something_older() -> None:
    kube = Slow()
    enforcement = measuring(kube)
    before = datetime.now(UTC)
    running = asyncio.create_task(enforcement.run())
    await asyncio.sleep(0.05)
    enforcement.doubt("a", before)
    assert "a" not in enforcement._asked
    enforcement.doubt("a", datetime.now(UTC))
    assert "a" in enforcement._asked
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
