"""One session of a probe: reads questions, answers them, keeps asked-for connections open between two questions.

Started by the controller through exec as `firedoor probe`; ends when its standard input ends. Wire format, a JSON
object a line:

    question  {"id": 7, "op": "reach", "host": "10.0.0.7", "port": 80, "protocol": "TCP", "wait": 0.5, "keep": "<key>"}
    answer    {"id": 7, "answer": "Open" | "Refused" | "Timeout" | "Error"}
    question  {"id": 8, "op": "flow", "keep": "<key>", "wait": 6.0}
    answer    {"id": 8, "answer": "Alive" | "Cut" | "Unknown"}, as soon as it is Cut, and when the wait is over at the latest
    question  {"id": 9, "op": "guard", "host": "10.0.0.7", "port": 80, "protocol": "TCP", "keep": "<key>"}
    answer    {"id": 9, "answer": "Open" | "Refused" | "Alive" | "Closed"}, and only once something gets through
    question  {"id": 10, "op": "drop", "keep": "<key>"}
    answer    {"id": 10, "answer": "Dropped"}, and the guard ends without a word
"""

import asyncio
import contextlib
import json
import os
import socket
import stat
import sys
from typing import Any, BinaryIO

from firedoor.probe import flow, reach

KEPT_LIMIT = 4096
"""Connections kept at most; beyond that none is kept, and the flow's answer is Unknown."""
SILENCE_SECONDS = 1.0
GUARD_SECONDS = 1.0
"""A guard rests so long between two tries."""
TURN_SECONDS = 0.01
"""All guards together try so often at most, however many there are."""


class Session:
    """The connections that one exec session keeps open, and the guards that it stands."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._kept: dict[str, flow.Kept] = {}
        self._told_cut: set[str] = set()
        """Keys of connections that were last said to be cut: a guard that finds one alive tells, though it never saw it cut."""
        self._guards: dict[str, asyncio.Task[str]] = {}
        self._turn = asyncio.Lock()

    async def answer(self, line: bytes) -> None:
        """Answers one question; one that cannot be understood is answered with Error, so that nobody waits for its answer."""
        question: Any = None
        try:
            question = json.loads(line)
            word = await self._word(question)
        except (ValueError, KeyError, TypeError):
            word = "Error"
        self._say({"id": question.get("id") if isinstance(question, dict) else None, "answer": word})

    def end(self) -> None:
        """Ends every guard and closes every connection."""
        for key in {*self._guards, *self._kept}:
            self._drop(key)

    async def _word(self, question: dict[str, Any]) -> str:
        match question["op"]:
            case "reach":
                return await self._reach(question, question["wait"])
            case "flow":
                return await self._flow(question["keep"], question["wait"])
            case "guard":
                return await self._stand_guard(question)
            case "drop":
                return self._drop(question["keep"])
            case _:
                return "Error"

    async def _reach(self, question: dict[str, Any], seconds: float) -> str:
        if question.get("protocol") == "UDP":
            return await reach.udp(question["host"], question["port"], seconds)
        word, connection = await reach.tcp(question["host"], question["port"], seconds)
        if connection is not None:
            self._keep(question.get("keep"), connection)
        return word

    async def _flow(self, key: str, seconds: float) -> str:
        """What became of a kept connection; one that is open is given so long to be cut."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while (state := self._state(key)) != "Cut" and (left := deadline - clock()) > 0:
            kept = self._kept.get(key)
            if kept is None or not kept.is_open:
                break
            await asyncio.sleep(min(left, kept.cut_in()))
        return state

    def _state(self, key: str) -> str:
        kept = self._kept.get(key)
        state = kept.state() if kept else "Unknown"
        if state != "Unknown":
            (self._told_cut.add if state == "Cut" else self._told_cut.discard)(key)
        return state

    def _keep(self, key: str | None, connection: socket.socket) -> None:
        if key and key not in self._kept and len(self._kept) < KEPT_LIMIT:
            self._kept[key] = flow.Kept(connection)
        else:
            connection.close()

    async def _stand_guard(self, question: dict[str, Any]) -> str:
        """The latest guard of a key replaces the one before."""
        key = question["keep"]
        self._relieve(key)
        guard = self._guards[key] = asyncio.create_task(self._watch(question, self._kept.get(key)))
        return await guard

    async def _watch(self, question: dict[str, Any], kept: flow.Kept | None) -> str:
        cut = question["keep"] in self._told_cut
        while True:
            async with self._turn:
                await asyncio.sleep(TURN_SECONDS)
            word = await self._reach({**question, "keep": None}, SILENCE_SECONDS)
            if word in ("Open", "Refused"):
                return word
            state = kept.state() if kept else "Cut"
            if cut and state != "Cut":
                return "Alive" if state == "Alive" else "Closed"
            cut = state == "Cut"
            await asyncio.sleep(GUARD_SECONDS)

    def _relieve(self, key: str) -> None:
        guard = self._guards.pop(key, None)
        if guard:
            guard.cancel()

    def _drop(self, key: str) -> str:
        self._relieve(key)
        self._told_cut.discard(key)
        kept = self._kept.pop(key, None)
        if kept:
            kept.close()
        return "Dropped"

    def _say(self, answer: dict[str, Any]) -> None:
        self._out.write(json.dumps(answer).encode() + b"\n")
        self._out.flush()


async def serve(source: BinaryIO, out: BinaryIO) -> None:
    """Answers questions side by side until the input ends; guards end with it."""
    reader = asyncio.StreamReader(limit=1 << 16)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    session = Session(out)
    async with asyncio.TaskGroup() as answering:
        while line := await reader.readline():
            answering.create_task(session.answer(line))
        session.end()


def _is_line(mode: int) -> bool:
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()


def main() -> None:
    """One session on this process's standard input and output; refused where nobody can be waited for on the input."""
    if not _is_line(os.fstat(sys.stdin.fileno()).st_mode):
        sys.exit("firedoor probe: standard input is neither a pipe nor a terminal; questions come through exec with --stdin.")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.stdin.buffer, sys.stdout.buffer))
