"""Shared looks: fresh for everyone, and few."""

import asyncio

import pytest

from firedoor.controller.shared import SharedLook


class Thing:
    """Something to look at, which changes, and counts who looked."""

    def __init__(self) -> None:
        self.value = 0
        self.looks = 0

    async def look(self) -> int:
        self.looks += 1
        seen = self.value
        await asyncio.sleep(0.01)
        return seen


async def test_those_who_ask_at_the_same_time_share_one_look() -> None:
    thing = Thing()
    shared = SharedLook(thing.look)
    assert await asyncio.gather(*(shared.fresh() for _ in range(50))) == [0] * 50
    assert thing.looks == 1


async def test_nobody_gets_what_was_seen_before_they_asked() -> None:
    thing = Thing()
    shared = SharedLook(thing.look)
    early = asyncio.create_task(shared.fresh())
    await asyncio.sleep(0.005)
    thing.value = 1
    late = await asyncio.gather(*(shared.fresh() for _ in range(50)))
    assert (await early, late) == (0, [1] * 50)
    assert thing.looks == 2
    assert shared.idle


async def test_an_error_reaches_everyone_and_the_next_look_is_tried() -> None:
    fails = [True, False]

    async def look() -> str:
        if fails.pop(0):
            raise ConnectionError("away")
        return "back"

    shared = SharedLook(look)
    found = await asyncio.gather(shared.fresh(), shared.fresh(), return_exceptions=True)
    assert [str(error) for error in found] == ["away", "away"]
    assert await shared.fresh() == "back"


async def test_one_who_gives_up_takes_the_look_from_nobody() -> None:
    thing = Thing()
    shared = SharedLook(thing.look)
    patient, hasty = asyncio.create_task(shared.fresh()), asyncio.create_task(shared.fresh())
    await asyncio.sleep(0)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    assert await patient == 0
