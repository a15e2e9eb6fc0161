"""Release plans: last first, only what this incident holds, and the last holder restores."""

from dataclasses import replace
from typing import Any

from firedoor.api.conditions import Condition, Reason
from firedoor.api.incident import SecurityIncident
from firedoor.api.names import QUARANTINED
from firedoor.planner.adoption import Adopter
from firedoor.planner.drift import drifts
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.protection import NOTES
from firedoor.planner.release import outstanding, release, surplus, waits_for_workload
from firedoor.planner.report import conditions
from firedoor.planner.situation import Capture, Situation
from firedoor.planner.steps import DiscardPod, KeepDeny, LiftDeny, ReleaseCordon, RestorePod, ReturnReplicas, Step
from firedoor.planner.views import Owner
from firedoor.planner.workload_view import Setting
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

NO_NOTES: dict[str, str | None] = dict.fromkeys(NOTES)
SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


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
    assert steps(s) == [RestorePod(quarantined(), LABELS, NO_NOTES, record=None), LiftDeny("shop")]


def test_a_bare_pod_is_restored_because_nothing_replaced_it() -> None:
    bare = quarantined(owner=None)
    assert steps(situation(leaving(), bare, capture=sealed())) == [RestorePod(bare, LABELS, NO_NOTES, record=None)]


def test_a_running_capture_is_waited_for() -> None:
    s = situation(leaving(), quarantined(), policies=(deny(),), capture=Capture("Running"))
    assert steps(s) == []
    assert outstanding(s)


def test_a_pod_that_another_incident_holds_keeps_that_label_and_its_record() -> None:
    both = quarantined(LABEL, OTHER_LABEL)
    policies = (deny(), deny(OTHER_UID))
    s = situation(leaving(), both, policies=policies, capture=sealed(), neighbours=(incident(uid=OTHER_UID),))
    kept = {QUARANTINED: "true", OTHER_LABEL: "true"}
    assert steps(s) == [RestorePod(both, kept, {}, record=both.prior_note), LiftDeny("shop")]


def test_a_label_that_only_looks_like_another_incidents_does_not_keep_the_pod() -> None:
    faked = quarantined(LABEL, OTHER_LABEL)
    s = situation(leaving(), faked, policies=(deny(),))
    assert steps(s) == [RestorePod(faked, LABELS, NO_NOTES, record=None), LiftDeny("shop")]


def test_of_a_statefulsets_pod_only_firedoors_own_labels_go() -> None:
    owner = Owner("StatefulSet", "db", "db-uid")
    labels = {"app": "db", "added": "since", QUARANTINED: "true", LABEL: "true"}
    held = quarantined(owner=owner, labels=labels, prior=PodPrior({"app": "db"}, owner, dict.fromkeys(NOTES)))
    (restore, _) = steps(situation(leaving(), held, policies=(deny(),)))
    assert isinstance(restore, RestorePod)
    assert restore.labels == {"app": "db", "added": "since"}


def test_notes_that_somebody_else_wrote_since_are_left_alone() -> None:
    written = quarantined(annotations={**NOTES, SAFE_TO_EVICT: "true"})
    (restore, _) = steps(situation(leaving(), written, policies=(deny(),)))
    assert isinstance(restore, RestorePod)
    assert restore.notes == {key: None for key in NOTES if key != SAFE_TO_EVICT}


def test_a_pod_that_is_kept_stays_cut_off_and_everything_else_is_given_back() -> None:
    s = situation(leaving(release={"mode": "Keep"}), quarantined(), policies=(deny(),), nodes=(held_node(),), sheltered=True)
    assert steps(s) == [KeepDeny("shop"), ReleaseCordon(held_node(), uncordon=True, last=True)]
    kept = situation(leaving(release={"mode": "Keep"}), quarantined(), policies=(replace(deny(), kept=True),), sheltered=True)
    assert not outstanding(kept)


def test_the_receipt_wins_over_a_record_that_was_tampered_with() -> None:
    prior = PodPrior(LABELS, None, dict.fromkeys(NOTES)).dump()
    receipt = {"object": "Pod web-1", "uid": "pod-uid", "change": "isolated", "prior": prior, "at": NOON}
    forged = quarantined()
    forged = replace(forged, prior_note='{"labels": {"app": "bank"}}')
    s = situation(leaving(status={"receipts": [receipt]}), forged)
    assert steps(s) == [RestorePod(forged, LABELS, NO_NOTES, record=None)]


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
    assert steps(situation(leaving(), deployment=zero)) == [ReturnReplicas(zero, Setting("replicas", 5))]


def test_replicas_that_somebody_else_set_are_left_alone_and_told_of() -> None:
    scaled = workload(2, UID, before=5)
    s = situation(leaving(), deployment=scaled)
    assert steps(s) == [ReturnReplicas(scaled, None)]
    assert drifts(s) == ("Deployment web had been scaled to 2.",)


def test_what_is_released_needs_nothing_more() -> None:
    assert not outstanding(situation(leaving()))


# A workload that would delete what is given back to it


def restoring(*holders: str, at: int = 0, owner: Owner | None = None, mode: str = "Restore", settled: bool = True) -> Situation:
    """The suspect of a release, let go of by its workload, which these incidents hold."""
    found = replace(workload(at, *holders), settled=settled)
    return situation(leaving(release={"mode": mode}), replace(quarantined(), owner=owner), policies=(deny(),), deployment=found)


def test_the_workload_comes_back_before_the_pod_and_alone() -> None:
    last = restoring(UID)
    assert [type(step) for step in steps(last)] == [ReturnReplicas]
    assert [type(step) for step in steps(restoring(at=3))] == [RestorePod, LiftDeny]


def test_a_pod_waits_while_another_incident_holds_its_workload_at_rest_and_that_one_is_named() -> None:
    assert [type(step) for step in steps(restoring(UID, OTHER_UID))] == [ReturnReplicas]
    waiting = restoring(OTHER_UID)
    assert steps(waiting) == []
    assert outstanding(waiting)
    assert waits_for_workload(waiting) == "Deployment web would delete the pod while shop/shell holds it at rest."


def test_a_pod_waits_until_the_workloads_controller_has_seen_that_it_is_set_up_again() -> None:
    waiting = restoring(at=3, settled=False)
    assert steps(waiting) == []
    assert outstanding(waiting)


def test_nothing_waits_where_nothing_would_be_deleted() -> None:
    assert steps(restoring(OTHER_UID, mode="Discard"))[0] == DiscardPod(replace(quarantined(), owner=None))
    nobody = restoring()
    assert [type(step) for step in steps(nobody)] == [RestorePod, LiftDeny], "at 0 replicas by its owner's will"


# A controller that would delete what is given back to it


def adopted(
    wants: int, has: int = 0, *, by: str = "web", settled: bool = True, mode: str | None = "Restore", at: int = 3, **fields: Any
) -> Situation:
    """The suspect of a release, and the ReplicaSet of before that finds pods with this label."""
    asked = {"mode": mode} if mode else {}
    s = situation(leaving(release=asked), free(**fields), policies=(deny(),), nodes=(held_node(),), deployment=workload(at))
    adopter = Adopter("ReplicaSet web-7f45", {"matchLabels": {"app": by}}, wants, has, settled)
    return replace(s, around=replace(s.around, adopter=adopter))


def free(**fields: Any) -> PodView:
    return replace(quarantined(), owner=None, **fields)


def told(s: Situation, surplus: str = "") -> Condition:
    return next(one for one in conditions(s, None, surplus=surplus) if one.type == "Released")


def test_after_a_rollout_the_pod_is_not_handed_to_the_old_replicaset_but_kept_and_the_rest_is_given_back() -> None:
    for mode in ("Restore", None):
        rolled = adopted(0, mode=mode)
        assert [type(step) for step in steps(rolled)] == [KeepDeny, ReleaseCordon]
    kept = situation(leaving(), free(), policies=(replace(deny(), kept=True),))
    kept = replace(kept, around=replace(kept.around, adopter=adopted(0).around.adopter))
    assert not outstanding(kept)
    assert (told(kept).status, told(kept).reason) == ("True", Reason.WOULD_BE_DELETED)
    assert "ReplicaSet web-7f45 wants no pods by now and would delete the suspect" in told(kept).message
    assert "firedoor.dev/prior" in told(kept).message


def test_what_was_asked_for_otherwise_or_would_not_be_adopted_or_is_done_is_given_back_as_ever() -> None:
    assert type(steps(adopted(0, mode="Discard"))[0]) is DiscardPod
    assert [type(step) for step in steps(adopted(0, mode="Keep"))] == [KeepDeny, ReleaseCordon]
    assert told(situation(leaving(release={"mode": "Keep"}), free(), policies=(replace(deny(), kept=True),))).reason == "Kept"
    for harmless in (adopted(3), adopted(0, by="bank"), adopted(0, phase="Succeeded")):
        assert type(steps(harmless)[0]) is RestorePod


def test_a_pod_waits_until_its_controller_has_seen_how_many_it_is_to_keep() -> None:
    waiting = adopted(3, settled=False)
    assert steps(waiting) == []
    assert waits_for_workload(waiting) == "ReplicaSet web-7f45 is being set up again."


def test_while_an_incident_holds_the_workload_at_rest_the_pod_waits_and_is_not_kept() -> None:
    for holders in ((OTHER_UID,), (UID,), (UID, OTHER_UID)):
        held = restoring(*holders)
        held = replace(held, around=replace(held.around, adopter=adopted(0).around.adopter))
        assert all(isinstance(step, ReturnReplicas) for step in steps(held))
        assert outstanding(held)


def test_of_a_pod_that_was_replaced_it_is_said_that_one_of_them_is_too_many() -> None:
    one_too_many = surplus(adopted(3, has=3))
    assert one_too_many.startswith("ReplicaSet web-7f45 wants 3 pods and had replaced the suspect")
    assert told(situation(leaving()), one_too_many).message == f"Everything is as it was. {one_too_many}"
    for silent in (adopted(3, has=2), adopted(0), adopted(3, has=3, mode="Discard"), adopted(3, has=3, settled=False)):
        assert surplus(silent) == ""
