"""Containment plans: what is done, when its time has come, and never twice."""

from dataclasses import replace

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.names import QUARANTINED
from firedoor.api.policy import Budgets
from firedoor.planner.containment import containment, cordon_refusal, door, touched
from firedoor.planner.holds import cordoned
from firedoor.planner.protection import NOTES
from firedoor.planner.report import evidence
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Capture, Situation
from firedoor.planner.steps import Cordon, DenyTraffic, Quarantine, ScaleToZero, Shelter, StartCapture, Step
from firedoor.planner.views import Owner
from tests.builders import (
    LABEL,
    LABELS,
    OTHER_LABEL,
    OTHER_UID,
    OWNER,
    UID,
    deny,
    held_node,
    incident,
    node,
    pod,
    policy,
    quarantined,
    sealed,
    situation,
    workload,
)

NODES = (node("node-a"), node("node-b"))
DOOR = {"network": "Isolate", "node": "None"}
SCALE = {**DOOR, "workload": "ScaleToZero"}
NO_EVIDENCE = {"enabled": False}
SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def steps(s: Situation) -> list[Step]:
    return [step for stage in containment(s) for step in stage]


def test_the_door_is_one_stage_of_policy_and_label_from_the_pod_alone() -> None:
    ((policy_step, label_step),) = door(situation(suspect=pod()))
    assert policy_step == DenyTraffic("shop", "web-1")
    assert isinstance(label_step, Quarantine)
    assert label_step.labels == {QUARANTINED: "true", LABEL: "true"}
    assert label_step.notes == NOTES
    assert label_step.prior.labels == LABELS


def test_a_closed_door_is_not_closed_again() -> None:
    assert door(situation(suspect=quarantined())) == ()
    settled = situation(incident(evidence=NO_EVIDENCE), quarantined(), policies=(deny(),), nodes=(held_node(),))
    assert containment(settled) == ()


def test_a_suspect_is_touched_when_labels_or_notes_are_not_as_they_were_left() -> None:
    assert not touched(situation(suspect=quarantined()))
    assert touched(situation(suspect=quarantined(labels={**quarantined().labels, "app": "web"})))
    assert touched(situation(suspect=quarantined(annotations={})))
    assert touched(situation(suspect=pod()))


def test_a_pod_that_keeps_its_labels_or_that_two_hold_is_not_touched() -> None:
    owner = Owner("StatefulSet", "web", "set-uid")
    keeping = quarantined(labels={**quarantined().labels, **LABELS}, owner=owner)
    assert not touched(situation(suspect=keeping))
    both = quarantined(LABEL, OTHER_LABEL)
    assert not touched(situation(suspect=both, neighbours=(incident(uid=OTHER_UID),)))
    assert touched(situation(suspect=both)), "a label that only looks like an incident's is somebody else's"


def test_an_incident_that_leaves_the_network_alone_or_means_another_pod_is_not_concerned() -> None:
    assert not touched(situation(incident(containment={"network": "None"}), pod()))
    assert not touched(situation(incident(status={"targetUid": "an-earlier-one"}), pod()))
    assert not touched(situation(suspect=None))


def test_network_none_leaves_the_network_alone() -> None:
    assert door(situation(incident(containment={"network": "None"}), pod())) == ()


def test_the_label_of_another_incident_and_the_first_record_stay() -> None:
    other = incident(uid=OTHER_UID)
    ((_, label_step),) = door(situation(suspect=quarantined(OTHER_LABEL), neighbours=(other,)))
    assert isinstance(label_step, Quarantine)
    assert label_step.labels == {QUARANTINED: "true", OTHER_LABEL: "true", LABEL: "true"}
    assert label_step.prior.labels == LABELS


def test_a_record_that_the_pods_owner_forged_beforehand_counts_for_nothing() -> None:
    forged = pod(prior_note='{"labels": {"app": "bank"}, "owner": null}')
    ((_, label_step),) = door(situation(suspect=forged))
    assert isinstance(label_step, Quarantine)
    assert label_step.prior.labels == LABELS


def test_a_record_that_was_made_unreadable_does_not_keep_the_door_open() -> None:
    forged, other = replace(quarantined(OTHER_LABEL), prior_note="[" * 100_000), incident(uid=OTHER_UID)
    ((_, label_step),) = door(situation(suspect=forged, neighbours=(other,)))
    assert isinstance(label_step, Quarantine)
    assert label_step.labels == {QUARANTINED: "true", OTHER_LABEL: "true", LABEL: "true"}


def test_a_label_that_only_looks_like_ours_makes_no_forged_record_believed() -> None:
    forged = pod(labels={"app": "web", OTHER_LABEL: "true"}, prior_note='{"labels": {"app": "bank"}, "owner": null}')
    ((_, label_step),) = door(situation(suspect=forged))
    assert isinstance(label_step, Quarantine)
    assert label_step.labels == {QUARANTINED: "true", LABEL: "true"}
    assert label_step.prior.labels == {"app": "web", OTHER_LABEL: "true"}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_pod_that_could_not_be_replaced_elsewhere_keeps_its_labels(kind: str) -> None:
    ((_, label_step),) = door(situation(suspect=pod(owner=Owner(kind, "db", "db-uid"))))
    assert isinstance(label_step, Quarantine)
    assert label_step.labels == {**LABELS, QUARANTINED: "true", LABEL: "true"}


def test_what_the_pod_said_to_those_who_evict_is_recorded() -> None:
    ((_, label_step),) = door(situation(suspect=pod(annotations={SAFE_TO_EVICT: "true"})))
    assert isinstance(label_step, Quarantine)
    assert label_step.prior.annotations == {**dict.fromkeys(NOTES), SAFE_TO_EVICT: "true"}


def test_the_suspect_is_sheltered_once_its_label_is_on() -> None:
    about = incident(containment=DOOR, evidence=NO_EVIDENCE)
    assert steps(situation(about, quarantined(), policies=(deny(),), sheltered=False)) == [Shelter("shop")]


def test_labels_that_come_back_are_taken_off_again() -> None:
    relabelled = quarantined()
    relabelled = replace(relabelled, labels={**relabelled.labels, "app": "web"})
    about = incident(containment=DOOR, evidence=NO_EVIDENCE)
    (step,) = steps(situation(about, relabelled, policies=(deny(),)))
    assert isinstance(step, Quarantine)


def test_an_edited_policy_is_set_right() -> None:
    widened = policy(deny().name, **{**deny().spec, "ingress": [{}]})
    about = incident(containment=DOOR, evidence=NO_EVIDENCE)
    assert steps(situation(about, quarantined(), policies=(widened,))) == [DenyTraffic("shop", "web-1")]


def test_the_node_is_cordoned_once() -> None:
    about = incident(evidence=NO_EVIDENCE)
    assert steps(situation(about, quarantined(), policies=(deny(),), nodes=NODES)) == [Cordon(NODES[0], before=False)]
    held = (held_node(), NODES[1])
    assert steps(situation(about, quarantined(), policies=(deny(),), nodes=held)) == []


def test_a_person_who_uncordons_is_overruled_only_where_a_policy_says_so() -> None:
    about = incident(evidence=NO_EVIDENCE)
    drifted = held_node(cordoned=False)
    s = situation(about, quarantined(), policies=(deny(),), nodes=(drifted, NODES[1]))
    assert steps(s) == []
    assert steps(replace(s, rules=Rules(keep_cordon=True))) == [Cordon(drifted, before=False)]


def test_the_last_schedulable_node_and_the_control_plane_are_not_cordoned() -> None:
    def refused(*nodes: object) -> Reason | None:
        s = situation(suspect=quarantined(), nodes=nodes)  # type: ignore[arg-type]
        found = cordon_refusal(s, s.around.nodes[0])
        return found.reason if found else None

    assert refused(node(), node("node-b", cordoned=True)) == Reason.LAST_SCHEDULABLE_NODE
    assert refused(node(), node("node-b", ready=False)) == Reason.LAST_SCHEDULABLE_NODE
    assert refused(node(control_plane=True), node("node-b")) == Reason.CONTROL_PLANE
    assert refused(node(), node("node-b")) is None


def test_no_more_than_one_node_in_ten_is_held() -> None:
    others = tuple(node(f"node-{number}") for number in range(9))
    held = (held_node(OTHER_UID),)
    s = situation(suspect=quarantined(node="node-0"), nodes=(*held, *others))
    found = cordon_refusal(s, others[0])
    assert found is not None
    assert found.reason == Reason.BUDGET_EXCEEDED


def test_evidence_starts_once() -> None:
    about = incident(containment=DOOR, evidence={"paths": ["/tmp"]})
    (step,) = steps(situation(about, quarantined(), policies=(deny(),)))
    assert isinstance(step, StartCapture)
    assert step.paths == ("/tmp",)
    assert steps(situation(about, quarantined(), policies=(deny(),), capture=sealed())) == []


def test_evidence_that_has_not_begun_waits_for_the_end_of_a_pause() -> None:
    s = situation(incident(containment=DOOR), quarantined(), policies=(deny(),), rules=Rules(paused_by=("maintenance",)))
    assert steps(s) == []
    assert evidence(s).reason == Reason.PAUSED
    begun = replace(s, around=replace(s.around, capture=Capture("Running", why="It is at work.")))
    assert evidence(begun).reason == Reason.CAPTURING


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (Rules(paused_by=("maintenance",)), Reason.PAUSED),
        (Rules(approval=frozenset({"Cordon"})), Reason.AWAITING_APPROVAL),
        (Rules(budgets=Budgets(cordoned_nodes=0)), None),
    ],
    ids=["paused", "without approval", "over the budget"],
)
def test_a_cordon_that_stands_is_held_only_where_a_cordon_is_permitted_and_costs_no_budget(
    rules: Rules, why: Reason | None
) -> None:
    nodes = (held_node(OTHER_UID), node("node-b", cordoned=True))
    s = situation(incident(evidence=NO_EVIDENCE), quarantined(), policies=(deny(),), nodes=nodes, rules=rules)
    assert steps(s) == ([] if why else [Cordon(nodes[0], before=False)])
    assert why is None or cordoned(s).reason == why


def test_the_workload_is_not_scaled_while_it_still_owns_the_suspect() -> None:
    about = incident(containment=SCALE, evidence=NO_EVIDENCE)
    owned = quarantined()
    still = replace(owned, owner=OWNER)
    assert steps(situation(about, still, policies=(deny(),), deployment=workload())) == []
    free = situation(about, owned, policies=(deny(),), deployment=workload())
    assert steps(free) == [ScaleToZero(workload())]


def test_sealed_evidence_allows_scaling_an_owned_suspect() -> None:
    about = incident(containment=SCALE)
    owned = quarantined()
    still = replace(owned, owner=OWNER)
    s = situation(about, still, policies=(deny(),), deployment=workload(), capture=sealed())
    assert steps(s) == [ScaleToZero(workload())]


def test_a_workload_at_zero_that_is_held_is_left() -> None:
    about = incident(containment=SCALE, evidence=NO_EVIDENCE)
    assert steps(situation(about, quarantined(), policies=(deny(),), deployment=workload(0, UID))) == []
