"""Which pods are suspects of an incident about a workload or a node, and which are left out by name."""

import pytest

from firedoor.api.member import MEMBERS_LIMIT
from firedoor.planner.group import Group, of_node, of_workload
from firedoor.planner.pod_view import PodView
from firedoor.planner.rules import Rules
from firedoor.planner.views import Owner
from tests.builders import HOME, pod
from tests.unit.planner.families import WORKLOAD_UID, owned


def names(group: Group) -> list[str]:
    return [pod.name for pod in group.pods]


@pytest.mark.parametrize("kind", ["ReplicaSet", "StatefulSet", "DaemonSet", "Job"])
def test_a_workload_that_controls_its_pods_itself(kind: str) -> None:
    owner = Owner(kind, "db", WORKLOAD_UID)
    pods = (owned("b", owner), owned("a", owner), owned("other", Owner(kind, "db", "another-uid")), owned("bare", None))
    assert names(of_workload(WORKLOAD_UID, pods, {})) == ["a", "b"]


@pytest.mark.parametrize("between", ["ReplicaSet", "Job"])
def test_a_workload_that_controls_its_pods_by_something_between(between: str) -> None:
    pods = (
        owned("new", Owner(between, "x-1", "new")),
        owned("old", Owner(between, "x-0", "old")),
        owned("stray", Owner(between, "y", "y")),
    )
    group = of_workload(WORKLOAD_UID, pods, {"new": WORKLOAD_UID, "old": WORKLOAD_UID, "y": "another-uid"})
    assert names(group) == ["new", "old"]


def test_what_has_finished_or_is_going_is_no_suspect() -> None:
    pods = (owned("db-0"), owned("done", phase="Succeeded"), owned("failed", phase="Failed"), owned("going", leaving=True))
    assert names(of_workload(WORKLOAD_UID, pods, {})) == ["db-0"]


def test_more_than_an_incident_can_hold_are_counted_and_the_first_by_name_are_taken() -> None:
    pods = [owned(f"db-{number:03}") for number in range(MEMBERS_LIMIT + 3)]
    group = of_workload(WORKLOAD_UID, reversed(pods), {})
    assert names(group) == [f"db-{number:03}" for number in range(MEMBERS_LIMIT)]
    assert group.left_out == ("3 more pods are left out: an incident has at most 256 suspects.",)


def on_node(*pods: PodView, rules: Rules | None = None) -> Group:
    return of_node("node-uid", pods, HOME, lambda _: rules or Rules())


def test_on_a_node_what_is_never_touched_is_left_out_by_name() -> None:
    group = on_node(
        pod(name="web-1"),
        pod(name="proxy", host_network=True),
        pod(name="mirror", static=True),
        pod(name="dns", namespace="kube-system"),
        pod(name="probe", namespace=HOME),
    )
    assert names(group) == ["web-1"]
    assert group.left_out == (
        f"Pod {HOME}/probe is left out: its namespace is protected.",
        "Pod kube-system/dns is left out: its namespace is protected.",
        "Pod shop/mirror is left out: it is a static pod.",
        "Pod shop/proxy is left out: it is on the host network.",
    )


def test_on_a_node_what_the_policies_protect_is_left_out_too() -> None:
    assert names(on_node(pod(), rules=Rules(protected_labels=("app=web",)))) == []
    assert names(on_node(pod(), rules=Rules(protected_namespaces=frozenset({"shop"})))) == []
