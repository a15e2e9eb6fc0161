"""What a probe says of a way, tried on sockets of this machine."""

import asyncio
import io
import json

import pytest

from firedoor.probe.session import Session
from firedoor.probe.stand import Echo

HERE = "127.0.0.1"


async def asked(host: str, port: int, protocol: str) -> str:
    """What a session answers to one question."""
    out = io.BytesIO()
    question = {"id": 1, "op": "reach", "host": host, "port": port, "protocol": protocol, "wait": 0.2}
    await Session(out).answer(json.dumps(question).encode())
    return str(json.loads(out.getvalue())["answer"])


@pytest.mark.parametrize("host", ["", "localhost", "kubernetes.default.svc"])
async def test_what_is_no_address_is_not_tried_even_where_something_here_would_answer(host: str) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), HERE, 0)
    datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(HERE, 0))
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await asked(HERE, port, "TCP"), await asked(host, port, "TCP")) == ("Open", "Error")
    port = datagrams.get_extra_info("sockname")[1]
    assert (await asked(HERE, port, "UDP"), await asked(host, port, "UDP")) == ("Open", "Error")
    datagrams.close()
