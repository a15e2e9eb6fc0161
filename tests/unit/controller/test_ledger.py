"""The ledger: each question is answered by those who are concerned, however many others there are."""

from datetime import timedelta

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


def scaled(uid: str = OTHER_UID, prior: str = '{"replicas": 3}') -> SecurityIncident:
    receipt = {"object": "Deployment web", "uid": "d", "change": "scaled to zero", "prior": prior, "at": NOON}
    return incident(uid=uid, status={"receipts": [receipt]})


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
    assert ledger.census(own) == Census(scaled_in_last_hour=frozenset("d"))
    ledger.reserve(other)
    assert ledger.census(own) == Census(frozenset({pod().uid}), frozenset(), frozenset("d"))
    ledger.records[OTHER_UID].over = True
    assert ledger.census(own) == Census(scaled_in_last_hour=frozenset("d")), "what was scaled within the hour stays counted"


def test_a_pod_counts_once_as_isolated_however_many_incidents_hold_it() -> None:
    receipt = {"object": "Pod web-1", "uid": "pod-uid", "change": "isolated", "prior": "{}", "at": NOON}
    known = incident(uid=PARENT_UID, status={"receipts": [receipt]})
    ledger, third = kept(incident(), incident(uid=OTHER_UID), known), incident(uid="3", target={"name": "web-3"})
    ledger.reserve(situation(incident(), pod()))
    ledger.reserve(situation(incident(uid=OTHER_UID), pod()))
    asked = situation(third, pod(name="web-3", uid="third"), rules=Rules(budgets=Budgets(isolated_pods_per_namespace=2)))
    assert ledger.census(asked).isolated_in_namespace == {"pod-uid"}


def scaled_in_last_hour(ledger: Ledger, later: timedelta = timedelta()) -> frozenset[str]:
    s = situation(rules=Rules(budgets=Budgets(scale_downs_per_hour=1)), now=NOON + later)
    return ledger.census(s).scaled_in_last_hour


def test_a_workload_counts_once_as_scaled_however_many_incidents_hold_it() -> None:
    assert scaled_in_last_hour(kept(scaled(UID), scaled(OTHER_UID))) == {"d"}


def test_what_was_scaled_stays_counted_for_an_hour_when_its_incident_is_deleted() -> None:
    ledger = kept(scaled())
    ledger.forget(OTHER_UID)
    assert scaled_in_last_hour(ledger) == {"d"}
    assert not scaled_in_last_hour(ledger, timedelta(minutes=61))


def test_a_workload_that_was_at_rest_when_it_was_first_held_was_scaled_by_nobody() -> None:
    ledger = kept(scaled(prior='{"replicas": 0}'))
    assert not scaled_in_last_hour(ledger)


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
