"""Guards: what is refused before anything is touched, and why."""

from firedoor.api.conditions import Reason
from firedoor.planner.containment import containment, door
from firedoor.planner.guards import refusal
from firedoor.planner.report import conditions
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from firedoor.planner.steps import DenyTraffic, Plan, Quarantine, Step
from tests.builders import HOME, LABEL, deny, incident, pod, quarantined, situation

OTHER = {"kind": "Pod", "name": "web-1", "namespace": "bank"}


def reason(s: Situation) -> Reason | None:
    found = refusal(s)
    return found.reason if found else None


def test_an_ordinary_pod_of_the_own_namespace_is_accepted() -> None:
    assert reason(situation(suspect=pod())) is None


def test_an_alert_without_a_target_touches_nothing() -> None:
    assert reason(situation(incident(target={}, source={"name": "falco"}))) == Reason.TARGET_UNRESOLVED


def test_a_missing_pod_is_looked_for_again() -> None:
    found = refusal(situation())
    assert found is not None
    assert found.reason == Reason.TARGET_NOT_FOUND
    assert found.curable


def test_a_pod_that_vanishes_after_it_was_accepted_is_not_a_refusal() -> None:
    accepted = {"conditions": [condition("Accepted")]}
    assert reason(situation(incident(status=accepted))) is None


def test_another_uid_is_another_pod() -> None:
    about = incident(target={"kind": "Pod", "name": "web-1", "uid": "somebody-else"})
    assert reason(situation(about, pod())) == Reason.TARGET_REPLACED


def test_a_pod_that_came_after_the_accepted_one_is_another_pod() -> None:
    assert reason(situation(incident(status={"targetUid": "the-first"}), pod())) == Reason.TARGET_REPLACED


def test_only_incidents_at_home_may_name_another_namespace() -> None:
    assert reason(situation(incident(target=OTHER), pod(namespace="bank"))) == Reason.TARGET_FOREIGN
    assert reason(situation(incident(namespace=HOME, target=OTHER), pod(namespace="bank"))) is None


def test_protected_namespaces_are_refused_even_from_home() -> None:
    for namespace in ("kube-system", "kube-public", "kube-node-lease", HOME):
        target = {"kind": "Pod", "name": "web-1", "namespace": namespace}
        assert reason(situation(incident(namespace=HOME, target=target), pod())) == Reason.PROTECTED_NAMESPACE


def test_a_namespace_that_is_protected_later_is_no_reason_to_let_go_or_to_deny_what_is_held() -> None:
    later = Rules(protected_namespaces=frozenset({"shop"}))
    assert reason(situation(suspect=pod(), rules=later)) == Reason.PROTECTED_NAMESPACE
    assert reason(situation(suspect=quarantined(), rules=later)) is None


def test_a_label_of_ours_on_the_pod_of_a_refused_incident_was_not_written_by_us_and_permits_nothing() -> None:
    refused = {"conditions": [condition("Accepted", "False")]}
    for rules, why in (
        (Rules(protected_namespaces=frozenset({"shop"})), Reason.PROTECTED_NAMESPACE),
        (Rules(protected_labels=("app=web",)), Reason.PROTECTED_POD),
        (Rules(paused_by=("pause",)), Reason.PAUSED),
    ):
        forged = situation(incident(status=refused), quarantined(labels={"app": "web"}), rules=rules)
        assert reason(forged) == why


def test_our_label_on_the_pod_of_a_refused_incident_was_written_by_somebody_else_and_permits_nothing() -> None:
    refused = incident(status={"conditions": [condition("Accepted", "False")]})
    forged = pod(labels={"app": "web", LABEL: "true"})
    for rules, why in (
        (Rules(protected_namespaces=frozenset({"shop"})), Reason.PROTECTED_NAMESPACE),
        (Rules(protected_labels=("app=web",)), Reason.PROTECTED_POD),
        (Rules(paused_by=("maintenance",)), Reason.PAUSED),
    ):
        assert reason(situation(refused, forged, rules=rules)) == why
        assert reason(situation(suspect=forged, rules=rules)) is None, "before anything is said, the label says that it holds"


def test_what_is_built_in_is_never_touched_whatever_a_pod_or_a_policy_says() -> None:
    about = incident(namespace=HOME, target={"kind": "Pod", "name": "web-1", "namespace": "kube-system"})
    forged = quarantined(namespace="kube-system")
    for rules in (Rules(), Rules(protected_namespaces=frozenset({"kube-system"}))):
        assert reason(situation(about, forged, rules=rules)) == Reason.PROTECTED_NAMESPACE


def test_who_widens_an_incident_needs_the_permission_that_the_first_wish_would_have_needed() -> None:
    begun = {"conditions": [condition("Accepted")]}
    widened = situation(incident(status=begun), pod(), rules=Rules(approval=frozenset({"Isolate"})), policies=(deny(),))
    assert reason(widened) is None, "what it holds besides goes on"
    assert (door(widened), isolating(containment(widened))) == ((), [])
    (said,) = (one for one in conditions(widened, None) if one.type == "Isolated")
    assert (said.status, said.reason) == ("False", "AwaitingApproval")


def test_a_door_that_was_closed_is_closed_again_without_asking() -> None:
    closed = {"conditions": [condition("Accepted")], "isolation": {"policy": "firedoor-0a1b2c3d"}}
    opened = situation(incident(status=closed), pod(), rules=Rules(approval=frozenset({"Isolate"}), paused_by=("pause",)))
    assert isolating(door(opened)) == [DenyTraffic, Quarantine]


def isolating(plan: Plan) -> list[type[Step]]:
    return [type(step) for stage in plan for step in stage if isinstance(step, DenyTraffic | Quarantine)]


def test_where_policies_do_not_reach_nothing_is_claimed() -> None:
    assert reason(situation(suspect=pod(host_network=True))) == Reason.HOST_NETWORK
    assert reason(situation(suspect=pod(static=True))) == Reason.STATIC_POD
    assert reason(situation(suspect=pod(phase="Succeeded"))) == Reason.TARGET_FINISHED


def test_what_cannot_be_isolated_is_accepted_where_that_is_not_asked_for() -> None:
    about = incident(containment={"network": "None"})
    for suspect in (pod(host_network=True), pod(phase="Failed")):
        assert reason(situation(about, suspect)) is None
    assert reason(situation(about, pod(static=True))) == Reason.STATIC_POD


def test_a_pod_that_is_already_held_is_not_refused_for_having_finished() -> None:
    assert reason(situation(suspect=quarantined(phase="Failed"))) is None


def condition(about: str, status: str = "True") -> dict[str, object]:
    times = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}
    return {"type": about, "status": status, "reason": about, "message": "", **times}
