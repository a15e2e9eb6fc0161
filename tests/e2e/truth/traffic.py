"""The program that a suspect and its partners run: every way that packets can take is tried without end, and arrivals are told.

It is sent into the operator's own image as source, so it stands on the standard library alone. PARTNER names whom to talk to;
whoever is talked to talks back. One line a received byte: when, who began the talk, and of which kind it was:

    new       a TCP connection for this byte alone       kept    the one TCP connection that was opened at the start
    datagram  a UDP socket for this byte alone           stream  the one UDP socket that was opened at the start
"""

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable

PORT = 8080
PACE_SECONDS = 0.25
PATIENCE_SECONDS = 0.5
KINDS = {b"n": "new", b"k": "kept", b"d": "datagram", b"s": "stream"}
SUSPECT = os.environ.get("PARTNER", "") == ""
"""The suspect is told nobody's address: it waits to be talked to, and talks back."""

fresh_ports = itertools.count(20000)
"""A datagram from a port that was used before belongs, for a connection tracker, to the flow that was open then."""
talked_to: set[str] = set()
tasks: set["asyncio.Task[None]"] = set()


def received(byte: bytes, partner: str, *, asked: bool) -> None:
    """Says that a byte came through; asked: over a way that this side began."""
    direction = "Egress" if asked == SUSPECT else "Ingress"
    line = {"at": time.time(), "direction": direction, "kind": KINDS[byte], "partner": partner}
    print(json.dumps(line), flush=True)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    partner = writer.get_extra_info("peername")[0]
    talk_to(partner)
    with contextlib.suppress(OSError):
        while byte := await reader.read(1):
            received(byte, partner, asked=False)
            writer.write(byte)
            await writer.drain()
    writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """Takes bytes, and sends back those that it did not ask for."""

    def __init__(self, asked: bool) -> None:
        self.asked = asked

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        received(data, addr[0], asked=self.asked)
        if not self.asked:
            self.transport.sendto(data, addr)


async def new(partner: str) -> None:
    reader, writer = await asyncio.wait_for(asyncio.open_connection(partner, PORT), PATIENCE_SECONDS)
    try:
        writer.write(b"n")
        received(await asyncio.wait_for(reader.readexactly(1), PATIENCE_SECONDS), partner, asked=True)
    finally:
        writer.transport.abort()


async def kept(partner: str) -> None:
    """Opens once; a connection that ends is never opened again, because then it was not kept."""
    reader, writer = await asyncio.open_connection(partner, PORT)
    listening = asyncio.create_task(answers(reader, partner))
    with contextlib.suppress(OSError):
        while not listening.done():
            writer.write(b"k")
            await asyncio.sleep(PACE_SECONDS)


async def answers(reader: asyncio.StreamReader, partner: str) -> None:
    with contextlib.suppress(OSError):
        while byte := await reader.read(1):
            received(byte, partner, asked=True)


async def datagram(partner: str) -> None:
    transport = await udp(partner, next(fresh_ports))
    transport.sendto(b"d")
    await asyncio.sleep(PATIENCE_SECONDS)
    transport.close()


async def stream(partner: str) -> None:
    transport = await udp(partner)
    while True:
        transport.sendto(b"s")
        await asyncio.sleep(PACE_SECONDS)


async def udp(partner: str, port: int = 0) -> asyncio.DatagramTransport:
    loop, own = asyncio.get_running_loop(), ("0.0.0.0", port)
    transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(True), local_addr=own, remote_addr=(partner, PORT))
    return transport


async def again(way: Callable[[str], Awaitable[None]], partner: str) -> None:
    while True:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await way(partner)
        await asyncio.sleep(PACE_SECONDS)


def talk_to(partner: str) -> None:
    """Tries every way to a partner from now on, once a partner."""
    if partner in talked_to:
        return
    talked_to.add(partner)
    for way in (again(new, partner), kept(partner), again(datagram, partner), stream(partner)):
        tasks.add(asyncio.create_task(way))


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", PORT)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: Datagrams(False), local_addr=("0.0.0.0", PORT))
    if not SUSPECT:
        talk_to(os.environ["PARTNER"])
    async with server:
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
