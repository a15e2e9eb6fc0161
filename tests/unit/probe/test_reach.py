"""One try: an answer of whatever kind shows that packets pass, and only silence that they do not."""

import asyncio
import errno
import io
import json
import socket

import pytest

from firedoor.probe import reach
from firedoor.probe.session import Session
from firedoor.probe.stand import Echo
from tests.unit.probe.doors import closed_port, silence, tcp, udp

HOST = "127.0.0.1"
SHORT = 0.2
each_family = pytest.mark.parametrize("host", [HOST, "::1"])
"""Of both families, as a pod's addresses may be."""


@each_family
async def test_a_port_that_listens_is_open_and_the_connection_is_handed_over(host: str) -> None:
    async with tcp(host) as door:
        word, connection = await reach.tcp(host, door.port, SHORT)
        assert word == "Open"
        assert connection is not None
        connection.close()


@each_family
async def test_a_refusal_is_told_apart_from_silence(host: str) -> None:
    assert await reach.tcp(host, closed_port(socket.SOCK_STREAM, host), SHORT) == ("Refused", None)
    async with tcp(host) as door:
        silence(door.listening)
        assert await reach.tcp(host, door.port, SHORT) == ("Timeout", None)


@each_family
async def test_a_datagram_that_is_answered_shows_that_packets_pass(host: str) -> None:
    loop = asyncio.get_running_loop()
    with udp(host=host) as door:
        trying = asyncio.create_task(reach.udp(host, door.getsockname()[1], 5.0))
        data, sender = await loop.sock_recvfrom(door, 16)
        assert data == b""
        await loop.sock_sendto(door, b".", sender)
        assert await trying == "Open"


@each_family
async def test_a_closed_udp_port_refuses_and_one_that_answers_nothing_is_silent(host: str) -> None:
    assert await reach.udp(host, closed_port(socket.SOCK_DGRAM, host), SHORT) == "Refused"
    with udp(host=host) as door:
        assert await reach.udp(host, door.getsockname()[1], SHORT) == "Timeout"


async def test_whoever_has_no_route_has_tried_nothing() -> None:
    """2001:db8::/32 is for documents; a machine without a route to it says so at once, one with a route hears nothing."""
    word, _ = await reach.tcp("2001:db8::1", 80, SHORT)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("2001:db8::1", 80))
            routed = True
        except OSError as error:
            routed = error.errno != errno.ENETUNREACH
    assert word == ("Timeout" if routed else "Error")


async def asked(host: str, port: int, protocol: str) -> str:
    """What a session answers to one question."""
    out = io.BytesIO()
    question = {"id": 1, "op": "reach", "host": host, "port": port, "protocol": protocol, "wait": 0.2}
    await Session(out).answer(json.dumps(question).encode())
    return str(json.loads(out.getvalue())["answer"])


@pytest.mark.parametrize("host", ["", "localhost", "kubernetes.default.svc"])
async def test_what_is_no_address_is_not_tried_even_where_something_here_would_answer(host: str) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0)
    datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(HOST, 0))
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await asked(HOST, port, "TCP"), await asked(host, port, "TCP")) == ("Open", "Error")
    port = datagrams.get_extra_info("sockname")[1]
    assert (await asked(HOST, port, "UDP"), await asked(host, port, "UDP")) == ("Open", "Error")
    datagrams.close()


async def test_an_answer_is_not_answered_so_that_no_two_probes_talk_without_end() -> None:
    loop = asyncio.get_running_loop()
    standing, _ = await loop.create_datagram_endpoint(Echo, local_addr=(HOST, 0))
    with udp() as other:
        await loop.sock_sendto(other, b".", standing.get_extra_info("sockname"))
        await loop.sock_sendto(other, b"", standing.get_extra_info("sockname"))
        assert await asyncio.wait_for(loop.sock_recv(other, 16), 5.0) == b"."
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(other, 16), SHORT)
    standing.close()
