"""A connection kept open to see whether it still passes: judged by the kernel's keep-alives, so nothing is ever sent to the peer.

Called by the session alone. Linux only: TCP_INFO (linux/tcp.h, struct tcp_info) says when the peer last answered. The
kernel never gives the connection up, so that one which is cut and passes again later is seen as well.
"""

import socket
import struct

KEEPALIVE_SECONDS = 1
NEVER_MS = 7 * 24 * 3600 * 1000
"""After so long the kernel gives a silent connection up; a user timeout replaces the count of probes (tcp(7))."""
INFO_BYTES = 104
LAST_ACK_OFFSET = 56
"""Byte offset of tcpi_last_ack_recv: milliseconds since the last acknowledgement."""
ALIVE_MS, CUT_MS = 1600, 2200
"""An open way answers each keep-alive at once; two of them without an answer are silence."""
ESTABLISHED = 1


class Kept:
    """One connection kept open across the deny."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, NEVER_MS)

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed it; only then can there be more to tell."""
        return self._info()[0] == ESTABLISHED

    def state(self) -> str:
        """Alive: a keep-alive was answered just now. Cut: two in a row were not. Unknown: closed, or too early to tell."""
        info = self._info()
        if info[0] != ESTABLISHED:
            return "Unknown"
        silent_ms = _silent_ms(info)
        if silent_ms >= CUT_MS:
            return "Cut"
        return "Alive" if silent_ms < ALIVE_MS else "Unknown"

    def cut_in(self) -> float:
        """Seconds until it counts as cut, if nothing answers any more."""
        return max(0.0, CUT_MS - _silent_ms(self._info())) / 1000

    def _info(self) -> bytes:
        try:
            return self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO_BYTES)
        except OSError:
            return bytes(INFO_BYTES)

    def close(self) -> None:
        self._socket.close()


def _silent_ms(info: bytes) -> int:
    (found,) = struct.unpack_from("I", info, LAST_ACK_OFFSET)
    return int(found)
