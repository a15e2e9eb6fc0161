"""What a measurement of an engine says, which of them counts for a node, and which nodes are due for one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.enforcement import Enforcing
from firedoor.planner.enforcement import best, due, failing, rest, sentence, word
from firedoor.planner.views import NodeView
from tests.builders import NOON, engine, node

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NEVER_MEASURED = engine("Unknown", "Unknown", "Unknown", seconds=None, why="the canary did not start.")


def in_pool(name: str, pool: str, *, cordoned: bool = False, ready: bool = True) -> NodeView:
    return replace(node(name, cordoned=cordoned, ready=ready), pool=pool)


@pytest.mark.parametrize(
    ("ingress", "egress", "said", "reason"),
    [
        ("Denied", "Denied", "Enforcing", None),
        ("Denied", "Passes", "IngressOnly", Reason.CNI_INGRESS_ONLY),
        ("Passes", "Denied", "EgressOnly", Reason.CNI_EGRESS_ONLY),
        ("Passes", "Passes", "NotEnforcing", Reason.CNI_NOT_ENFORCING),
        ("Unknown", "Unknown", "NotMeasured", Reason.NOT_VERIFIED),
        ("Denied", "Unknown", "NotMeasured", Reason.NOT_VERIFIED),
    ],
)
def test_each_finding_has_its_word_and_each_that_does_not_deny_its_reason(
    ingress: Enforcing, egress: Enforcing, said: str, reason: Reason | None
) -> None:
    found = engine(ingress, egress)
    assert (word(found), failing(found)) == (said, reason)


def test_an_engine_that_takes_its_time_is_slow_but_denies() -> None:
    found = engine(seconds=3.5)
    assert (word(found), failing(found)) == ("Slow", None)
    assert "within 3.5 s" in sentence(found)


def test_an_engine_that_denied_once_and_now_lets_everything_through_has_stopped() -> None:
    found = engine("Passes", "Passes", denied_at=NOON - MINUTE)
    assert (word(found), failing(found)) == ("Stopped", Reason.CNI_STOPPED)
    assert "11:59:00" in sentence(found)


def test_an_engine_that_lost_one_direction_has_not_stopped() -> None:
    assert word(engine("Denied", "Passes", denied_at=NOON - MINUTE)) == "IngressOnly"


@pytest.mark.parametrize(
    ("opened", "said"), [("Cut", "cuts open"), ("Alive", "lets open connections go on"), ("Unknown", "could not be seen")]
)
def test_the_sentence_says_what_became_of_open_connections(opened: str, said: str) -> None:
    assert said in sentence(replace(engine(), open_connections=opened))  # type: ignore[arg-type]


def test_the_sentence_of_a_failed_measurement_has_the_cause() -> None:
    assert sentence(NEVER_MEASURED).endswith("the canary did not start.")


def test_a_nodes_own_finding_counts_before_a_newer_one_of_its_pool() -> None:
    own, other = engine(node="a", pool="p"), engine("Passes", node="b", pool="p", at=NOON + MINUTE)
    assert best({"a": own, "b": other}, "a", "p") == own


def test_a_node_that_was_not_measured_is_known_by_the_newest_of_its_pool() -> None:
    old, new = engine(node="b", pool="p"), engine(node="c", pool="p", at=NOON + MINUTE)
    found = {"b": old, "c": new, "d": engine(node="d", pool="q", at=NOON + 2 * MINUTE)}
    assert best(found, "a", "p") == new
    assert best(found, "a", "nobodys") is None


def test_one_node_of_each_pool_is_measured_at_rest_and_no_cordoned_one() -> None:
    nodes = [in_pool("a", "p", cordoned=True), in_pool("b", "p"), in_pool("c", "p"), in_pool("d", "q")]
    assert due(nodes, {}, (), (), NOON) == ("b", "d")


def test_a_pool_whose_finding_is_fresh_rests() -> None:
    found = {"c": engine(node="c", pool="p")}
    nodes = [in_pool("b", "p"), in_pool("c", "p")]
    assert due(nodes, found, (), (), NOON + 9 * MINUTE) == ()
    assert due(nodes, found, (), (), NOON + 10 * MINUTE) == ("b",)


def test_a_node_that_holds_a_suspect_is_measured_itself_and_often_even_when_cordoned() -> None:
    nodes = [in_pool("b", "p", cordoned=True), in_pool("c", "p")]
    found = {"c": engine(node="c", pool="p")}
    assert due(nodes, found, {"b"}, (), NOON) == ("b",)
    found["b"] = engine(node="b", pool="p")
    assert due(nodes, found, {"b"}, (), NOON + 19 * SECOND) == ()
    assert due(nodes, found, {"b"}, (), NOON + 20 * SECOND) == ("b",)


def test_an_engine_that_does_not_deny_is_tried_again_soon() -> None:
    nodes, found = [in_pool("a", "p")], {"a": engine("Passes", node="a", pool="p")}
    assert due(nodes, found, (), (), NOON + 9 * SECOND) == ()
    assert due(nodes, found, (), (), NOON + 10 * SECOND) == ("a",)


def test_a_doubted_node_comes_first_and_once_and_a_node_that_is_not_ready_has_to_wait() -> None:
    nodes = [in_pool("a", "p"), in_pool("b", "p"), in_pool("c", "p", ready=False)]
    assert due(nodes, {}, {"a"}, {"b", "a", "c"}, NOON) == ("a", "b")


@pytest.mark.parametrize(("ingress", "opened"), [("Passes", "Alive"), ("Denied", "Alive")])
def test_what_speaks_against_isolation_is_renewed_soon_at_first_and_then_as_seldom_as_anything(
    ingress: Enforcing, opened: str
) -> None:
    nodes = [in_pool("a", "p")]

    def renewed_after(stood: timedelta) -> timedelta:
        found = engine(ingress, "Denied", opened, node="a", pool="p", at=NOON, since=NOON - stood)  # type: ignore[arg-type]
        waits = (timedelta(seconds=passed) for passed in range(601))
        return next(wait for wait in waits if due(nodes, {"a": found}, {"a"}, (), NOON + wait))

    assert [renewed_after(stood * SECOND) for stood in (0, 20, 45, 3600)] == [10 * SECOND, 20 * SECOND, 45 * SECOND, MINUTE]


def test_a_node_that_could_not_be_measured_is_tried_again_soon_where_somebody_waits_to_know_and_ever_more_seldom_at_rest() -> (
    None
):
    nodes, found = [in_pool("a", "p")], {"a": replace(NEVER_MEASURED, node="a", pool="p", since=NOON - 5 * MINUTE)}
    assert due(nodes, found, {"a"}, (), NOON + 10 * SECOND) == ("a",)
    assert due(nodes, found, (), (), NOON + 299 * SECOND) == ()
    assert due(nodes, found, (), (), NOON + 300 * SECOND) == ("a",)


def test_nobody_looks_before_a_finding_of_a_node_that_holds_a_suspect_is_too_old() -> None:
    found = {"a": engine(node="a"), "b": engine(node="b", at=NOON - 5 * SECOND), "c": engine(node="c", at=NOON - MINUTE)}
    assert rest(found, {"a", "b"}, MINUTE, NOON) == 15 * SECOND
    assert rest(found, {"c"}, MINUTE, NOON) == 0 * SECOND
    assert rest(found, {"new"}, MINUTE, NOON) == MINUTE
    assert rest(found, (), 20 * SECOND, NOON) == 20 * SECOND
