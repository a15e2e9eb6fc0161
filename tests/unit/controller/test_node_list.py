"""The list of nodes: one look for all, true across firedoor's own patches, and old as soon as anybody else changes a cordon."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from firedoor.api.names import cordon_holder
from firedoor.controller.node_list import NodeList
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict
from tests.builders import UID


def node(version: int = 1, *, held: bool = False, ready: bool = True) -> Obj:
    annotations = {cordon_holder(UID): "shop/shell"} if held else {}
    metadata = {"name": "node-a", "uid": "a", "resourceVersion": str(version), "annotations": annotations}
    conditions = [{"type": "Ready", "status": "True" if ready else "Unknown"}]
    return {"metadata": metadata, "spec": {"unschedulable": held}, "status": {"conditions": conditions}}


class Counting(Kube):
    """An API server with one node, that counts how often it is asked for all."""

    def __init__(self) -> None:
        self.listed = 0
        self.while_listing: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)

    async def list(self, *_: Any, **__: Any) -> list[Obj]:
        self.listed += 1
        found = [node()]
        await self.while_listing()
        return found


async def answered(obj: Obj) -> Obj:
    return obj


async def refused() -> Obj:
    raise Conflict("the node has moved on", status=409)


async def versions(nodes: NodeList) -> list[str]:
    return [one.resource_version for one in await nodes.all()]


async def test_what_a_patch_answers_is_known_without_another_look() -> None:
    nodes = NodeList(kube := Counting())
    await nodes.all()
    await nodes.changed_by(answered(node(2, held=True)))
    assert (await versions(nodes), kube.listed) == (["2"], 1)


async def test_a_patch_that_failed_calls_for_another_look() -> None:
    nodes = NodeList(kube := Counting())
    await nodes.all()
    with pytest.raises(Conflict):
        await nodes.changed_by(refused())
    assert (await versions(nodes), kube.listed) == (["1"], 2)


async def test_a_look_that_was_under_way_during_a_patch_is_made_anew() -> None:
    nodes = NodeList(kube := Counting())
    kube.while_listing = lambda: nodes.changed_by(answered(node(2, held=True)))
    await nodes.all()
    await nodes.all()
    assert kube.listed == 2


async def test_a_look_that_was_under_way_during_a_patch_never_tells_of_the_time_before_it() -> None:
    nodes = NodeList(kube := Counting())
    kube.while_listing = lambda: nodes.changed_by(answered(node(2, held=True)))
    assert await versions(nodes) == ["2"]


@pytest.mark.parametrize(
    ("seen", "gone", "looks"),
    [(node(3), False, 1), (node(3, held=True), False, 2), (node(3, ready=False), False, 2), (node(3), True, 2)],
)
async def test_the_watch_makes_it_old_by_another_cordon_or_readiness_alone(seen: Obj, gone: bool, looks: int) -> None:
    nodes = NodeList(kube := Counting())
    await nodes.all()
    nodes.seen(seen, gone=gone)
    await nodes.all()
    assert kube.listed == looks
