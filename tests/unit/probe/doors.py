"""Doors to try: real sockets on the loopback, which a packet filter of their own can make silent and let speak again."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""The whole of a classic BPF program: return 0 bytes, so that the kernel drops every packet for the socket."""


def silence(door: socket.socket) -> None:
    """No packet reaches the socket any more, as behind a deny."""
    program = ctypes.create_string_buffer(DROP)
    door.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))


def let_speak(door: socket.socket) -> None:
    """Packets reach it again."""
    door.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


class Tcp:
    """A listening socket, and the connections that it accepted."""

    def __init__(self, listening: socket.socket) -> None:
        self.listening = listening
        self.port: int = listening.getsockname()[1]
        self.accepted: list[socket.socket] = []

    async def accept(self) -> socket.socket:
        connection, _ = await asyncio.get_running_loop().sock_accept(self.listening)
        self.accepted.append(connection)
        return connection


@asynccontextmanager
async def tcp(host: str = "127.0.0.1") -> AsyncIterator[Tcp]:
    """A TCP door on a port of its own."""
    with socket.create_server((host, 0), family=_family(host)) as listening:
        listening.setblocking(False)
        door = Tcp(listening)
        yield door
        for connection in door.accepted:
            connection.close()


@contextmanager
def udp(port: int = 0, host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A UDP socket, on a port of its own where none is named, which answers nothing."""
    with socket.socket(_family(host), socket.SOCK_DGRAM) as door:
        door.bind((host, port))
        door.setblocking(False)
        yield door


def closed_port(kind: socket.SocketKind, host: str = "127.0.0.1") -> int:
    """A port that nobody listens on."""
    with socket.socket(_family(host), kind) as door:
        door.bind((host, 0))
        port: int = door.getsockname()[1]
        return port


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


async def until(claim: Callable[[], bool], seconds: float = 8.0) -> None:
    """Waits until a claim holds."""
    async with asyncio.timeout(seconds):
        while not claim():
            await asyncio.sleep(0.05)
