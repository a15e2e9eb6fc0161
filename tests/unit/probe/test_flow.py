"""A kept connection is judged by the kernel's keep-alives: nothing is sent to the peer, and life after death is seen."""

import asyncio
import socket

from firedoor.probe import reach
from firedoor.probe.flow import Kept
from tests.unit.probe.doors import Tcp, let_speak, silence, tcp, until


async def kept_to(door: Tcp) -> tuple[Kept, socket.socket]:
    accepting = asyncio.create_task(door.accept())
    _, connection = await reach.tcp("127.0.0.1", door.port, 5.0)
    assert connection is not None
    return Kept(connection), await accepting


async def test_an_open_way_stays_alive_and_the_peer_is_sent_nothing() -> None:
    async with tcp() as door:
        kept, peer = await kept_to(door)
        states = []
        for _ in range(30):
            await asyncio.sleep(0.1)
            states.append(kept.state())
        peer.setblocking(False)
        try:
            arrived = peer.recv(1)
        except BlockingIOError:
            arrived = b""
        kept.close()
    assert set(states) == {"Alive"}
    assert arrived == b""


async def test_a_way_that_is_cut_is_seen_and_so_is_its_return() -> None:
    async with tcp() as door:
        kept, peer = await kept_to(door)
        silence(peer)
        await until(lambda: kept.state() == "Cut")
        let_speak(peer)
        await until(lambda: kept.state() == "Alive")
        kept.close()


async def test_a_connection_that_its_peer_closed_tells_nothing() -> None:
    async with tcp() as door:
        kept, peer = await kept_to(door)
        peer.close()
        await until(lambda: kept.state() == "Unknown")
        kept.close()
        assert kept.state() == "Unknown"
