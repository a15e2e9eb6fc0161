"""Warmth: several connections are open before anybody needs them, and an API server that is away ends nothing."""

import asyncio

from firedoor.controller import warmth
from firedoor.kube.client import Kube
from firedoor.kube.errors import Unavailable


class Counting(Kube):
    """An API server that answers once as many ask as are expected to, each over a connection of its own."""

    def __init__(self, away: bool = False) -> None:
        self.away = away
        self.asking = 0
        self.all_there = asyncio.Event()

    async def version(self) -> str:
        self.asking += 1
        if self.asking == warmth.CONNECTIONS:
            self.all_there.set()
        await self.all_there.wait()
        if self.away:
            raise Unavailable("the API server is away")
        return "v1.35.4"


async def test_calls_are_made_side_by_side_so_that_each_needs_a_connection() -> None:
    kube = Counting()
    async with asyncio.timeout(1.0):
        await warmth.use(kube)
    assert kube.asking == warmth.CONNECTIONS


async def test_an_api_server_that_is_away_is_tried_again() -> None:
    kube = Counting(away=True)
    keeping = asyncio.create_task(warmth.keep(kube))
    async with asyncio.timeout(1.0):
        await kube.all_there.wait()
    await asyncio.sleep(0)
    assert not keeping.done()
    keeping.cancel()
