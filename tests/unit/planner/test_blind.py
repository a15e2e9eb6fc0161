"""A suspect that may not be looked at: nothing is claimed of it, and the missing permission is named."""

from firedoor.api.conditions import Condition, Reason, Type
from firedoor.api.incident import SecurityIncident
from firedoor.planner.blind import status
from firedoor.planner.report import Findings
from firedoor.planner.report import status as seen
from firedoor.planner.summary import Trouble
from tests.builders import deny, engine, held_node, incident, node, proof, quarantined, sealed, situation

TROUBLE = Trouble(Reason.FORBIDDEN, 'get pods/web-1: cannot get resource "pods" in the namespace "shop".')


def told(about: SecurityIncident) -> dict[str, Condition]:
    return {condition.type: condition for condition in status(situation(about), TROUBLE).conditions}


def held(**spec: object) -> SecurityIncident:
    """An incident that was contained, as its status tells."""
    about = incident(**spec)  # type: ignore[arg-type]
    around = {"policies": (deny(),), "nodes": (held_node(), node("node-b")), "capture": sealed()}
    s = situation(about, quarantined(), found=proof(), engine=engine(), **around)  # type: ignore[arg-type]
    return about.model_copy(update={"status": seen(s, Findings())})


def test_every_containment_that_was_asked_for_is_unknown_and_says_why() -> None:
    found = told(incident(containment={"workload": "ScaleToZero", "identity": "Freeze"}))
    for about in ("Isolated", "NodeCordoned", "WorkloadScaled", "IdentityFrozen", "EvidenceSealed", "Contained", "Accepted"):
        assert (found[about].status, found[about].reason) == ("Unknown", "Forbidden"), about
        assert 'cannot get resource "pods"' in found[about].message
    assert (found["Stalled"].status, found["Stalled"].reason) == ("True", "Forbidden")
    assert set(found) == set(Type)


def test_what_nobody_asked_for_is_not_unknown() -> None:
    found = told(incident(containment={"network": "None", "node": "None"}, evidence={"enabled": False}))
    assert {found[about].reason for about in ("Isolated", "NodeCordoned", "EvidenceSealed")} == {"NotRequested"}


def test_what_held_before_is_not_claimed_to_hold_still_but_what_is_sealed_stays_sealed() -> None:
    found = told(held())
    assert (found["Isolated"].status, found["Contained"].status) == ("Unknown", "Unknown")
    assert found["Accepted"].status == "True"
    assert (found["EvidenceSealed"].status, found["EvidenceSealed"].reason) == ("True", "Sealed")
    assert status(situation(held()), TROUBLE).receipts == held().status.receipts


def test_a_release_is_not_over_while_the_suspect_may_not_be_looked_at() -> None:
    found = told(held(release={"reason": "over"}))
    assert (found["Released"].status, found["Released"].reason) == ("False", "Releasing")
    assert TROUBLE.message in found["Released"].message
