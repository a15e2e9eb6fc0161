"""Sockets as /proc/net tells of them, with the processes that hold them. Readable without any privilege."""

import ipaddress
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from firedoor.look import unix
from firedoor.look.told import text

STATES: Final = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "NEW_SYN_RECV",
}
"""include/net/tcp_states.h; UDP uses the first for connected sockets and CLOSE for others."""
INTERNET: Final = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")


def holders(proc: str, pids: list[int]) -> dict[int, list[int]]:
    """Which processes hold which socket, by its inode; those that may not be looked into are missing."""
    found: dict[int, list[int]] = {}
    for pid in pids:
        for inode in _inodes(f"{proc}/{pid}/fd"):
            held = found.setdefault(inode, [])
            if pid not in held:
                held.append(pid)
    return found


def sockets(net: str, held: Mapping[int, list[int]]) -> Iterator[dict[str, Any]]:
    """Every socket of a network namespace; `net` is a process's /proc/PID/net. A line that cannot be read is told as `raw`."""
    for protocol in INTERNET:
        for line in _lines(f"{net}/{protocol}"):
            try:
                yield _internet(protocol, line.split(), held)
            except (ValueError, IndexError):
                yield {"proto": protocol, **text("raw", line)}
    yield from unix.rows(_lines(f"{net}/unix"), held)


def _internet(protocol: str, fields: list[bytes], held: Mapping[int, list[int]]) -> dict[str, Any]:
    (local, local_port), (remote, remote_port) = _end(fields[1]), _end(fields[2])
    inode = int(fields[9])
    sent, received = fields[4].split(b":")
    return {
        "proto": protocol,
        "state": STATES.get(int(fields[3], 16), fields[3].decode()),
        "local": local,
        "local_port": local_port,
        "remote": remote,
        "remote_port": remote_port,
        "tx_queue": int(sent, 16),
        "rx_queue": int(received, 16),
        "uid": int(fields[7]),
        "inode": inode,
        "pids": held.get(inode, []),
    }


def _end(field: bytes) -> tuple[str, int]:
    """An address as the kernel prints it: 32-bit words in the machine's byte order, in hexadecimal."""
    address, port = field.split(b":")
    words = bytes.fromhex(address.decode())
    raw = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
    return str(ipaddress.ip_address(raw)), int(port, 16)


def _lines(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as opened:
            next(opened, None)
            yield from (line.removesuffix(b"\n") for line in opened)
    except FileNotFoundError:
        return  # no IPv6 on this node


def _inodes(folder: str) -> Iterator[int]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            yield int(target[8:-1])
