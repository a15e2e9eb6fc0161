"""A node changes: who has to look."""

from firedoor.api.names import cordon_holder
from firedoor.planner.node_news import NO_NODE, Cordoned, concerned
from tests.builders import OTHER_UID, UID

MINE, THEIRS = cordon_holder(UID), cordon_holder(OTHER_UID)


def held(*holders: str, cordoned: bool = True) -> Cordoned:
    return Cordoned(cordoned, frozenset(holders))


def test_whoever_holds_a_node_that_is_uncordoned_or_cordoned_again_looks() -> None:
    assert concerned(held(MINE, THEIRS), held(MINE, THEIRS, cordoned=False)) == {MINE, THEIRS}
    assert concerned(held(MINE, cordoned=False), held(MINE)) == {MINE}


def test_whose_hold_is_taken_away_looks_and_nobody_else() -> None:
    assert concerned(held(MINE, THEIRS), held(THEIRS)) == {MINE}
    assert concerned(held(MINE), NO_NODE) == {MINE}


def test_a_hold_that_comes_is_firedoors_own_doing() -> None:
    assert concerned(NO_NODE, held(MINE)) == frozenset()
    assert concerned(held(MINE), held(MINE, THEIRS)) == frozenset()
    assert concerned(NO_NODE, Cordoned(unschedulable=True)) == frozenset()


def test_only_what_makes_a_cordon_is_read_of_a_node() -> None:
    annotations = {MINE: "shop/shell", "kubeadm.alpha.kubernetes.io/cri-socket": "x"}
    node = {"metadata": {"name": "node-a", "annotations": annotations}, "spec": {"unschedulable": True}, "status": {"images": []}}
    assert Cordoned.read(node) == held(MINE)
    assert Cordoned.read({"metadata": {"name": "node-b"}}) == NO_NODE
