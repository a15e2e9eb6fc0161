"""A canary's name stays with its node: a scheduler that missed a deletion must never find the same name on another node."""

from firedoor.controller.canary_names import CanaryNames
from firedoor.controller.canary_objects import CANARIES

NODES = [f"node-{number}" for number in range(len(CANARIES))]


def test_every_node_has_a_name_of_its_own_and_keeps_it_whoever_else_is_measured() -> None:
    names = CanaryNames()
    first = {node: names.of(node) for node in NODES}
    assert set(first.values()) == set(CANARIES)
    assert {node: names.of(node) for node in reversed(NODES)} == first


def test_after_a_restart_a_node_that_is_alone_has_the_name_that_it_had() -> None:
    assert CanaryNames().of("node-a") == CanaryNames().of("node-a")


def test_where_there_are_more_nodes_than_names_the_one_that_rested_longest_moves() -> None:
    names = CanaryNames()
    had = {node: names.of(node) for node in NODES}
    names.of(NODES[0])
    assert names.of("one-more") == had[NODES[1]]
    assert names.of(NODES[0]) == had[NODES[0]]


def test_no_node_loses_the_name_under_which_its_canary_stands() -> None:
    names = CanaryNames()
    had = {node: names.of(node) for node in NODES}
    assert names.of("one-more", standing=NODES[:5]) == had[NODES[5]]
