"""The outbound probe: one container an incident, and what comes back from a compromised pod is read word by word."""

import json
from typing import Any, cast

import pytest

from firedoor.actions.outbound import container_name
from firedoor.controller.outward import Outward
from firedoor.controller.probes import PROBES, Probes
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Forbidden
from firedoor.kube.exec import ExecStream
from tests.builders import HOME, UID, pod

HERE = "10.0.1.3"


class Shop:
    """An API server with the suspect, whose ephemeral container ends with these words as soon as it is there."""

    def __init__(self, *, words: str = "", trouble: Exception | None = None) -> None:
        self.words = words
        self.trouble = trouble
        self.patches: list[Obj] = []

    async def get(self, *_: object) -> Obj:
        metadata = {"name": "web-1", "namespace": "shop", "uid": "pod-uid", "resourceVersion": "7"}
        if not self.patches:
            return {"metadata": metadata, "spec": {"ephemeralContainers": [{"name": "a-debugger"}]}, "status": {}}
        ended = {"name": container_name(UID), "state": {"terminated": {"exitCode": 0, "message": self.words}}}
        return {"metadata": metadata, "spec": {}, "status": {"ephemeralContainerStatuses": [ended]}}

    async def patch(self, *asked: Any, **_: Any) -> Obj:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.patches.append(asked[3])
        return {}


async def found(shop: Shop) -> dict[str, str | None]:
    """What the one probe that is up was found to be reached over, by protocol."""
    probes = Probes(cast(Kube, None), HOME)
    session = probes._sessions[0]
    session.stream, session.addresses, session.node = cast(ExecStream, object()), (HERE,), "node-b"
    ways = await Outward(cast(Kube, shop), probes, "firedoor:1").of(UID, pod())
    assert {(way.probe, way.address, way.direction) for way in ways} == {(PROBES[0], HERE, "Egress")}
    return {way.protocol: way.after for way in ways}


async def test_what_the_container_found_is_told_of_each_probe() -> None:
    shop = Shop(words=json.dumps({HERE: {"TCP": "Timeout", "UDP": "Open"}}))
    assert await found(shop) == {"TCP": "Timeout", "UDP": "Open"}


async def test_the_container_comes_beside_those_that_are_there_and_is_restricted() -> None:
    shop = Shop()
    await found(shop)
    (body,) = shop.patches
    debugger, ours = body["spec"]["ephemeralContainers"]
    assert debugger == {"name": "a-debugger"}
    assert body["metadata"]["resourceVersion"] == "7"
    assert ours["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert ours["securityContext"]["runAsNonRoot"] is True
    assert "targetContainerName" not in ours


@pytest.mark.parametrize("words", ["", "{", "[]", '"Timeout"', '{"10.0.1.3": "Timeout"}', '{"10.0.1.3": {"TCP": ["Timeout"]}}'])
async def test_words_that_are_none_prove_nothing(words: str) -> None:
    assert await found(Shop(words=words)) == {"TCP": "Error", "UDP": "Error"}


async def test_a_pod_that_moved_is_looked_at_again_and_a_refusal_is_no_silence() -> None:
    moved = Shop(words=json.dumps({HERE: {"TCP": "Timeout", "UDP": "Timeout"}}), trouble=Conflict("moved"))
    assert await found(moved) == {"TCP": "Timeout", "UDP": "Timeout"}
    assert await found(Shop(trouble=Forbidden("not allowed"))) == {"TCP": "Error", "UDP": "Error"}
