"""Evidence goes by a policy's word alone, after the longest time, never under an open incident, and its record says it all."""

import json
from datetime import UTC, datetime, timedelta

from firedoor.planner.deletion import Deletion
from firedoor.planner.kept import Kept
from firedoor.planner.retention import expired
from firedoor.planner.rules import Rules, rules_for
from tests.unit.planner.test_rules import written

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = Rules(evidence_retention="1h")


def kept(age: timedelta | None = timedelta(hours=2), suspect: str = "shop/web-1", sealed: str | None = None) -> Kept:
    """Evidence that was sealed so long ago; None: not sealed yet."""
    note = json.dumps({"sealedAt": (NOW - age).isoformat(), "custodyHead": "c0ffee"}) if age is not None else "{}"
    annotations = {
        "firedoor.dev/incident": "firedoor-system/alert",
        "firedoor.dev/suspect": suspect,
        "firedoor.dev/sealed": note if sealed is None else sealed,
        "firedoor.dev/copied": json.dumps({"where": "https://store/evidence/incident-1"}),
    }
    metadata = {"name": "claim", "uid": "01234567-89", "labels": {"firedoor.dev/incident-uid": "incident"}}
    return Kept.read({"metadata": {**metadata, "annotations": annotations}})


def gone(one: Kept, rules: Rules = HOUR, *, living: bool = False) -> list[Deletion]:
    return list(expired([one], lambda namespace: rules if namespace == "shop" else Rules(), lambda uid: living, "firedoor", NOW))


def test_evidence_whose_time_is_over_goes() -> None:
    (deletion,) = gone(kept())
    assert (deletion.claim, deletion.who, "1h" in deletion.why) == ("claim", "firedoor", True)


def test_without_a_word_of_a_policy_for_the_suspects_namespace_it_is_kept_for_ever() -> None:
    assert gone(kept(timedelta(days=9999)), Rules()) == []
    assert gone(kept(suspect="bank/web-1")) == []


def test_it_is_kept_while_its_time_runs_its_incident_is_open_or_it_is_not_sealed() -> None:
    assert gone(kept(timedelta(minutes=59))) == []
    assert gone(kept(), living=True) == []
    assert gone(kept(None)) == []
    assert gone(kept(sealed="not json")) == gone(kept(sealed='{"sealedAt": "yesterday"}')) == []


def test_of_several_policies_the_longest_time_holds() -> None:
    policies = [written("a", evidenceRetention="1h"), written("b", evidenceRetention="48h"), written("c")]
    assert rules_for(policies, "shop").evidence_retention == "48h"


def test_the_record_says_who_what_and_why_and_cannot_be_changed() -> None:
    (deletion,) = gone(kept())
    record, event = deletion.record("home"), deletion.event("home")
    assert (record["immutable"], record["metadata"]["name"]) == (True, "firedoor-evidence-deleted-01234567")
    assert record["data"]["deletedBy"] == "firedoor"
    assert json.loads(record["data"]["sealed"])["custodyHead"] == "c0ffee"
    assert json.loads(record["data"]["copied"])["where"] == "https://store/evidence/incident-1"
    assert event["regarding"]["uid"] == "01234567-89"
    assert "c0ffee" in event["note"]


def test_a_hostile_reason_reaches_the_event_escaped() -> None:
    (deletion,) = gone(kept())
    told = Deletion(**{**{name: getattr(deletion, name) for name in deletion.__slots__}, "why": "\x1b]0;owned\x07"}).event("home")
    assert "\\x1b]0;owned" in told["note"]
