"""One session of a probe: reads questions, answers them, keeps asked-for connections open between two questions.

Started by the controller through exec as `firedoor probe`; ends when its standard input ends. Wire format, a JSON
object a line:

    question  {"id": 7, "op": "reach", "host": "10.0.0.7", "port": 80, "wait": 0.5, "keep": "<key>"}
    answer    {"id": 7, "answer": "Open" | "Refused" | "Timeout" | "Error"}
    question  {"id": 8, "op": "flow", "keep": "<key>"}
    answer    {"id": 8, "answer": "Alive" | "Cut" | "Unknown"}
    question  {"id": 9, "op": "drop", "keep": "<key>"}
    answer    {"id": 9, "answer": "Dropped"}
"""

import asyncio
import contextlib
import errno
import json
import sys
from typing import Any, BinaryIO

from firedoor.probe import flow

KEPT_LIMIT = 4096
"""Connections kept at most; beyond that none is kept, and the flow's answer is Unknown."""


class Session:
    """The connections that one exec session keeps open."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._kept: dict[str, flow.Kept] = {}

    async def answer(self, line: bytes) -> None:
        """Answers one question; a line that is none is answered with Error."""
        try:
            question = json.loads(line)
            word = await self._word(question)
        except (ValueError, KeyError, TypeError):
            question, word = {}, "Error"
        self._say({"id": question.get("id"), "answer": word})

    async def _word(self, question: dict[str, Any]) -> str:
        match question["op"]:
            case "reach":
                return await self._reach(question)
            case "flow":
                kept = self._kept.get(question["keep"])
                return kept.state() if kept else "Unknown"
            case "drop":
                return self._drop(question["keep"])
            case _:
                return "Error"

    async def _reach(self, question: dict[str, Any]) -> str:
        connecting = asyncio.open_connection(question["host"], question["port"])
        try:
            _, writer = await asyncio.wait_for(connecting, question["wait"])
        except TimeoutError:
            return "Timeout"
        except ConnectionRefusedError:
            return "Refused"
        except OSError as error:
            return "Timeout" if error.errno in (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH) else "Error"
        self._keep(question.get("keep"), writer)
        return "Open"

    def _keep(self, key: str | None, writer: asyncio.StreamWriter) -> None:
        if key and key not in self._kept and len(self._kept) < KEPT_LIMIT:
            self._kept[key] = flow.Kept(writer)
        else:
            writer.transport.abort()

    def _drop(self, key: str) -> str:
        kept = self._kept.pop(key, None)
        if kept:
            kept.close()
        return "Dropped"

    def _say(self, answer: dict[str, Any]) -> None:
        self._out.write(json.dumps(answer).encode() + b"\n")
        self._out.flush()


async def serve(source: BinaryIO, out: BinaryIO) -> None:
    """Answers questions side by side until the input ends."""
    reader = asyncio.StreamReader(limit=1 << 16)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    session = Session(out)
    async with asyncio.TaskGroup() as answering:
        while line := await reader.readline():
            answering.create_task(session.answer(line))


def main() -> None:
    """One session on this process's standard input and output."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.stdin.buffer, sys.stdout.buffer))
