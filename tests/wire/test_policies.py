"""Policies that select namespaces by label: they hold from the moment the label is there, also of a namespace just made."""

from typing import Any

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.wire.process import Operator
from tests.wire.world import condition, eventually, quarantines, report, says

NAMESPACES, RULES = "v1/namespaces", "firedoor.dev/v1alpha1/containmentpolicies"
SELECTING = {"namespaceSelector": {"matchLabels": {"team": "shop"}}, "paused": True}


async def policy(cluster: FakeCluster, **spec: Any) -> None:
    """A policy that the controller has taken in."""
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": spec})
    await eventually(lambda: cluster.watched[RULES] > 0, "policies are watched")


async def test_a_namespace_is_under_a_policy_while_it_has_the_label(cluster: FakeCluster, operator: Operator) -> None:
    cluster.add(NAMESPACES, {"metadata": {"name": "shop", "labels": {"team": "shop"}}})
    await policy(cluster, **SELECTING)
    report(cluster)
    await eventually(lambda: condition(cluster, "Accepted")["reason"] == "Paused", "it is paused")
    assert not quarantines(cluster)

    cluster.change(NAMESPACES, "", "shop", {"metadata": {"labels": {"team": "bank"}}})
    await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained", seconds=5.0)


async def test_where_no_policy_selects_by_label_no_namespace_is_asked_for(cluster: FakeCluster, operator: Operator) -> None:
    await policy(cluster, namespaces=["bank"], paused=True)
    since = len(cluster.requests)
    report(cluster)
    await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained")
    assert Asked("GET", NAMESPACES, "", "shop") not in cluster.requests[since:]
