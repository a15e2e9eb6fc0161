"""The standing measurement: what it does while the API server is in trouble."""

import asyncio

from firedoor.controller.canary import Canary
from firedoor.controller.canary_pods import CanaryPods
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.controller.probes import Probes
from firedoor.controller.session import Session
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Unavailable
from firedoor.kube.resources import NODES, Resource
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


async def test_a_doubt_does_not_make_it_ask_a_silent_server_without_end() -> None:
    kube = Away()
    canary = Canary(
        pods=CanaryPods(kube, HOME, "image"),
        probes=Probes(kube, HOME),
        errand=no_errand,
        holds=lambda _: False,
        on_breach=lambda _: None,
        on_guard=lambda _: None,
    )
    enforcement = Enforcement(kube, canary, EnforcementReports(kube, HOME), set, lambda: None, lambda _: None)
    running = asyncio.create_task(enforcement.run())
    await asyncio.sleep(0)
    enforcement.doubt("node-a")
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()
    assert kube.asked in (1, 2)
