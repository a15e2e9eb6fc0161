"""Scale to zero: when a workload may be put to rest, who holds it, what comes back, and who wins a fight."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.incident import SecurityIncident
from firedoor.planner.fight import Fight
from firedoor.planner.imagine import after
from firedoor.planner.receipts import receipts
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Capture, Situation
from firedoor.planner.steps import ReturnReplicas, ScaleToZero, Step
from firedoor.planner.verdict import Verdict
from firedoor.planner.views import Owner
from firedoor.planner.workload import drifts, fight, give_back, not_done, scale, verdict, watched
from firedoor.planner.workload_view import Setting, WorkloadView
from tests.builders import NOON, OTHER_UID, OWNER, UID, incident, quarantined, sealed, situation, suspendable, workload

LOST = Fight((NOON, NOON, NOON), lost=True, generation=1)


def asked(*, evidence: bool = True, **fields: Any) -> SecurityIncident:
    return incident(containment={"workload": "ScaleToZero"}, evidence={"enabled": evidence}, **fields)


def about(found: WorkloadView | None, *, owned: bool = False, capture: Capture | None = None, evidence: bool = True) -> Situation:
    """A suspect that is free of its owner, unless the story needs it owned."""
    suspect = replace(quarantined(), owner=OWNER if owned else None)
    return situation(asked(evidence=evidence), suspect, deployment=found, capture=capture or Capture())


def reason(s: Situation) -> tuple[str, Reason]:
    said: Verdict = verdict(s)
    return said.status, said.reason


REPLICATED = ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController")


@pytest.mark.parametrize("kind", REPLICATED)
def test_what_has_replicas_goes_to_zero_and_is_told_by_its_name(kind: str) -> None:
    assert scale(about(workload(kind=kind))) == (ScaleToZero(workload(kind=kind)),)
    held = about(workload(0, UID, kind=kind))
    assert scale(held) == ()
    assert reason(held) == ("True", Reason.SCALED)
    assert f"{kind} web is at 0 replicas" in verdict(held).message


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_what_runs_to_an_end_is_suspended(kind: str) -> None:
    assert scale(about(suspendable(kind=kind))) == (ScaleToZero(suspendable(kind=kind)),)
    held = about(suspendable(True, UID, kind=kind))
    assert scale(held) == ()
    assert f"{kind} web is suspended" in verdict(held).message


@pytest.mark.parametrize("found", [workload(), workload(kind="StatefulSet"), suspendable()], ids=lambda found: found.kind)
def test_a_workload_that_would_delete_the_suspect_waits_for_the_evidence(found: WorkloadView) -> None:
    waiting = about(found, owned=True, capture=Capture("Running"))
    assert scale(waiting) == ()
    assert reason(waiting) == ("False", Reason.WAITING_FOR_EVIDENCE)
    assert scale(about(found, owned=True, capture=sealed())) == (ScaleToZero(found),)


def test_without_evidence_it_waits_and_says_what_a_person_can_do() -> None:
    stateful = workload(kind="StatefulSet")
    assert "evidence is not captured" in verdict(about(stateful, owned=True, evidence=False)).message
    assert "could not be sealed" in verdict(about(stateful, owned=True, capture=Capture("Failed"))).message


def test_another_incidents_suspect_that_goes_with_the_workload_is_waited_for_and_named() -> None:
    endangered = replace(workload(), endangered=("pod web-2 of shop/other",))
    waiting = about(endangered, capture=sealed())
    assert scale(waiting) == ()
    assert reason(waiting) == ("False", Reason.WAITING_FOR_EVIDENCE)
    assert "still owns pod web-2 of shop/other" in verdict(waiting).message
    assert reason(about(replace(workload(0, UID), endangered=("pod web-2 of shop/other",)))) == ("True", Reason.SCALED)
    assert scale(about(replace(suspendable(kind="CronJob"), endangered=("pod web-2 of shop/other",)))) != ()


def test_a_cronjob_is_suspended_at_once_because_that_touches_no_pod() -> None:
    assert scale(about(suspendable(kind="CronJob"), owned=True)) != ()
    assert "Jobs that it has started go on" in verdict(about(suspendable(True, UID, kind="CronJob"))).message


def test_a_statefulset_that_deletes_its_claims_is_refused() -> None:
    deleting = replace(workload(kind="StatefulSet"), deletes_claims=True)
    refused = about(deleting, capture=sealed())
    assert scale(refused) == ()
    assert reason(refused) == ("False", Reason.CLAIMS_WOULD_BE_DELETED)


def test_a_bare_pod_has_no_workload_and_a_vanished_one_is_named() -> None:
    bare = situation(asked(), quarantined(owner=None))
    assert reason(bare) == ("False", Reason.NO_WORKLOAD)
    assert verdict(bare).message == "No workload owns the suspect pod."
    assert "ReplicaSet web-7f45, which owned the suspect, is gone" in verdict(about(None)).message


@pytest.mark.parametrize("kind", ["DaemonSet", "Kafka"])
def test_other_kinds_are_named_with_what_a_person_can_do(kind: str) -> None:
    unknown = about(WorkloadView(kind, "shop", "bus", "uid"))
    assert scale(unknown) == ()
    assert reason(unknown) == ("False", Reason.UNSUPPORTED_WORKLOAD)
    assert f"{kind} bus owns the suspect" in verdict(unknown).message
    assert not watched(unknown)


def test_a_pause_holds_the_first_step_back_and_never_a_hold_that_stands() -> None:
    paused = Rules(paused_by=("freeze",))
    assert reason(replace(about(workload()), rules=paused)) == ("False", Reason.PAUSED)
    assert scale(replace(about(workload()), rules=paused)) == ()
    assert reason(replace(about(workload(0, UID)), rules=paused)) == ("True", Reason.SCALED)
    assert scale(replace(about(workload(2, UID)), rules=paused)) != ()


def test_rivals_are_told_of_while_it_holds() -> None:
    held = replace(workload(0, UID), rivals=("Argo CD application shop manages it.",))
    assert reason(about(held)) == ("True", Reason.SCALED)
    assert "Argo CD application shop" in verdict(about(held)).message


def test_what_somebody_sets_up_again_is_set_back_until_the_fight_is_lost() -> None:
    again = about(replace(workload(3, UID), changed_by="argocd-controller"))
    assert scale(again) != ()
    assert reason(again) == ("Unknown", Reason.PENDING)
    lost = replace(again, fight=LOST)
    assert scale(lost) == ()
    assert reason(lost) == ("False", Reason.SCALE_CONFLICT)
    assert "by argocd-controller" in verdict(lost).message
    assert watched(lost)


def test_the_first_hold_is_no_fight_and_each_setting_back_is() -> None:
    assert fight(about(workload(3))) == Fight()
    assert fight(about(workload(3, OTHER_UID))) == Fight()
    assert fight(about(workload(0, UID))).reverts == ()
    assert fight(about(workload(3, UID))).reverts == (NOON,)


def test_who_takes_the_hold_away_and_sets_it_up_again_fights_as_well() -> None:
    receipt = {"object": "Deployment web", "uid": "deployment-uid", "change": "scaled to zero", "prior": "{}", "at": NOON}
    bare = replace(about(workload(3)), incident=asked(status={"receipts": [receipt]}))
    assert fight(bare).reverts == (NOON,)
    assert scale(replace(bare, fight=LOST)) == ()
    assert reason(replace(bare, fight=LOST)) == ("False", Reason.SCALE_CONFLICT)


def test_an_obstacle_in_between_does_not_make_what_happened_forgotten() -> None:
    once = Fight((NOON,), lost=True, generation=1)
    paused = replace(about(workload(3)), fight=once, rules=Rules(paused_by=("freeze",)))
    assert fight(paused) == Fight((NOON,), lost=False, generation=1)


def test_a_setting_back_that_the_api_server_refused_does_not_count() -> None:
    once = Fight((NOON,), generation=1)
    assert not_done(once, ((ScaleToZero(workload(3, UID)),),)).reverts == ()
    assert not_done(once, ()) == once


def test_a_fight_that_is_over_is_known_by_the_workload_at_rest() -> None:
    later = replace(about(workload(0, UID)), fight=LOST, now=NOON + timedelta(minutes=2))
    assert not fight(later).lost


def leaving(found: WorkloadView, *receipts: dict[str, Any]) -> Situation:
    return situation(asked(release={"reason": "over"}, status={"receipts": receipts}), quarantined(), deployment=found)


def test_two_holders_let_go_in_any_order_and_the_last_restores_the_earliest_record() -> None:
    both = workload(0, UID, OTHER_UID, before=5)
    assert give_back(leaving(both)) == (ReturnReplicas(both, None),)
    last = workload(0, UID, before=5)
    assert give_back(leaving(last)) == (ReturnReplicas(last, Setting("replicas", 5)),)


@pytest.mark.parametrize("before", [True, False, None])
def test_a_suspension_comes_back_as_it_was_also_when_the_field_was_absent(before: bool | None) -> None:
    held = suspendable(True, UID, before=before)
    assert give_back(leaving(held)) == (ReturnReplicas(held, Setting("suspend", before)),)


def test_the_receipt_wins_over_a_record_that_was_tampered_with() -> None:
    receipt = {
        "object": "Deployment web",
        "uid": "deployment-uid",
        "change": "scaled to zero",
        "prior": '{"replicas": 3}',
        "at": NOON,
    }
    forged = workload(0, UID, before=900)
    assert give_back(leaving(forged, receipt)) == (ReturnReplicas(forged, Setting("replicas", 3)),)


@pytest.mark.parametrize("note", ["", "no json", '{"replicas": -1}', '{"replicas": true}', '{"suspend": false}'])
def test_a_record_that_is_none_restores_nothing_and_is_told_of(note: str) -> None:
    held = workload(0, UID)
    spoilt = replace(held, annotations={**held.annotations, "firedoor.dev/prior": note})
    assert give_back(leaving(spoilt)) == (ReturnReplicas(spoilt, None),)
    assert drifts(leaving(spoilt)) == ("Deployment web stays at 0 replicas: the record of what it was before is gone.",)


def test_what_somebody_else_set_up_is_left_and_told_of() -> None:
    assert give_back(leaving(workload(2, UID))) == (ReturnReplicas(workload(2, UID), None),)
    assert drifts(leaving(workload(2, UID))) == ("Deployment web had been scaled to 2.",)
    assert drifts(leaving(suspendable(False, UID))) == ("Job web had been resumed.",)


def test_only_the_first_holder_records() -> None:
    assert workload(3).to_record == Setting("replicas", 3)
    assert workload(0, OTHER_UID).to_record is None


def test_a_holder_that_nobody_knows_neither_keeps_the_workload_nor_lends_its_record() -> None:
    forged = workload(3, OTHER_UID, before=900)
    forged = replace(forged, strangers=frozenset(forged.holders))
    assert forged.to_record == Setting("replicas", 3)
    both = workload(0, UID, OTHER_UID, before=5)
    alone = replace(both, strangers=frozenset(both.holders[1:]))
    assert give_back(leaving(alone)) == (ReturnReplicas(alone, Setting("replicas", 5)),)


def read(managed: list[dict[str, Any]], kind: str = "Deployment", **spec: Any) -> WorkloadView:
    metadata = {"namespace": "shop", "name": "web", "uid": "u", "resourceVersion": "1", "managedFields": managed}
    return WorkloadView.read(kind, {"metadata": metadata, "spec": {"replicas": 2, **spec}})


def manager(name: str, field: str = "f:replicas", **fields: str) -> dict[str, Any]:
    return {"manager": name, "fieldsV1": {"f:spec": {field: {}}}, **fields}


def test_who_changed_it_last_is_known_by_the_managed_fields() -> None:
    applied = manager("helm", time="2026-01-01T00:00:00Z")
    later = manager("argocd-controller", time="2026-01-02T00:00:00Z")
    ours = manager("firedoor", time="2026-01-03T00:00:00Z")
    template = manager("kubectl-edit", field="f:template", time="2026-01-04T00:00:00Z")
    assert read([applied, later, ours, template]).changed_by == "argocd-controller"
    assert read([applied, later, manager("kubectl", subresource="scale")]).changed_by == "kubectl"
    assert read([ours]).changed_by == ""


def test_what_a_workload_is_is_read_from_its_object() -> None:
    stateful = read([], "StatefulSet", persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    assert stateful.deletes_claims
    assert read([], "Job").setting == Setting("suspend", None)
    assert read([], "CronJob", suspend=True).at_rest
    assert read([]).above is None


@pytest.mark.parametrize(("generation", "observed", "settled"), [(3, 3, True), (3, 2, False), (3, None, True)])
def test_a_workload_is_settled_when_its_controller_has_seen_how_it_is_set_up(
    generation: int, observed: int | None, settled: bool
) -> None:
    metadata = {"namespace": "shop", "name": "web", "uid": "u", "resourceVersion": "1", "generation": generation}
    status = {} if observed is None else {"observedGeneration": observed}
    assert WorkloadView.read("Deployment", {"metadata": metadata, "spec": {}, "status": status}).settled is settled


def test_a_custom_resource_above_is_seen() -> None:
    reference = {"kind": "Rollout", "name": "web", "uid": "r", "controller": True}
    metadata = {"namespace": "shop", "name": "web-1", "uid": "u", "resourceVersion": "1", "ownerReferences": [reference]}
    view = WorkloadView.read("ReplicaSet", {"metadata": metadata, "spec": {"replicas": 1}})
    assert view.above == Owner("Rollout", "web", "r")


# A CronJob, and the suspect's own Job below it


def below(cron: WorkloadView, job: WorkloadView, owned: bool = False, **fields: Any) -> Situation:
    s = about(cron, owned=owned, **fields)
    return replace(s, around=replace(s.around, job=replace(job, name="now", uid="job-uid")))


def titles(found: Iterable[Step]) -> list[str]:
    return [step.workload.title for step in found if isinstance(step, ScaleToZero | ReturnReplicas)]


def test_both_are_suspended_the_job_once_that_loses_nothing() -> None:
    cron, job = suspendable(kind="CronJob"), suspendable()
    assert titles(scale(below(cron, job))) == ["CronJob web", "Job now"]
    assert titles(scale(below(cron, job, owned=True))) == ["CronJob web"], "it deletes no pods, the Job does"
    assert titles(scale(below(cron, job, owned=True, capture=sealed()))) == ["CronJob web", "Job now"]


def test_it_is_at_rest_when_both_are_and_the_one_that_is_not_decides() -> None:
    held_cron, held_job = suspendable(True, UID, kind="CronJob"), suspendable(True, UID)
    waiting = below(held_cron, suspendable(), owned=True)
    assert reason(waiting) == ("False", Reason.WAITING_FOR_EVIDENCE)
    assert "Job now still owns the suspect" in verdict(waiting).message
    both = below(held_cron, held_job)
    assert reason(both) == ("True", Reason.SCALED)
    assert verdict(both).message == (
        "CronJob web is suspended, held by this incident. Other Jobs that it has started go on. "
        "Job now is suspended, held by this incident."
    )


def test_both_are_given_back_both_have_receipts_and_what_became_of_either_is_told() -> None:
    both = below(suspendable(True, UID, kind="CronJob"), suspendable(True, UID))
    assert titles(give_back(both)) == ["CronJob web", "Job now"]
    assert {receipt.object for receipt in receipts(both) if receipt.change == "scaled to zero"} == {"CronJob web", "Job now"}
    resumed = below(suspendable(True, UID, kind="CronJob"), suspendable(False, UID))
    assert drifts(resumed) == ("Job now had been resumed.",)


def test_who_resumes_the_job_alone_is_fought_as_well() -> None:
    resumed = below(suspendable(True, UID, kind="CronJob"), suspendable(False, UID))
    assert len(fight(resumed).reverts) == 1
    assert titles(scale(resumed)) == ["Job now"]


def test_in_imagination_each_is_put_to_rest_and_set_up_by_itself() -> None:
    free = below(suspendable(kind="CronJob"), suspendable())
    resting = after(free, (scale(free),))
    assert reason(resting) == ("True", Reason.SCALED)
    back = after(resting, (give_back(resting),))
    assert (back.around.workload, back.around.job) == (free.around.workload, free.around.job)
