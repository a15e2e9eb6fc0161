"""Snapshots of evidence volumes: by a class that retains, said to be kept when the storage names it, and made once."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from firedoor.api.copies import Copy
from firedoor.planner.kept import Kept
from firedoor.planner.snapshots import ContentView, SnapshotView, refusal, refused, snapshot_copy, snapshot_note, wanted

UID = "01234567-89"
NAME = "firedoor-evidence-01234567"
WHERE = f"volumesnapshot home/{NAME}"
MADE_AT = "2026-03-01T00:00:00Z"
READY = {"readyToUse": True, "boundVolumeSnapshotContentName": "content", "creationTime": MADE_AT}
RETAINED = ContentView.read({"spec": {"deletionPolicy": "Retain"}, "status": {"snapshotHandle": "snap-0a1b"}})


def kept(note: str = "{}") -> Kept:
    annotations = {"firedoor.dev/incident": "shop/web", "firedoor.dev/snapshot": note}
    return Kept.read(
        {"metadata": {"name": NAME, "uid": "claim", "labels": {"firedoor.dev/incident-uid": UID}, "annotations": annotations}}
    )


def snapshot(status: Any, uid: str = UID, claim: str = NAME) -> SnapshotView:
    metadata = {"name": NAME, "labels": {"firedoor.dev/incident-uid": uid}}
    return SnapshotView.read({"metadata": metadata, "spec": {"source": {"persistentVolumeClaimName": claim}}, "status": status})


def told(view: SnapshotView | None, content: ContentView | None = None, one: Kept | None = None) -> Copy:
    return snapshot_copy(one or kept(), "home", view, content)


def test_a_snapshot_goes_from_asked_for_over_made_to_kept_under_the_storages_name_and_the_claim_knows_it() -> None:
    assert told(None).state == "Pending"
    assert wanted(kept(), told(None), settled=True)
    assert not wanted(kept(), told(None), settled=False)
    for status in (None, {}, {"readyToUse": False}):
        assert told(snapshot(status)).state == "Copying"
    copy = told(snapshot(READY), RETAINED)
    assert (copy.state, copy.where, copy.handle, copy.kept_at) == ("Kept", WHERE, "snap-0a1b", datetime(2026, 3, 1, tzinfo=UTC))
    noted = kept(snapshot_note(copy)["metadata"]["annotations"]["firedoor.dev/snapshot"])
    assert told(snapshot(READY), None, noted) == copy


def test_what_is_ready_is_not_kept_before_the_storages_name_for_it_is_known() -> None:
    assert told(snapshot(READY)).state == "Copying"
    assert told(snapshot(READY), ContentView("", "Retain")).state == "Copying"
    found = told(snapshot(READY), ContentView("snap-0a1b", "Delete"))
    assert (found.state, found.reason) == ("Failed", "ContentDeletes")


def test_one_that_somebody_deleted_is_told_with_its_name_in_the_storage_and_is_not_made_again() -> None:
    copy = told(snapshot(READY), RETAINED)
    noted = kept(snapshot_note(copy)["metadata"]["annotations"]["firedoor.dev/snapshot"])
    gone = told(None, None, noted)
    assert (gone.state, gone.reason, gone.handle) == ("Failed", "SnapshotGone", "snap-0a1b")
    assert not wanted(noted, gone, settled=True)


def test_one_that_is_of_something_else_is_not_taken_for_ours() -> None:
    for view in (snapshot(READY, uid="other"), snapshot(READY, claim="other")):
        assert told(view, RETAINED).reason == "NameTaken"


def test_what_the_storage_says_went_wrong_is_told_made_harmless() -> None:
    copy = told(snapshot({"readyToUse": False, "error": {"message": "no space \x1b[31m" + "x" * 5000}}))
    assert (copy.state, copy.reason, "\x1b" in copy.message) == ("Failed", "SnapshotFailed", False)
    for error in (None, {}, {"message": None}):
        assert told(snapshot({"readyToUse": False, "error": error})).state == "Copying"


@pytest.mark.parametrize("policy", ["Delete", None, "retain"])
def test_a_class_that_does_not_retain_is_refused_with_a_sentence(policy: str | None) -> None:
    found = refused("fast", {"deletionPolicy": policy})
    assert found is not None
    assert (found[0], "VolumeSnapshotClass fast has deletionPolicy" in found[1]) == ("ClassDeletes", True)
    assert refusal(told(None), found).state == "Failed"


def test_a_class_that_is_not_there_is_said_and_one_that_retains_may_be_used() -> None:
    assert (refused("fast", None) or ("",))[0] == "ClassMissing"
    assert refused("fast", {"deletionPolicy": "Retain"}) is None


@pytest.mark.parametrize("note", ["not json", "[]", json.dumps({"where": WHERE, "state": "Kept"}), json.dumps({"state": 5})])
def test_a_note_that_is_not_ours_says_nothing(note: str) -> None:
    assert told(None, None, kept(note)).state == "Pending"
