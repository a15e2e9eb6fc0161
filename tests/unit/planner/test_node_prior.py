"""What a held node was before: receipts say it, whatever became of the record on the node, and what nobody knows is left."""

from dataclasses import replace
from typing import Any

import pytest

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import FIELD_MANAGER, PRIOR, cordon_holder
from firedoor.planner.drift import drifts
from firedoor.planner.holds import cordoned
from firedoor.planner.imagine import after
from firedoor.planner.next import next_plan
from firedoor.planner.receipts import receipts
from firedoor.planner.situation import Situation
from firedoor.planner.views import NodeView
from tests.builders import NOON, OTHER_UID, UID, deny, held_node, incident, node, quarantined, sealed, situation

FORGED = '{"unschedulable": true}'
ELSEWHERE = node("node-b")


def cordoning(was: bool | None = False, uid: str = UID, **spec: Any) -> SecurityIncident:
    """An incident that holds the node, with the receipt of what it was; None: it has none yet."""
    receipt = {"object": "Node node-a", "uid": "node-a-uid", "change": "cordoned", "at": NOON}
    known = [] if was is None else [{**receipt, "prior": f'{{"unschedulable": {str(was).lower()}}}'}]
    return incident(uid=uid, status={"receipts": known}, **spec)


def holding(about: SecurityIncident, *nodes: NodeView, others: tuple[SecurityIncident, ...] = ()) -> Situation:
    s = situation(about, quarantined(), policies=(deny(),), nodes=(*nodes, ELSEWHERE), capture=sealed())
    return replace(s, around=replace(s.around, cordoners=others))


def released(about: SecurityIncident, held: NodeView, others: tuple[SecurityIncident, ...] = ()) -> tuple[bool, tuple[str, ...]]:
    """Whether the node is cordoned after the release, and what is listed."""
    leaving = incident(uid=about.uid, status=about.status.wire(), release={"reason": "over", "mode": "Restore"})
    s = holding(leaving, held, others=others)
    then = after(s, next_plan(s)).around.node("node-a")
    assert then is not None
    return then.unschedulable, drifts(s)


def noted(held: NodeView, note: str | None) -> NodeView:
    """The node with another record on it, or none."""
    others = {key: value for key, value in held.annotations.items() if key != PRIOR}
    return replace(held, annotations=others if note is None else {**others, PRIOR: note})


def test_a_hold_that_is_put_back_records_what_the_receipt_says() -> None:
    s = holding(cordoning(was=False), noted(node(cordoned=True), '{"unschedulable": false}'))
    s = after(s, next_plan(s))
    (back, _) = s.around.nodes
    assert (back.holders, back.recorded) == ((cordon_holder(UID),), False)
    assert cordoned(s).reason == "Cordoned"


def test_a_second_incident_records_what_the_first_ones_receipt_says() -> None:
    forged = noted(held_node(OTHER_UID), FORGED)
    s = holding(cordoning(None), forged, others=(cordoning(was=False, uid=OTHER_UID),))
    s = after(s, next_plan(s))
    assert s.around.nodes[0].recorded is False
    assert [r.prior for r in receipts(s) if r.change == "cordoned"] == ['{"unschedulable": false}']


@pytest.mark.parametrize("note", [None, FORGED, "no JSON", '{"unschedulable": "yes"}'])
def test_the_receipt_gives_back_a_node_whose_record_somebody_removed_or_forged(note: str | None) -> None:
    assert released(cordoning(was=False), noted(held_node(), note)) == (False, ())


def test_a_forged_record_does_not_uncordon_what_a_person_had_cordoned() -> None:
    assert released(cordoning(was=True), held_node(was=False)) == (True, ())


def test_another_incidents_receipt_counts_where_there_is_no_own_one() -> None:
    other = cordoning(was=False, uid=OTHER_UID)
    assert released(cordoning(None), noted(held_node(), None), others=(other,)) == (False, ())


def test_the_receipt_of_one_that_is_leaving_and_has_let_go_no_longer_counts() -> None:
    gone = cordoning(was=False, uid=OTHER_UID, release={"reason": "over"})
    assert released(cordoning(None), held_node(was=True), others=(gone,)) == (True, ())


def test_what_nobody_knows_is_left_alone_and_listed() -> None:
    told = "Node node-a stays cordoned: the record of what it was before is gone."
    assert released(cordoning(None), noted(held_node(), None)) == (True, (told,))


def test_a_node_that_a_person_uncordoned_and_cordoned_again_stays_cordoned_and_is_listed() -> None:
    again = replace(held_node(), cordoned_by="kubectl-cordon")
    told = "Node node-a stays cordoned: kubectl-cordon had cordoned it while it was held."
    assert released(cordoning(was=False), again) == (True, (told,))


@pytest.mark.parametrize(("manager", "seen"), [("kubectl-cordon", "kubectl-cordon"), (FIELD_MANAGER, "")])
def test_who_cordoned_a_node_is_told_by_its_managed_fields(manager: str, seen: str) -> None:
    entry = {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:unschedulable": {}}}}
    metadata = {"name": "node-a", "uid": "u", "resourceVersion": "1", "managedFields": [entry]}
    assert NodeView.read({"metadata": metadata, "spec": {"unschedulable": True}}).cordoned_by == seen
