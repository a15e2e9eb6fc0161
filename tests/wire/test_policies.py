"""Policies that select namespaces by label: they hold from the moment the label is there."""

from pathlib import Path

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.wire.process import operated
from tests.wire.world import condition, eventually, quarantines, report, says

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


async def test_where_no_policy_selects_by_label_no_namespace_is_asked_for(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add(RULES, {"metadata": {"name": "policy"}, "spec": {"namespaces": ["bank"], "paused": True}})
    async with operated(cluster, tmp_path):
        since = len(cluster.requests)
        report(cluster)
        await eventually(lambda: says(cluster, "NodeCordoned"), "it is contained")
        assert Asked("GET", NAMESPACES, "", "shop") not in cluster.requests[since:]
