"""Standing ready: the main process of a probe or canary pod. Accepts connections and keeps them, and answers an empty datagram.

Started as `firedoor probe --stand`. What it accepts and answers is only there so that a probe can see whether packets
pass. Reads nothing of what it is sent.
"""

import asyncio
import signal
import socket

PORT = 7007
LIMIT = 64


class Echo(asyncio.DatagramProtocol):
    """Answers each empty datagram with one byte; never an answer, or two of these would answer each other without end."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not data:
            self._transport.sendto(b".", addr)


async def stand() -> None:
    """Accepts, keeps and answers until it is asked to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    datagrams, _ = await loop.create_datagram_endpoint(Echo, sock=_datagrams())
    server = await asyncio.start_server(_keep, None, PORT, backlog=LIMIT)
    async with server:
        await ended.wait()
    datagrams.close()


def _datagrams() -> socket.socket:
    """A UDP socket on every address of the pod, of both families where the node has both."""
    both = socket.has_dualstack_ipv6()
    endpoint = socket.socket(socket.AF_INET6 if both else socket.AF_INET, socket.SOCK_DGRAM)
    if both:
        endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    endpoint.bind(("::" if both else "0.0.0.0", PORT))  # noqa: S104 - a pod's own address
    return endpoint


async def _keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        continue
    writer.close()


def main() -> None:
    """Stands until it is asked to end."""
    asyncio.run(stand())
