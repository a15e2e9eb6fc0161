"""What a release says when it is done: nothing is called as it was while another incident still holds it."""

from dataclasses import replace
from typing import Any

import pytest

from firedoor.planner.family import kin
from firedoor.planner.family_report import Findings as OfFamily
from firedoor.planner.family_report import status as of_family
from firedoor.planner.identity_views import FrozenList, IdentityView
from firedoor.planner.report import Findings, status
from firedoor.planner.situation import Situation
from firedoor.planner.views import NodeView
from tests.builders import (
    NOON,
    OTHER_LABEL,
    OTHER_UID,
    deny,
    held_node,
    incident,
    node,
    pod,
    quarantined,
    sealed,
    situation,
    workload,
)

OTHER = incident(uid=OTHER_UID)
CORDONED = {"object": "Node node-a", "uid": "node-a-uid", "change": "cordoned", "prior": "{}", "at": NOON}
ISOLATED = {"object": "Pod web-1", "uid": "pod-uid", "change": "isolated", "prior": "{}", "at": NOON}


def released(*nodes: NodeView, mode: str | None = None, **world: Any) -> Situation:
    """An incident that has let go of everything."""
    wish = {"reason": "over", **({"mode": mode} if mode else {})}
    asked = world.pop("containment", {})
    about = incident(release=wish, containment=asked, status={"receipts": [ISOLATED, CORDONED]})
    world = {"suspect": pod(), "capture": sealed(), **world}
    return situation(about, nodes=nodes, **world)


def said(s: Situation, drift: tuple[str, ...] = ()) -> tuple[str, str]:
    found = next(c for c in status(s, Findings(drift=drift)).conditions if c.type == "Released")
    assert found.status == "True"
    return found.reason, found.message


def test_where_nobody_holds_anything_all_is_as_it_was() -> None:
    assert said(released(node())) == ("Released", "Everything is as it was.")


def test_a_pod_that_was_discarded_is_not_as_it_was() -> None:
    assert said(released(suspect=None)) == ("Released", "Pod web-1 is deleted, and everything else is as it was.")


@pytest.mark.parametrize("mode", ["Discard", "Keep", "Restore"])
def test_a_pod_that_another_incident_holds_is_said_to_be_held_and_the_wish_to_be_left_to_that(mode: str) -> None:
    s = released(node(), mode=mode, suspect=quarantined(OTHER_LABEL), policies=(deny(OTHER_UID),), neighbours=(OTHER,))
    reason, message = said(s)
    assert reason == "StillHeld"
    assert "Pod web-1 stays cut off, held by incident shop/shell" in message
    assert f"not to the {mode} asked for here" in message


def test_a_node_that_another_incident_holds_is_said_to_stay_cordoned() -> None:
    reason, message = said(released(held_node(OTHER_UID)))
    assert reason == "StillHeld"
    assert "Node node-a stays cordoned, held by incident shop/shell." in message


def test_a_node_that_it_never_held_nor_asked_for_is_none_of_its_business() -> None:
    elsewhere = replace(held_node(OTHER_UID), name="node-b", uid="node-b-uid")
    assert said(released(elsewhere))[0] == "Released"


def test_a_workload_and_an_identity_that_others_hold_are_named() -> None:
    frozen = IdentityView(looked=True, frozen=FrozenList("1", {"pod-uid": ("ffffffff",)}))
    asked = {"workload": "ScaleToZero", "identity": "Freeze"}
    reason, message = said(released(deployment=workload(0, OTHER_UID), identity=frozen, containment=asked))
    assert reason == "StillHeld"
    assert "Deployment web stays at rest, held by incident shop/shell." in message
    assert "The identity of pod web-1 stays frozen, held by other incidents." in message


def test_what_others_hold_is_told_beside_what_somebody_changed() -> None:
    reason, message = said(released(held_node(OTHER_UID)), drift=("Deployment web is gone.",))
    assert reason == "Drifted"
    assert "Deployment web is gone. Node node-a stays cordoned" in message


def test_a_pod_that_is_kept_does_not_hide_that_its_node_is_held() -> None:
    kept = replace(deny(), kept=True)
    reason, message = said(released(held_node(OTHER_UID), mode="Keep", suspect=quarantined(), policies=(kept,), sheltered=True))
    assert reason == "Kept"
    assert "Node node-a stays cordoned" in message


def test_an_incident_about_a_node_says_who_holds_the_node_now() -> None:
    about = incident(target={"kind": "Node", "name": "node-a"}, release={"reason": "over"}, status={"receipts": [CORDONED]})
    s = situation(about, nodes=(held_node(OTHER_UID),), sheltered=False)
    found = of_family(s, kin(about, {}), OfFamily())
    assert [c.reason for c in found.conditions if c.type == "Released"] == ["StillHeld"]
