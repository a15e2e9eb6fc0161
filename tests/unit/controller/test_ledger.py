"""The ledger: each question is answered by those who are concerned, however many others there are."""

from datetime import timedelta
from typing import Any

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import PARENT, scale_holder
from firedoor.api.policy import Budgets
from firedoor.controller.index import Index
from firedoor.controller.ledger import Ledger
from firedoor.controller.record import Record, behind_the_times
from firedoor.planner.proof import Proof
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Census
from tests.builders import NOON, OTHER_UID, UID, incident, pod, situation

PARENT_UID = "77777777-0000-0000-0000-000000000007"


def kept(*incidents: SecurityIncident) -> Ledger:
    ledger = Ledger()
    for one in incidents:
        ledger.note(one)
    return ledger


def of_parent(one: SecurityIncident, parent: str = PARENT_UID) -> SecurityIncident:
    return one.model_copy(update={"metadata": one.metadata.model_copy(update={"labels": {PARENT: parent}})})


def scaled(uid: str = OTHER_UID, **status: Any) -> SecurityIncident:
    receipt = {"object": "Deployment web", "uid": "d", "change": "scaled to zero", "prior": "{}", "at": NOON}
    return incident(uid=uid, status={"receipts": [receipt], **status})


def test_neighbours_are_the_other_incidents_about_the_same_pod_that_are_not_over() -> None:
    first, second, elsewhere = incident(), incident(uid=OTHER_UID), incident(uid=PARENT_UID, target={"name": "web-2"})
    ledger = kept(first, second, elsewhere)
    assert ledger.neighbours(first) == (second,)
    ledger.records[OTHER_UID].over = True
    assert ledger.neighbours(first) == ()


def test_an_incident_that_keeps_its_suspect_cut_off_stays_a_neighbour_when_it_is_over() -> None:
    said = {
        "type": "Released",
        "status": "True",
        "reason": "Kept",
        "message": "",
        "lastTransitionTime": NOON,
        "observedGeneration": 1,
    }
    keeping = incident(uid=OTHER_UID, release={"reason": "over", "mode": "Keep"}, status={"conditions": [said]})
    ledger = kept(incident(), keeping)
    assert ledger.records[OTHER_UID].over
    assert ledger.neighbours(incident()) == (keeping,)


def test_a_child_is_found_by_its_parent_and_forgotten_with_itself() -> None:
    parent, child = incident(uid=PARENT_UID, target={"kind": "Deployment", "name": "web"}), of_parent(incident())
    ledger = kept(parent, child)
    assert ledger.children(parent) == {"shell": child}
    assert ledger.concerned(PARENT_UID) == (PARENT_UID, UID)
    ledger.forget(UID)
    assert ledger.children(parent) == {}
    assert ledger.about("shop", "web-1") == ()


def test_an_incident_that_changes_is_found_by_what_it_is_now() -> None:
    unresolved = incident(target={}, source={"name": "falco"})
    ledger = kept(unresolved)
    assert ledger.about("shop", "web-1") == ()
    ledger.note(incident())
    assert ledger.about("shop", "web-1") == (UID,)


def test_a_holder_is_known_while_its_incident_is_not_over() -> None:
    ledger = kept(incident())
    assert ledger.knows_holder(scale_holder(UID))
    assert not ledger.knows_holder(scale_holder(OTHER_UID))
    ledger.records[UID].over = True
    assert not ledger.knows_holder(scale_holder(UID))


def test_who_has_a_receipt_for_a_node_is_found_by_the_nodes_uid() -> None:
    receipt = {"object": "Node node-a", "uid": "node-a-uid", "change": "cordoned", "prior": "{}", "at": NOON}
    other = incident(uid=OTHER_UID, target={"name": "web-2"}, status={"receipts": [receipt]})
    ledger = kept(incident(), other)
    assert ledger.cordoners(incident(), ["node-b-uid"]) == ()
    assert ledger.cordoners(incident(), ["node-a-uid"]) == (other,)
    assert ledger.cordoners(other, ["node-a-uid"]) == ()


def test_a_budget_counts_what_others_isolate_and_scaled_and_never_the_incident_itself() -> None:
    ledger, own = kept(incident(), scaled()), situation(incident(), pod(), rules=Rules(budgets=Budgets(cordoned_nodes=1)))
    other = situation(incident(uid=OTHER_UID), pod())
    ledger.reserve(own)
    assert ledger.census(own) == Census(0, 0, 1)
    ledger.reserve(other)
    assert ledger.census(own) == Census(1, 0, 1)
    ledger.records[OTHER_UID].over = True
    assert ledger.census(own) == Census(0, 0, 1), "what was scaled within the hour stays counted"


def test_an_index_keeps_the_order_and_no_empty_key() -> None:
    index = Index()
    index.put("one", [("a",), ("b",)])
    index.put("two", [("a",)])
    assert index.of("a") == ("one", "two")
    index.put("one", [("b",)])
    assert (index.of("a"), index.of("b")) == (("two",), ("one",))
    index.drop("two")
    index.drop("one")
    assert index == Index()


def test_a_try_is_made_anew_when_the_door_was_open_since_it_began_and_not_while_it_stays_open() -> None:
    earlier, later = Proof(began=NOON - timedelta(seconds=1)), Proof(began=NOON + timedelta(seconds=1))
    assert not behind_the_times(Record(incident(), proof=earlier))
    assert behind_the_times(Record(incident(), proof=earlier, seen_open=NOON))
    assert behind_the_times(Record(incident(), seen_open=NOON))
    assert not behind_the_times(Record(incident(), proof=later, seen_open=NOON))
    assert not behind_the_times(Record(incident(), proof=earlier, seen_open=NOON, open_now=True))
    assert not behind_the_times(Record(incident(), proof=Proof(missing="No probe pod can be asked."), seen_open=NOON))
