"""Evidence that is sealed after its incident was given back: that alone is told anew, and only while it is owed."""

from firedoor.api.conditions import Condition, Type
from firedoor.api.incident import IncidentStatus, SecurityIncident
from firedoor.planner import late
from firedoor.planner.report import Findings, evidence
from firedoor.planner.report import status as told
from firedoor.planner.situation import Capture
from tests.builders import NOON, UID, incident, pod, sealed, situation

DURING = Capture("Running", why="The collector is at work.")


def given_back(capture: Capture = DURING) -> SecurityIncident:
    about = incident(release={"reason": "over", "mode": "Restore"})
    return about.model_copy(update={"status": told(situation(about, pod(), capture=capture), Findings())})


def later(capture: Capture) -> IncidentStatus:
    s = situation(given_back(), capture=capture)
    return late.status(s, evidence(s), capture.result)


def said(status: IncidentStatus) -> dict[str, Condition]:
    return {condition.type: condition for condition in status.conditions}


def test_a_release_does_not_wait_for_the_collector_and_its_end_is_owed() -> None:
    assert given_back().status.truth(Type.RELEASED) == "True"
    assert late.is_owed(given_back())
    assert not late.is_owed(given_back(sealed()))


def test_of_an_incident_that_is_deleted_nothing_is_owed() -> None:
    gone = given_back()
    assert not late.is_owed(gone.model_copy(update={"metadata": gone.metadata.model_copy(update={"deletion_timestamp": NOON})}))


def test_nothing_but_the_evidence_is_told_anew() -> None:
    before, now = said(given_back().status), said(later(sealed()))
    assert now[Type.EVIDENCE_SEALED].status == "True"
    assert {about for about in now if now[about] != before[about]} == {Type.EVIDENCE_SEALED}
    kept = later(sealed()).evidence
    assert kept is not None
    assert kept.custody_head


def test_a_collector_that_never_began_is_not_said_to_begin_yet() -> None:
    found = said(given_back(Capture("Absent")).status)[Type.EVIDENCE_SEALED]
    assert (found.status, found.reason) == ("False", "Released")
    assert f"firedoor-evidence-{UID[:8]}" in found.message
