"""Dry runs: the whole plan from what the cluster has, also before anybody permits it, and nothing touched."""

from tests.fakes.apiserver import FakeCluster
from tests.fakes.objects import Obj
from tests.wire.process import Operator
from tests.wire.world import INCIDENTS, condition, eventually, picture, report

ADMIN_POLICIES = "policy.networking.k8s.io/v1alpha1/adminnetworkpolicies"
PAUSES = "firedoor.dev/v1alpha1/containmentpolicies"


def admin_policy(cluster: FakeCluster) -> None:
    """One that lets everybody in everywhere, before any NetworkPolicy is asked."""
    spec = {"priority": 1, "subject": {"namespaces": {}}, "ingress": [{"action": "Allow", "from": [{"namespaces": {}}]}]}
    cluster.add("v1/namespaces", {"metadata": {"name": "shop"}})
    cluster.add(ADMIN_POLICIES, {"metadata": {"name": "lets-all"}, "spec": spec})


def plan(cluster: FakeCluster) -> Obj:
    found: Obj = cluster.get(INCIDENTS, "shop", "incident")["status"]["plan"]
    return found


async def test_a_plan_can_be_read_while_everything_is_paused_and_names_policies_of_other_kinds(
    cluster: FakeCluster, operator: Operator
) -> None:
    admin_policy(cluster)
    cluster.add(PAUSES, {"metadata": {"name": "calm"}, "spec": {"paused": True}})
    before = picture(cluster)
    report(cluster, dryRun=True)
    await eventually(lambda: condition(cluster, "Accepted")["reason"] == "DryRun", "planned")
    assert [step["action"] for step in plan(cluster)["steps"]] == ["Isolate", "Quarantine", "Cordon", "Shelter"]
    warnings = " ".join(plan(cluster)["warnings"])
    assert "Paused by ContainmentPolicy calm" in warnings
    assert "AdminNetworkPolicy lets-all would still allow the suspect traffic" in warnings
    assert picture(cluster) == before


async def test_the_plan_of_a_workload_names_them_for_each_of_its_pods(cluster: FakeCluster, operator: Operator) -> None:
    admin_policy(cluster)
    report(cluster, dryRun=True, target={"kind": "Deployment", "name": "web"})
    await eventually(lambda: condition(cluster, "Accepted")["reason"] == "DryRun", "planned")
    assert [warning for warning in plan(cluster)["warnings"] if "Pod suspect: AdminNetworkPolicy lets-all" in warning]
