"""Release plans: last first, only what this incident holds, and the last holder restores."""

from dataclasses import replace
from typing import Any

from firedoor.api.incident import SecurityIncident
from firedoor.planner.release import drifts, outstanding, release
from firedoor.planner.situation import Capture, Situation
from firedoor.planner.steps import DiscardPod, LiftDeny, ReleaseCordon, RestorePod, ReturnReplicas, Step
from tests.builders import (
    LABEL,
    LABELS,
    NOON,
    OTHER_LABEL,
    OTHER_UID,
    UID,
    deny,
    held_node,
    incident,
    quarantined,
    sealed,
    situation,
    workload,
)


def leaving(**fields: Any) -> SecurityIncident:
    return incident(release={"reason": "false alarm"} | fields.pop("release", {}), **fields)


def steps(s: Situation) -> list[Step]:
    return [step for stage in release(s) for step in stage]


def test_a_replaced_pod_whose_evidence_is_sealed_is_discarded() -> None:
    s = situation(leaving(), quarantined(), policies=(deny(),), capture=sealed())
    assert steps(s) == [DiscardPod(quarantined())]


def test_the_door_stays_closed_until_the_discarded_pod_is_gone() -> None:
    going = quarantined(leaving=True)
    s = situation(leaving(), going, policies=(deny(),), capture=sealed())
    assert steps(s) == []
    assert outstanding(s)
    assert steps(situation(leaving(), None, policies=(deny(),), capture=sealed())) == [LiftDeny("shop")]


def test_without_sealed_evidence_the_pod_gets_its_labels_back() -> None:
    s = situation(leaving(), quarantined(), policies=(deny(),))
    assert steps(s) == [RestorePod(quarantined(), LABELS, last=True), LiftDeny("shop")]


def test_a_bare_pod_is_restored_because_nothing_replaced_it() -> None:
    bare = quarantined(owner=None)
    assert steps(situation(leaving(), bare, capture=sealed())) == [RestorePod(bare, LABELS, last=True)]


def test_a_running_capture_is_waited_for() -> None:
    s = situation(leaving(), quarantined(), policies=(deny(),), capture=Capture("Running"))
    assert steps(s) == []
    assert outstanding(s)


def test_a_pod_that_another_incident_holds_keeps_that_label_and_its_record() -> None:
    both = quarantined(LABEL, OTHER_LABEL)
    s = situation(leaving(), both, policies=(deny(), deny(OTHER_UID)), capture=sealed())
    assert steps(s) == [RestorePod(both, {OTHER_LABEL: "true"}, last=False), LiftDeny("shop")]


def test_the_receipt_wins_over_a_record_that_was_tampered_with() -> None:
    receipt = {"object": "Pod web-1", "uid": "pod-uid", "change": "isolated", "prior": '{"labels": {"app": "web"}}', "at": NOON}
    forged = quarantined()
    forged = replace(forged, prior_note='{"labels": {"app": "bank"}}')
    s = situation(leaving(status={"receipts": [receipt]}), forged)
    assert steps(s) == [RestorePod(forged, LABELS, last=True)]


def test_the_last_holder_uncordons_what_firedoor_cordoned() -> None:
    node = held_node()
    assert steps(situation(leaving(), nodes=(node,))) == [ReleaseCordon(node, uncordon=True, last=True)]


def test_a_node_that_was_cordoned_before_stays_so() -> None:
    node = held_node(was=True)
    assert steps(situation(leaving(), nodes=(node,))) == [ReleaseCordon(node, uncordon=False, last=True)]


def test_a_node_that_another_incident_holds_stays_cordoned() -> None:
    node = held_node(UID, OTHER_UID)
    assert steps(situation(leaving(), nodes=(node,))) == [ReleaseCordon(node, uncordon=False, last=False)]


def test_replicas_come_back_as_they_were() -> None:
    zero = workload(0, UID, before=5)
    assert steps(situation(leaving(), deployment=zero)) == [ReturnReplicas(zero, 5)]


def test_replicas_that_somebody_else_set_are_left_alone_and_told_of() -> None:
    scaled = workload(2, UID, before=5)
    s = situation(leaving(), deployment=scaled)
    assert steps(s) == [ReturnReplicas(scaled, None)]
    assert drifts(s) == ("Deployment web had been scaled to 2.",)


def test_what_is_released_needs_nothing_more() -> None:
    assert not outstanding(situation(leaving()))
