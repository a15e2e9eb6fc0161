"""A connection kept open to see whether it still passes: judged by the kernel's keep-alives, so nothing is ever sent to the peer.

Called by the session alone. Linux only: TCP_INFO (linux/tcp.h, struct tcp_info) says how many keep-alive probes are unanswered.
"""

import asyncio
import contextlib
import socket
import struct

KEEPALIVE_SECONDS = 1
PROBES_OFFSET = 3
"""Byte offset of tcpi_probes: probes sent since the last answer."""
LAST_ACK_OFFSET = 56
"""Byte offset of tcpi_last_ack_recv: milliseconds since the last acknowledgement."""
ESTABLISHED = 1


class Kept:
    """One connection kept open across the deny."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._socket: socket.socket = writer.get_extra_info("socket")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 120)

    def state(self) -> str:
        """Alive: a keep-alive was answered just now. Cut: two or more went unanswered. Unknown: closed, or too early to tell."""
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        except OSError:
            return "Unknown"
        if info[0] != ESTABLISHED:
            return "Unknown"
        if info[PROBES_OFFSET] >= 2:
            return "Cut"
        (silent_ms,) = struct.unpack_from("I", info, LAST_ACK_OFFSET)
        fresh = silent_ms < 2 * KEEPALIVE_SECONDS * 1000 and info[PROBES_OFFSET] == 0
        return "Alive" if fresh else "Unknown"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.transport.abort()
