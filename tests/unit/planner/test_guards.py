"""Guards: what is refused before anything is touched, and why."""

from firedoor.api.conditions import Reason
from firedoor.planner.guards import refusal
from firedoor.planner.situation import Situation
from tests.builders import HOME, incident, pod, quarantined, situation

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


def test_where_policies_do_not_reach_nothing_is_claimed() -> None:
    assert reason(situation(suspect=pod(host_network=True))) == Reason.HOST_NETWORK
    assert reason(situation(suspect=pod(static=True))) == Reason.STATIC_POD
    assert reason(situation(suspect=pod(phase="Succeeded"))) == Reason.TARGET_FINISHED


def test_a_pod_that_is_already_held_is_not_refused_for_having_finished() -> None:
    assert reason(situation(suspect=quarantined(phase="Failed"))) is None


def condition(about: str) -> dict[str, object]:
    times = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}
    return {"type": about, "status": "True", "reason": about, "message": "", **times}
