"""What is said of collectors while the API server answers late or not at all: never more than was seen."""

import asyncio
from datetime import UTC, datetime

import pytest

from firedoor.api import names
from firedoor.controller.captures import Captures
from firedoor.controller.signing import Signing
from firedoor.kube.errors import Unavailable
from tests.builders import OTHER_UID, UID
from tests.unit.controller.shelf import Shelf, collector, keeper, nothing

HOME = "firedoor-system"


def captures(shelf: Shelf) -> Captures:
    signing = Signing(shelf, HOME, "image", None, lambda: datetime.now(UTC))
    return Captures(shelf, HOME, 4, lambda uid: None, signing)


async def test_a_bag_is_not_settled_before_anybody_could_look() -> None:
    shelf = Shelf()
    shelf.meanwhile = gone_away
    looking = captures(shelf)
    with pytest.raises(Unavailable):
        await looking.of(UID, None)
    assert not looking.settled(UID)


async def test_after_a_look_that_failed_the_next_who_asks_looks_again() -> None:
    shelf = Shelf(collector())
    shelf.meanwhile = gone_away
    looking = captures(shelf)
    with pytest.raises(Unavailable):
        await looking.of(UID, None)
    shelf.meanwhile = nothing
    assert (await looking.of(UID, None)).state == "Running"


async def test_those_who_ask_at_once_after_a_restart_all_learn_what_one_look_finds() -> None:
    shelf = Shelf(collector(UID), collector(OTHER_UID))
    looking = captures(shelf)
    found = await asyncio.gather(looking.of(UID, None), looking.of(OTHER_UID, None))
    assert [capture.state for capture in found] == ["Running", "Running"]
    assert shelf.handed_out == 2


@pytest.mark.parametrize(("ended", "settled"), [("", False), ("Complete", True), ("Failed", True)])
async def test_a_bag_is_settled_once_its_signature_is_in_it_or_can_not_be(ended: str, settled: bool) -> None:
    looking = captures(Shelf(collector(ended="Complete"), keeper(ended=ended, number=names.JOB_TRIES)))
    await looking.of(OTHER_UID, None)
    assert looking.settled(UID) is settled


def gone_away() -> None:
    raise Unavailable("the API server does not answer")
