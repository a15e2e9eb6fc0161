"""Exec streams: the channels of a command in a container over a websocket, binary-safe and unbuffered.

The fourth version of the protocol goes through the API server to the kubelet as it is. The fifth (KEP-4006) would only add a
way to close the input, which is not needed, and is translated to SPDY and back by the API server, byte by byte: that takes
it two to three times the processor.

Opened by `client.Kube.exec` alone. Success is nothing but the status that the kubelet sends on the error channel: a
stream that merely ends has been cut, whatever it brought (kubernetes issue 60140).
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from firedoor.kube.errors import Unavailable, from_answer, in_words

PROTOCOL = "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR = 0, 1, 2, 3
HEARTBEAT_SECONDS = 30.0
BROKEN = (aiohttp.ClientError, TimeoutError, ConnectionError)


@dataclass(frozen=True, slots=True)
class ExecOutcome:
    """How a command ended. exit_code is None when that was not told."""

    success: bool
    exit_code: int | None
    message: str


CUT = ExecOutcome(success=False, exit_code=None, message="the stream was cut before the command's end was told")


class ExecStream:
    """One running command: iterate over (channel, bytes), send to its input, read `outcome` after the end."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.outcome = CUT

    async def send(self, data: bytes) -> None:
        """Sends to the command's standard input; ConnectionError when the stream has ended."""
        await self._socket.send_bytes(bytes([STDIN]) + data)

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        return self._frames()

    async def _frames(self) -> AsyncIterator[tuple[int, bytes]]:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == ERROR:
                self.outcome = _outcome(data)
            elif data:
                yield channel, data


@asynccontextmanager
async def websocket(
    session: aiohttp.ClientSession, url: str, query: Sequence[tuple[str, str]], what: str
) -> AsyncIterator[ExecStream]:
    """An exec stream to this URL; errors of the upgrade as the one tree."""
    try:
        socket = await session.ws_connect(
            url,
            params=query,
            protocols=(PROTOCOL,),
            max_msg_size=0,
            heartbeat=HEARTBEAT_SECONDS,
            timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
        )
    except aiohttp.WSServerHandshakeError as error:
        raise from_answer(error.status, error.message.encode(), what) from error
    except BROKEN as error:
        raise Unavailable(f"{what}: {in_words(error)}") from error
    try:
        yield ExecStream(socket)
    except aiohttp.ClientError as error:
        raise Unavailable(f"{what}: {in_words(error)}") from error
    finally:
        await socket.close()


def _outcome(data: bytes) -> ExecOutcome:
    status = json.loads(data)
    if status.get("status") == "Success":
        return ExecOutcome(success=True, exit_code=0, message="")
    causes = status.get("details", {}).get("causes") or ()
    code = next((int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"), None)
    return ExecOutcome(success=False, exit_code=code, message=str(status.get("message", "")))
