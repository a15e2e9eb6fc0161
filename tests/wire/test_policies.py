"""Policies that select namespaces by label: they hold from the moment the label is there."""

from pathlib import Path
from typing import Any

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.objects import Refusal
from tests.fakes.workloads import DEPLOYMENTS, PODS, REPLICA_SETS, owned_by, replica_sets
from tests.wire.process import Operator, operated
from tests.wire.world import (
    EVENTS,
    INCIDENTS,
    LABELS,
    condition,
    eventually,
    labels,
    outside,
    over,
    quarantines,
    release,
    report,
    says,
    suspect,
)

NAMESPACES, RULES = "v1/namespaces", "firedoor.dev/v1alpha1/containmentpolicies"
SELECTING = {"namespaceSelector": {"matchLabels": {"team": "shop"}}, "paused": True}


async def test_a_namespace_is_under_a_policy_while_it_has_the_label(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(NAMESPACES, {"metadata": {"name": "shop", "labels": {"team": "shop"}}})
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": SELECTING})
    async with operated(cluster, tmp_path):
        report(cluster)
        await eventually(lambda: condition(cluster, "Accepted")["reason"] == "Paused", "it is paused")
        assert not quarantines(cluster)

        cluster.change(NAMESPACES, "", "shop", {"metadata": {"labels": {"team": "bank"}}})
        await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained")


async def test_a_label_forged_while_an_incident_is_refused_permits_nothing_and_is_no_obstacle_later(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": {"paused": True}})
    async with operated(cluster, tmp_path):
        uid = report(cluster)["metadata"]["uid"]
        await eventually(lambda: says(cluster, "Accepted", "False"), "it is refused")
        cluster.change(PODS, "shop", "suspect", {"metadata": {"labels": {f"firedoor.dev/incident.{uid[:8]}": "true"}}})
        since, look = len(cluster.requests), Asked("GET", PODS, "shop", "suspect")
        cluster.change(INCIDENTS, "shop", "incident", {"spec": {"title": "look again"}})
        await eventually(lambda: cluster.requests[since:].count(look) > 1, "it was looked at")
        assert says(cluster, "Accepted", "False")
        assert not outside(cluster)

        cluster.change(RULES, "", "policy", {"spec": {"paused": False}})
        await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained")
        assert not LABELS.keys() & labels(cluster).keys()
        release(cluster)
        await eventually(lambda: says(cluster, "Released"), "released")
        assert labels(cluster) == LABELS


async def test_a_refusal_is_taken_back_in_writing_before_anything_is_touched(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": {"paused": True}})
    async with operated(cluster, tmp_path):
        report(cluster)
        await eventually(lambda: says(cluster, "Accepted", "False"), "it is refused")
        since = len(cluster.written)
        cluster.change(RULES, "", "policy", {"spec": {"paused": False}})
        await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained")
        first = next(asked for asked in cluster.written[since:] if asked.collection != EVENTS)
        assert first == Asked("PATCH", INCIDENTS, "shop", "incident", "status")


async def test_what_waited_beyond_its_time_is_released_and_never_begun(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": {"paused": True}})
    async with operated(cluster, tmp_path):
        report(cluster, releaseAfter="1s")
        await eventually(lambda: over(cluster), "it is released")
        assert condition(cluster, "Released")["message"] == "Nothing had been touched."
        assert not outside(cluster)


async def test_what_is_first_seen_beyond_its_time_is_released_and_never_begun(cluster: FakeCluster, operator: Operator) -> None:
    metadata = {"name": "incident", "namespace": "shop", "creationTimestamp": "2020-01-01T00:00:00Z"}
    cluster.add(INCIDENTS, {"metadata": metadata, "spec": {"target": {"kind": "Pod", "name": "suspect"}, "releaseAfter": "1h"}})
    await eventually(lambda: over(cluster), "it is released")
    assert not outside(cluster)


def no_status_of_the_first(asked: Asked) -> None:
    if asked == Asked("PATCH", INCIDENTS, "shop", "first", "status"):
        raise Refusal(503, "ServiceUnavailable", "not now")


def add_bank(cluster: FakeCluster) -> None:
    """A second Deployment in the shop, with a pod named after it."""
    here: dict[str, Any] = {"namespace": "shop", "name": "bank"}
    labels = {"app": "bank"}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}}
    above = cluster.add(DEPLOYMENTS, {"metadata": here, "spec": spec})["metadata"]["uid"]
    metadata = {**here, "ownerReferences": [owned_by("Deployment", "bank", above)]}
    above = cluster.add(REPLICA_SETS, {"metadata": metadata, "spec": {"selector": {"matchLabels": labels}}})["metadata"]["uid"]
    metadata = {**here, "labels": labels, "ownerReferences": [owned_by("ReplicaSet", "bank", above)]}
    cluster.add(PODS, {"metadata": metadata, "spec": suspect(cluster)["spec"], "status": suspect(cluster)["status"]})


async def test_a_workload_that_was_put_to_rest_counts_before_any_status_says_so(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": {"budgets": {"scaleDownsPerHour": 1}}})
    cluster.controllers, doors = (replica_sets,), {"node": "None", "workload": "ScaleToZero"}
    cluster.before_write = no_status_of_the_first
    add_bank(cluster)
    async with operated(cluster, tmp_path):
        report(cluster, "first", containment=doors)
        await eventually(lambda: cluster.get(DEPLOYMENTS, "shop", "web")["spec"]["replicas"] == 0, "the first is at rest")
        report(cluster, "second", containment=doors, target={"kind": "Pod", "name": "bank"})
        await eventually(
            lambda: condition(cluster, "WorkloadScaled", "second")["reason"] == "BudgetExceeded", "the second is refused"
        )
        assert cluster.get(DEPLOYMENTS, "shop", "bank")["spec"]["replicas"] == 1


async def test_where_no_policy_selects_by_label_no_namespace_is_asked_for(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": {"namespaces": ["bank"], "paused": True}})
    async with operated(cluster, tmp_path):
        since = len(cluster.requests)
        report(cluster)
        await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained")
        assert Asked("GET", NAMESPACES, "", "shop") not in cluster.requests[since:]
