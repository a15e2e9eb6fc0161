"""The watch on nodes: what does not matter is passed on to nobody, and a fight is no loop."""

from typing import Any

from firedoor.api.names import cordon_holder
from firedoor.controller.nodes import AT_ONCE, NodeWatch
from firedoor.controller.rate import WITHIN_SECONDS
from tests.builders import OTHER_UID, UID

MINE = cordon_holder(UID)


def node(*, cordoned: bool = True, **status: Any) -> dict[str, Any]:
    metadata = {"name": "node-a", "annotations": {MINE: "shop/shell"}}
    return {"metadata": metadata, "spec": {"unschedulable": cordoned}, "status": status}


def test_the_first_sight_and_a_heartbeat_change_nothing() -> None:
    watch = NodeWatch()
    assert not watch.seen(node(), 0.0)
    assert not watch.seen(node(heartbeat=1), 10.0)


def test_a_node_that_is_uncordoned_calls_its_holders() -> None:
    watch = NodeWatch()
    watch.seen(node(), 0.0)
    assert watch.seen(node(cordoned=False), 1.0) == frozenset({MINE})


def test_a_node_that_goes_calls_its_holders_once() -> None:
    watch = NodeWatch()
    watch.seen(node(), 0.0)
    assert watch.seen(node(), 1.0, gone=True) == frozenset({MINE})
    assert not watch.seen(node(), 2.0), "one that comes back is seen for the first time"


def test_of_a_fight_only_the_first_rounds_of_a_minute_are_passed_on() -> None:
    watch = NodeWatch()
    watch.seen(node(), 0.0)
    rounds = [watch.seen(node(cordoned=bool(number % 2)), float(number)) for number in range(2 * AT_ONCE)]
    assert [bool(holders) for holders in rounds] == [True] * AT_ONCE + [False] * AT_ONCE
    assert watch.seen(node(cordoned=False), WITHIN_SECONDS + 1.0) == frozenset({MINE})


def test_who_comes_after_a_fight_of_others_is_told_at_once_all_the_same() -> None:
    watch, other = NodeWatch(), cordon_holder(OTHER_UID)
    for number in range(2 * AT_ONCE):
        watch.seen(node(cordoned=bool(number % 2)), float(number))
    held = node()
    held["metadata"]["annotations"][other] = "shop/other"
    watch.seen(held, 10.0)
    drifted = {**held, "spec": {"unschedulable": False}}
    assert other in watch.seen(drifted, 11.0)
