"""One try to reach an address and port, over TCP or UDP. Sends no byte of content: a connection, or an empty datagram.

Called by the session alone. A refusal is an answer: packets pass in both directions. A host that is no address is
refused, because an empty one would lead to the probe itself, which answers.
"""

import asyncio
import errno
import ipaddress
import socket

UNREACHABLE = (errno.ETIMEDOUT, errno.EHOSTUNREACH)
"""What a way that is shut may be told as. Not ENETUNREACH: whoever has no route, to IPv6 say, has tried nothing."""


async def tcp(host: str, port: int, seconds: float) -> tuple[str, asyncio.StreamWriter | None]:
    """Open with the connection, Refused, Timeout or Error; ValueError for a host that is no address."""
    ipaddress.ip_address(host)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), seconds)
    except (OSError, TimeoutError) as error:
        return _word(error), None
    return "Open", writer


async def udp(host: str, port: int, seconds: float) -> str:
    """Open when a datagram came back, Refused when the port is closed (ICMP), Timeout when nothing came; ValueError as above."""
    ipaddress.ip_address(host)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.setblocking(False)
        try:
            endpoint.connect((host, port))
            endpoint.send(b"")
            await asyncio.wait_for(loop.sock_recv(endpoint, 1), seconds)
        except (OSError, TimeoutError) as error:
            return _word(error)
    return "Open"


def _word(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "Refused"
    silent = isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in UNREACHABLE)
    return "Timeout" if silent else "Error"
