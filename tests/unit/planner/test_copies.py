"""Copies: the claim's note is the record, a lock is never shorter than a policy asks, and no stranger's word is believed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from firedoor.api.copies import Copy, ObjectStore
from firedoor.api.incident import EvidenceStatus
from firedoor.planner.copies import CopierView, beside, claim_note, copy_of, due, news, ready, retain_until
from firedoor.planner.kept import Kept
from firedoor.planner.rules import Rules

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
STORE = ObjectStore("https://store/evidence", "eu", "prod", "COMPLIANCE", "24h", "secret")
WHERE = "https://store/evidence/prod/uid-1/incident-1"
WORDS: dict[str, Any] = {"objects": 3, "bytes": 9, "mode": "COMPLIANCE", "retainUntil": "2026-03-02T00:00:00Z", "replaced": ""}
DONE = CopierView("firedoor-copy-uid1", over=True, complete=True, words=WORDS)


def kept(age: timedelta = timedelta(0), note: str = "{}", uid: str = "uid-1", **sealed: str) -> Kept:
    told = {"bundle": "incident-1", "tagManifestSHA256": "0" * 64, "sealedAt": (NOW - age).isoformat(), **sealed}
    annotations = {"firedoor.dev/incident": "shop/web", "firedoor.dev/sealed": json.dumps(told), "firedoor.dev/copied": note}
    metadata = {"name": f"claim-{uid}", "uid": uid, "labels": {"firedoor.dev/incident-uid": uid}, "annotations": annotations}
    metadata["creationTimestamp"] = f"2026-01-01T00:00:00.{uid}"
    return Kept.read({"metadata": metadata})


def found(one: Kept, job: CopierView | None = None, *, settled: bool = True, until: datetime = LATER) -> Copy:
    return copy_of(one, STORE, job, until, settled, NOW)


def noted(copy: Copy) -> Kept:
    return kept(note=claim_note(copy)["metadata"]["annotations"]["firedoor.dev/copied"])


def test_a_copy_goes_from_waiting_over_work_to_kept_and_the_note_outlives_its_job() -> None:
    assert found(kept()).state == "Pending"
    assert found(kept(), replace(DONE, over=False, complete=False, words={})).state == "Copying"
    copy = found(kept(), DONE)
    assert (copy.state, copy.where, copy.objects, copy.kept_at) == ("Kept", WHERE, 3, NOW)
    assert found(noted(copy)) == copy


def test_a_note_that_is_not_ours_or_about_another_store_says_nothing() -> None:
    elsewhere = found(kept(), DONE).model_copy(update={"where": "https://other/evidence/prod/uid-1/incident-1"})
    assert found(noted(elsewhere)).state == "Pending"
    for note in (
        "{}",
        "not json",
        "[" * 100_000,
        "[]",
        '{"state": "Kept"}',
        json.dumps({"where": WHERE, "state": "Kept", "objects": "many"}),
    ):
        assert found(kept(note=note)).state == "Pending", note


def test_why_it_failed_is_told_in_the_copiers_words_made_harmless() -> None:
    failed = replace(DONE, complete=False, words={"reason": "AccessDenied", "message": "no \x1b]0;owned\x07" + "x" * 5000})
    copy = found(kept(), failed)
    assert (copy.state, copy.reason) == ("Failed", "AccessDenied")
    assert "\x1b" not in copy.message
    assert len(copy.message) <= 1024
    assert found(kept(), replace(failed, words={})).reason == "CopierFailed"
    for words in ({}, {**WORDS, "objects": "many"}, {**WORDS, "retainUntil": None} | {"mode": 5}):
        assert found(kept(), replace(DONE, words=words)).reason == "CopierFailed"


def test_what_lay_in_its_place_is_told() -> None:
    assert "bagit.txt" in found(kept(), replace(DONE, words={**WORDS, "replaced": "bagit.txt"})).message


def test_a_lock_lasts_from_the_seal_on_as_long_as_the_longer_of_values_and_policy() -> None:
    assert retain_until(kept(), STORE, Rules()) == NOW + timedelta(hours=24)
    assert retain_until(kept(), STORE, Rules(evidence_retention="48h")) == NOW + timedelta(hours=48)
    assert retain_until(kept(), STORE, Rules(evidence_retention="1h")) == NOW + timedelta(hours=24)


def test_what_would_not_be_kept_any_more_is_not_copied() -> None:
    copy = found(kept(), until=NOW)
    assert (copy.state, copy.reason) == ("Failed", "RetentionOver")


def test_only_a_sealed_bag_is_ready() -> None:
    assert ready(kept())
    assert not ready(kept(sealedAt="yesterday"))
    assert not ready(Kept.read({"metadata": {"name": "claim", "uid": "1", "labels": {"firedoor.dev/incident-uid": "1"}}}))


def test_the_newest_settled_bags_go_first_and_no_more_than_may_at_a_time() -> None:
    working = replace(DONE, over=False, complete=False)
    three = [kept(uid=uid) for uid in "abc"]
    told = [(one, found(one), True) for one in three]
    assert [one.incident_uid for one in due(told, 2, {})] == ["c", "b"]
    assert [one.incident_uid for one in due(told, 2, {"c": 1.0})] == ["b", "a"]
    assert [one.incident_uid for one in due(told, 2, {"c": 1.0, "b": 3.0, "a": 2.0})] == ["c", "a"]
    told[2] = (three[2], found(three[2], working), True)
    told[1] = (three[1], found(three[1]), False)
    assert [one.incident_uid for one in due(told, 2, {})] == ["a"]
    assert due(told, 1, {}) == []


def test_an_incident_tells_of_a_copy_beside_its_evidence_and_never_what_a_collector_claims_of_one() -> None:
    copy = found(kept(), DONE)
    evidence = EvidenceStatus(claim="claim")
    forged = evidence.model_copy(update={"copies": (copy,)})
    assert beside(None, forged, (copy,)) is None
    assert beside(forged, None, ()) == evidence
    assert beside(evidence, None, (copy,)) == forged
    assert beside(evidence, forged, ()) == forged
    again, other = copy.model_copy(update={"state": "Failed"}), copy.model_copy(update={"kind": "VolumeSnapshot"})
    assert (beside(evidence, forged, (again,)) or evidence).copies == (again,)
    assert (beside(evidence, forged, (other,)) or evidence).copies == (copy, other)


def test_people_hear_of_a_copy_once() -> None:
    copy = found(kept(), DONE)
    assert news(None, copy)
    assert not news(EvidenceStatus(copies=(copy,)), copy)
    assert not news(None, found(kept()))
    assert news(EvidenceStatus(copies=(copy,)), copy.model_copy(update={"state": "Failed", "reason": "AccessDenied"}))
