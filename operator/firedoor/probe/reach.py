"""One try to reach an address and port, over TCP or UDP. Sends no byte of content: a connection, or an empty datagram.

Called by the session alone. A refusal is an answer: packets pass in both directions. A host that is no address is
refused, because an empty one would lead to the probe itself, which answers.
"""

import asyncio
import errno
import ipaddress
import socket
from contextlib import ExitStack

UNREACHABLE = (errno.ETIMEDOUT, errno.EHOSTUNREACH)
"""What a way that is shut may be told as. Not ENETUNREACH: whoever has no route, to IPv6 say, has tried nothing."""


async def tcp(host: str, port: int, seconds: float) -> tuple[str, socket.socket | None]:
    """Open with the connection, which the caller closes; Refused, Timeout or Error; ValueError for a host that is no address."""
    with ExitStack() as unless_open:
        endpoint = unless_open.enter_context(_socket(host, socket.SOCK_STREAM))
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(endpoint, (host, port))
        except OSError as error:
            return _word(error), None
        unless_open.pop_all()
    return "Open", endpoint


async def udp(host: str, port: int, seconds: float) -> str:
    """Open when a datagram came back, Refused when the port is closed (ICMP), Timeout when nothing came; ValueError as above."""
    with _socket(host, socket.SOCK_DGRAM) as endpoint:
        try:
            endpoint.connect((host, port))
            endpoint.send(b"")
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_recv(endpoint, 1)
        except OSError as error:
            return _word(error)
    return "Open"


def _socket(host: str, kind: socket.SocketKind) -> socket.socket:
    endpoint = socket.socket(socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET, kind)
    endpoint.setblocking(False)
    return endpoint


def _word(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "Refused"
    silent = isinstance(error, TimeoutError) or error.errno in UNREACHABLE
    return "Timeout" if silent else "Error"
