"""Getting out: what is told in the end is what held in the end."""

import asyncio

from firedoor.probe.outbound import tried
from tests.unit.probe.doors import silence, tcp, udp

HOST = "127.0.0.1"


async def test_it_tries_until_nothing_answers_any_more() -> None:
    async with tcp() as door:
        trying = asyncio.create_task(tried([HOST], door.port, patience=10.0))
        await door.accept()
        with udp(door.port):
            silence(door.listening)
            assert await trying == {HOST: {"TCP": "Timeout", "UDP": "Timeout"}}


async def test_what_still_answers_when_its_patience_ends_is_told() -> None:
    async with tcp() as door:
        found = await tried([HOST], door.port, patience=0.0)
        assert found == {HOST: {"TCP": "Open", "UDP": "Refused"}}
