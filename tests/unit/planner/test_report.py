"""The report: every condition from the first sight on, and none that says more than is known."""

from dataclasses import replace
from datetime import timedelta

from firedoor.api.conditions import Condition, Reason, Type
from firedoor.planner.guards import refusal
from firedoor.planner.report import Findings, status
from firedoor.planner.situation import Situation
from firedoor.planner.summary import Trouble
from tests.builders import deny, engine, held_node, incident, node, pod, proof, quarantined, sealed, situation

ALL = {t for t in Type if t is not Type.STALLED}


def told(s: Situation, **findings: object) -> dict[str, Condition]:
    found = status(s, Findings(refused=refusal(s), **findings))  # type: ignore[arg-type]
    return {condition.type: condition for condition in found.conditions}


def contained() -> Situation:
    about = incident(evidence={"enabled": False})
    return situation(about, quarantined(), policies=(deny(),), nodes=(held_node(), node("node-b")), found=proof())


def test_every_condition_is_there_from_the_first_sight_on() -> None:
    assert set(told(situation(suspect=pod()))) == ALL
    assert set(told(situation())) == ALL


def test_contained_is_true_when_everything_that_was_asked_for_holds() -> None:
    found = told(contained())
    assert found["Contained"].status == "True"
    assert found["Ready"].status == "True"
    assert found["Reconciling"].status == "False"


def test_contained_is_the_first_thing_that_does_not_hold() -> None:
    s = situation(incident(), quarantined(), policies=(deny(),), nodes=(held_node(), node("node-b")), found=proof(after="Open"))
    assert told(s)["Contained"].reason == "TrafficPasses"


def test_a_refused_incident_claims_nothing_and_stalls_where_time_cures_nothing() -> None:
    found = told(situation(suspect=pod(host_network=True)))
    assert found["Accepted"].reason == "HostNetwork"
    assert found["Isolated"].status == "Unknown"
    assert found["Stalled"].status == "True"
    assert "Stalled" not in told(situation())


def test_a_node_that_somebody_uncordons_is_told_of() -> None:
    s = situation(incident(), quarantined(), nodes=(held_node(cordoned=False), node("node-b")))
    assert told(s)["NodeCordoned"].reason == "CordonDrift"


def test_sealed_evidence_with_gaps_is_sealed_and_says_which() -> None:
    partial = situation(suspect=quarantined(), capture=sealed("Partial", "VolumeFull"))
    assert (told(partial)["EvidenceSealed"].status, told(partial)["EvidenceSealed"].reason) == ("True", "VolumeFull")
    assert "files: partial." in told(partial)["EvidenceSealed"].message


def test_the_custody_head_is_said_and_so_stands_in_an_event_as_well() -> None:
    for kept in (sealed(), sealed("Partial", "VolumeFull")):
        message = told(situation(suspect=quarantined(), capture=kept))["EvidenceSealed"].message
        assert "custody head c0ffee" in message


def test_sealed_evidence_says_who_signed_it_or_why_nobody_did() -> None:
    signed, unsigned = sealed(key_id="abc"), sealed(unsigned="there is no signing key")
    said = [told(situation(suspect=quarantined(), capture=one))["EvidenceSealed"] for one in (signed, unsigned)]
    assert [verdict.status for verdict in said] == ["True", "True"]
    assert "signed by key abc" in said[0].message
    assert "not signed (there is no signing key)" in said[1].message


def test_what_the_api_server_refuses_is_shown_to_people() -> None:
    trouble = Trouble(Reason.FORBIDDEN, "patch nodes/node-a: not allowed")
    assert told(contained(), trouble=trouble)["Stalled"].message == "patch nodes/node-a: not allowed"


def test_times_change_only_with_the_status() -> None:
    first = status(contained(), Findings())
    again = incident(evidence={"enabled": False}, status=first.wire())
    later = situation(again, quarantined(), policies=(deny(),), nodes=(held_node(), node("node-b")), found=proof())
    an_hour_on = later.now + timedelta(hours=1)
    tried_again = replace(later.proof, at=an_hour_on)
    second = status(replace(later, now=an_hour_on, engine=engine(at=an_hour_on), proof=tried_again), Findings())
    assert [c.last_transition_time for c in second.conditions] == [c.last_transition_time for c in first.conditions]


def test_after_release_everything_is_said_to_be_as_it_was() -> None:
    released = told(situation(incident(release={"reason": "over"}), pod()))["Released"]
    assert (released.status, released.reason) == ("True", "Released")


def test_what_others_changed_is_listed_with_the_release() -> None:
    s = situation(incident(release={"reason": "over"}), pod())
    released = told(s, drift=("Node a had been uncordoned.",))["Released"]
    assert released.reason == "Drifted"
    assert "Node a had been uncordoned." in released.message
