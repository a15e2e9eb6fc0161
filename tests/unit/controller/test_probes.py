"""Guards before a door: the first word ends them all."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import cast

import pytest

from firedoor.api.incident import Reach
from firedoor.controller.probes import FALLBACK_PORT, PROBES, Probes
from firedoor.controller.session import Session
from firedoor.kube.client import Kube
from firedoor.kube.exec import ExecStream
from tests.builders import HOME, UID, pod


class Line:
    """The stream into a probe that answers every question with one word, or none."""

    def __init__(self, session: Session, word: str | None) -> None:
        self.session = session
        self.word = word
        self.asked: list[dict[str, object]] = []
        self.messages = 0
        self.heard: Callable[[], object] = lambda: None

    async def send(self, data: bytes) -> None:
        self.messages += 1
        self.heard()
        for question in map(json.loads, data.splitlines()):
            self.asked.append(question)
            if self.word:
                self.session._hand_out(json.dumps({"id": question["id"], "answer": self.word}).encode())


def guarded(*words: str | None) -> tuple[Probes, list[Reach]]:
    """Probes whose guards will say this, and the ways that they guard."""
    probes = Probes(cast(Kube, None), HOME)
    for session, word in zip(probes._sessions, words, strict=True):
        session.stream = cast(ExecStream, Line(session, word))
    return probes, [Reach.read({"probe": pod, "node": "node-a", "address": "10.0.0.7", "port": 8080}) for pod in PROBES]


async def test_the_first_guard_that_speaks_is_heard_and_the_others_are_waited_for_no_more() -> None:
    probes, ways = guarded(None, "Open")
    others = asyncio.all_tasks()
    assert await probes.alarm(UID, ways) == (ways[1], "Open")
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == others


async def test_each_family_has_a_guard_of_its_own() -> None:
    probes, ways = guarded(None, None)
    both = [way.model_copy(update={"address": address}) for way in ways for address in ("10.0.0.7", "fd00::7")]
    waiting = asyncio.create_task(probes.alarm(UID, both))
    await asyncio.sleep(0.05)
    for session in probes._sessions:
        stream = cast(Line, session.stream)
        assert {(asked["host"], asked["keep"]) for asked in stream.asked} == {("10.0.0.7", UID), ("fd00::7", f"{UID} IPv6")}
    waiting.cancel()


async def test_what_is_asked_at_the_same_time_goes_to_each_probe_in_one_message() -> None:
    probes, ways = guarded("Timeout", "Timeout")
    several = [way.model_copy(update={"port": port}) for way in ways for port in (8080, 8081, 8082)]
    assert {way.after for way in await probes.after(several)} == {"Timeout"}
    for session in probes._sessions:
        stream = cast(Line, session.stream)
        assert (stream.messages, len(stream.asked)) == (1, 3)


async def test_before_the_door_closes_a_udp_port_is_asked_only_where_the_suspect_declares_it() -> None:
    probes, _ = guarded("Refused", "Refused")
    silent = await probes.before(UID, pod(tcp_ports=(80,)))
    assert {(way.protocol, way.port): way.before for way in silent} == {("TCP", 80): "Refused", ("UDP", FALLBACK_PORT): None}
    names = await probes.before(UID, pod(tcp_ports=(), udp_ports=(53,)))
    assert {(way.protocol, way.port): way.before for way in names} == {("TCP", FALLBACK_PORT): "Refused", ("UDP", 53): "Refused"}


async def test_the_probe_on_another_node_asks_beside_the_door_and_the_near_one_a_moment_later() -> None:
    probes, _ = guarded("Open", "Open")
    asked: list[str] = []
    for session, node in zip(probes._sessions, ("node-a", "node-b"), strict=True):
        session.node = node
        cast(Line, session.stream).heard = partial(asked.append, node)
    found = await probes.before(UID, pod(tcp_ports=(80,), node="node-a"))
    assert asked == ["node-b", "node-a"]
    assert [way.before for way in found if way.protocol == "TCP"] == ["Open", "Open"]


async def test_of_the_connections_that_a_probe_may_keep_only_those_are_asked_after_that_it_had_open() -> None:
    probes, ways = guarded("Cut", "Cut")
    was = [way.model_copy(update={"before": before}) for way, before in zip(ways, ("Open", "Refused"), strict=True)]
    assert await probes.flow(UID, was) == "Cut"
    assert [[one["keep"] for one in cast(Line, session.stream).asked] for session in probes._sessions] == [[UID], []]
    assert await probes.flow(UID, was[1:]) == "Unknown"


async def test_a_question_that_nobody_waits_for_any_more_is_not_asked() -> None:
    probes, _ = guarded("Open", "Open")
    session = probes._sessions[0]
    asking = asyncio.create_task(session.ask({"op": "flow", "keep": UID}, 1.0))
    await asyncio.sleep(0)
    asking.cancel()
    assert await session.ask({"op": "drop", "keep": UID}, 1.0) == "Open"
    assert [asked["op"] for asked in cast(Line, session.stream).asked] == ["drop"]


class Young:
    """An API server that knows a pod whose kubelet has not reported its address yet."""

    async def get(self, *_: object) -> dict[str, object]:
        return {"metadata": {"name": PROBES[0]}, "spec": {"nodeName": "node-a"}, "status": {"phase": "Pending"}}


async def test_no_line_is_opened_to_a_pod_without_an_address_which_nobody_could_try_to_reach() -> None:
    with pytest.raises(ConnectionError, match="no address"):
        await Session(PROBES[0], "probe").hold(cast(Kube, Young()), HOME)


async def test_guards_that_are_lost_raise_no_alarm() -> None:
    probes, ways = guarded("Error", "Error")
    assert await probes.alarm(UID, ways) is None
