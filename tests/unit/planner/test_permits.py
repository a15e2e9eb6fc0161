"""Pause, approvals and budgets: what stands against an action, who may lift it, and what silence means."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from firedoor.api.approval import IncidentApproval
from firedoor.api.conditions import Reason
from firedoor.api.policy import Budgets
from firedoor.planner.guards import refusal
from firedoor.planner.permits import objection
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Census, Situation
from tests.builders import NOON, OTHER_LABEL, OTHER_UID, UID, incident, pod, quarantined, situation, workload

ASKS = "alice@example.org"
APPROVES = "bob@example.org"
FOUR_EYES = Rules(approval=frozenset({"Isolate"}))


def approval(approver: str = APPROVES, decision: str = "Approve", uid: str = UID, namespace: str = "shop") -> IncidentApproval:
    spec = {"incident": "shell", "incidentUid": uid, "decision": decision, "actions": ["Isolate"], "approver": approver}
    return IncidentApproval.read({"metadata": {"name": "yes", "namespace": namespace}, "spec": spec})


def asked(*decisions: IncidentApproval, rules: Rules = FOUR_EYES, age: int = 0, by: str | None = ASKS) -> Situation:
    spec: dict[str, Any] = {"requestedBy": by} if by else {}
    about = incident(**spec)
    created = about.metadata.model_copy(update={"creation_timestamp": NOON - timedelta(minutes=age)})
    about = about.model_copy(update={"metadata": created})
    return situation(about, pod(), rules=rules, approvals=decisions)


def reason(s: Situation) -> Reason | None:
    found = refusal(s)
    return found.reason if found else None


def test_what_needs_approval_waits_for_a_second_person() -> None:
    assert reason(asked()) == Reason.AWAITING_APPROVAL
    assert reason(asked(approval())) is None


def test_nobody_approves_what_they_asked_for() -> None:
    assert reason(asked(approval(ASKS))) == Reason.AWAITING_APPROVAL


def test_where_nobody_is_known_to_have_asked_nobody_is_a_second_person() -> None:
    assert reason(asked(approval(), by=None)) == Reason.AWAITING_APPROVAL


@pytest.mark.parametrize(
    "stray", [approval(uid="another"), approval(namespace="elsewhere")], ids=["other uid", "other namespace"]
)
def test_a_decision_about_another_incident_decides_nothing_here(stray: IncidentApproval) -> None:
    assert reason(asked(stray)) == Reason.AWAITING_APPROVAL


def test_one_denial_outweighs_every_approval() -> None:
    assert reason(asked(approval(), approval("carol@example.org", "Deny"))) == Reason.APPROVAL_DENIED


def test_after_the_deadline_silence_denies_unless_the_policies_say_otherwise() -> None:
    assert reason(asked(age=16)) == Reason.APPROVAL_DENIED
    lenient = Rules(approval=frozenset({"Isolate"}), allow_after_deadline=True)
    assert reason(asked(age=16, rules=lenient)) is None
    assert reason(asked(age=14, rules=lenient)) == Reason.AWAITING_APPROVAL


def test_a_pause_stops_what_has_not_begun_and_nothing_else() -> None:
    paused = Rules(paused_by=("maintenance",))
    found = refusal(situation(suspect=pod(), rules=paused))
    assert found is not None
    assert found.reason == Reason.PAUSED
    assert "maintenance" in found.message
    assert refusal(situation(suspect=quarantined(), rules=paused)) is None


ALL_BUT_THE_DOOR = {"network": "None", "node": "Cordon", "workload": "ScaleToZero"}


@pytest.mark.parametrize(
    "doors", [{"network": "None", "node": "None"}, ALL_BUT_THE_DOOR], ids=["evidence alone", "all but the door"]
)
def test_nothing_begins_under_a_pause_whatever_it_asks_for(doors: dict[str, str]) -> None:
    assert reason(situation(incident(containment=doors), pod(), rules=Rules(paused_by=("maintenance",)))) == Reason.PAUSED


def test_a_label_that_a_policy_protects_protects_the_pod() -> None:
    protecting = Rules(protected_labels=("app=web",))
    assert reason(situation(suspect=pod(), rules=protecting)) == Reason.PROTECTED_POD
    assert reason(situation(suspect=pod(labels={"app": "shop"}), rules=protecting)) is None


@pytest.mark.parametrize(
    ("budgets", "census"),
    [
        (Budgets(isolated_pods_per_namespace=2), Census(isolated_in_namespace=frozenset("ab"))),
        (Budgets(isolated_pods_per_workload=1), Census(isolated_of_workload=frozenset("a"))),
        (Budgets(isolated_pods_per_namespace=0), Census()),
    ],
    ids=["namespace", "workload", "nothing at all"],
)
def test_a_budget_that_is_used_up_refuses_the_next(budgets: Budgets, census: Census) -> None:
    assert reason(situation(suspect=pod(), rules=Rules(budgets=budgets), census=census)) == Reason.BUDGET_EXCEEDED


def test_an_incident_about_a_pod_that_another_one_isolates_needs_no_budget() -> None:
    none = Rules(budgets=Budgets(isolated_pods_per_namespace=0, isolated_pods_per_workload=0))
    held = situation(suspect=quarantined(OTHER_LABEL), neighbours=(incident(uid=OTHER_UID),), rules=none)
    assert reason(held) is None
    assert reason(replace(held, neighbours=())) == Reason.BUDGET_EXCEEDED, "nobody holds it by that label"


def test_a_pod_that_another_incident_is_about_to_isolate_counts_once() -> None:
    one = Rules(budgets=Budgets(isolated_pods_per_namespace=1))
    about_to = Census(isolated_in_namespace=frozenset({pod().uid}))
    assert reason(situation(suspect=pod(), rules=one, census=about_to)) is None


def test_scale_downs_have_a_budget_of_their_own() -> None:
    s = situation(rules=Rules(budgets=Budgets(scale_downs_per_hour=3)), census=Census(scaled_in_last_hour=frozenset("abc")))
    found = objection(s, "ScaleToZero")
    assert found is not None
    assert found.reason == Reason.BUDGET_EXCEEDED
    assert "A release gives none of it back" in found.message
    assert objection(s, "Cordon") is None


def test_a_workload_that_is_at_rest_already_is_held_without_a_budget() -> None:
    none = Rules(budgets=Budgets(scale_downs_per_hour=0))
    assert objection(situation(deployment=workload(0, OTHER_UID), rules=none), "ScaleToZero") is None
    assert objection(situation(deployment=workload(3), rules=none), "ScaleToZero") is not None


def test_a_workload_that_others_put_to_rest_within_the_hour_counts_once() -> None:
    rules, census = Rules(budgets=Budgets(scale_downs_per_hour=1)), Census(scaled_in_last_hour=frozenset({workload().uid}))
    assert objection(situation(deployment=workload(3), rules=rules, census=census), "ScaleToZero") is None


def test_a_dry_run_is_refused_only_after_every_true_objection() -> None:
    assert reason(situation(incident(dryRun=True), pod())) == Reason.DRY_RUN
    assert reason(situation(incident(dryRun=True), pod(host_network=True))) == Reason.HOST_NETWORK


def test_nothing_new_is_touched_while_nobody_knows_what_a_policy_forbids() -> None:
    found = refusal(asked(rules=Rules(unreadable=("limits",))))
    assert found is not None
    assert (found.reason, found.curable) == (Reason.PAUSED, True)
    assert "limits cannot be read" in found.message
