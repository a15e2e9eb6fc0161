"""A session: every question has its answer, a guard speaks once and only when something gets through, nobody stops the rest."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

from firedoor.probe.session import serve
from tests.unit.probe.doors import Tcp, closed_port, let_speak, silence, tcp

HOST = "127.0.0.1"
KEY = "incident"


class Line:
    """The controller's end of a session."""

    def __init__(self, questions: BinaryIO, answers: asyncio.StreamReader) -> None:
        self._questions = questions
        self._answers = answers

    def say(self, line: bytes) -> None:
        self._questions.write(line + b"\n")
        self._questions.flush()

    def ask(self, number: int, op: str, **fields: Any) -> None:
        self.say(json.dumps({"id": number, "op": op, **fields}).encode())

    async def hear(self, seconds: float = 8.0) -> tuple[int | None, str]:
        async with asyncio.timeout(seconds):
            answer = json.loads(await self._answers.readline())
        return answer["id"], answer["answer"]

    async def silent(self, seconds: float) -> bool:
        try:
            await self.hear(seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """A session on pipes, as exec gives it one."""
    asked, questions = os.pipe()
    answered, answers = os.pipe()
    reader = asyncio.StreamReader()
    with os.fdopen(asked, "rb") as source, os.fdopen(answers, "wb") as out, os.fdopen(answered, "rb") as heard:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), heard)
        serving = asyncio.create_task(serve(source, out))
        try:
            with os.fdopen(questions, "wb") as end:
                yield Line(end, reader)
            await asyncio.wait_for(serving, 5.0)
        finally:
            serving.cancel()
            transport.close()


def at(door: Tcp, **fields: Any) -> dict[str, Any]:
    return {"host": HOST, "port": door.port, "protocol": "TCP"} | fields


async def kept(session: Line, door: Tcp) -> socket.socket:
    """The other end of a connection that the session was asked to keep."""
    session.ask(1, "reach", **at(door, wait=1.0, keep=KEY))
    peer = await door.accept()
    assert await session.hear() == (1, "Open")
    return peer


async def test_a_line_that_is_no_question_is_an_error_and_the_next_is_answered() -> None:
    async with line() as session:
        for nonsense in (b"", b"{", b"[]", b'{"id": 1}', b'{"id": 1, "op": "shell"}', b'{"op": "reach", "id": 1}'):
            session.say(nonsense)
            assert (await session.hear())[1] == "Error"
        session.ask(2, "flow", keep="nobody", wait=5.0)
        assert await session.hear() == (2, "Unknown")


async def test_what_is_no_address_is_never_tried_least_of_all_the_empty_name_which_would_be_the_probe_itself() -> None:
    async with line() as session, tcp() as door:
        for number, host in enumerate(("", "localhost", "shop.example", "127.0.0.1 ", None)):
            session.ask(number, "reach", **at(door, host=host, wait=1.0))
            assert await session.hear() == (number, "Error")


async def test_a_slow_question_keeps_no_other_waiting() -> None:
    async with line() as session, tcp() as door:
        silence(door.listening)
        session.ask(1, "reach", **at(door, wait=1.0))
        session.ask(2, "reach", host=HOST, port=closed_port(socket.SOCK_STREAM), protocol="TCP", wait=1.0)
        assert await session.hear() == (2, "Refused")
        assert await session.hear() == (1, "Timeout")


async def test_a_connection_is_kept_where_it_was_asked_for_and_closed_when_it_is_dropped() -> None:
    async with line() as session, tcp() as door:
        peer = await kept(session, door)
        session.ask(2, "flow", keep=KEY, wait=0.0)
        assert await session.hear() == (2, "Alive")
        session.ask(3, "drop", keep=KEY)
        assert await session.hear() == (3, "Dropped")
        session.ask(4, "flow", keep=KEY, wait=0.0)
        assert await session.hear() == (4, "Unknown")
        assert await gone(peer)


async def test_the_end_of_a_kept_connection_can_be_waited_for_and_is_told_once() -> None:
    async with line() as session, tcp() as door:
        peer = await kept(session, door)
        session.ask(2, "flow", keep=KEY, wait=20.0)
        assert await session.silent(1.0)
        silence(peer)
        assert await session.hear() == (2, "Cut")
        assert await session.silent(0.5)


async def test_a_connection_that_its_other_end_closed_is_not_waited_for() -> None:
    async with line() as session, tcp() as door:
        peer = await kept(session, door)
        peer.close()
        session.ask(2, "flow", keep=KEY, wait=20.0)
        assert await session.hear() == (2, "Unknown")


async def test_a_connection_that_nobody_asked_to_keep_is_closed_at_once() -> None:
    async with line() as session, tcp() as door:
        session.ask(1, "reach", **at(door, wait=1.0))
        peer = await door.accept()
        assert await session.hear() == (1, "Open")
        assert await gone(peer)


async def test_a_guard_speaks_when_the_door_is_open_again_and_not_before() -> None:
    async with line() as session, tcp() as door:
        silence(door.listening)
        session.ask(1, "guard", **at(door, keep=KEY))
        assert await session.silent(1.5)
        let_speak(door.listening)
        assert await session.hear() == (1, "Open")
        assert await session.silent(0.5)


async def test_a_guard_that_is_dropped_or_replaced_says_nothing() -> None:
    async with line() as session, tcp() as door:
        silence(door.listening)
        session.ask(1, "guard", **at(door, keep=KEY))
        session.ask(2, "guard", **at(door, keep=KEY))
        session.ask(3, "drop", keep=KEY)
        assert await session.hear() == (3, "Dropped")
        let_speak(door.listening)
        assert await session.silent(1.5)


async def test_a_guard_tells_of_a_cut_connection_that_passes_again_although_new_ones_do_not() -> None:
    async with line() as session, tcp() as door:
        peer = await kept(session, door)
        silence(door.listening)
        silence(peer)
        session.ask(2, "guard", **at(door, keep=KEY))
        assert await session.silent(4.0)
        let_speak(peer)
        assert await session.hear() == (2, "Alive")


async def test_a_guard_tells_of_a_connection_that_was_said_to_be_cut_and_came_back_before_the_guard_first_looked() -> None:
    async with line() as session, tcp() as door:
        peer = await kept(session, door)
        silence(door.listening)
        silence(peer)
        await asyncio.sleep(2.5)
        session.ask(2, "flow", keep=KEY, wait=0.0)
        assert await session.hear() == (2, "Cut")
        let_speak(peer)
        await asyncio.sleep(1.5)
        session.ask(3, "guard", **at(door, keep=KEY))
        assert await session.hear() == (3, "Alive")


def test_without_a_line_to_be_asked_on_it_ends_with_a_word() -> None:
    command = [sys.executable, "-c", "from firedoor.probe.session import main; main()"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20.0, check=False)
    assert ended.returncode == 1
    assert "questions come through exec" in ended.stderr


async def gone(peer: socket.socket) -> bool:
    """Whether the other end closed or reset the connection."""
    peer.setblocking(False)
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer, 1), 2.0) == b""
    except ConnectionResetError:
        return True
