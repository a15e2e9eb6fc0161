"""Policies of other kinds: which of them grant the suspect something that a deny does not take away."""

from typing import Any

import pytest

from firedoor.planner.foreign import Subject, foreign

SUBJECT = Subject("shop", {"team": "sales"}, {"firedoor.dev/quarantine": "true"}, "clerk")
CILIUM, CALICO, ADMIN = "cilium.io/v2", "crd.projectcalico.org/v1", "policy.networking.k8s.io/v1alpha1"


def granted(version: str, kind: str, **spec: Any) -> list[str]:
    policy = {"apiVersion": version, "kind": kind, "metadata": {"name": "some"}, "spec": spec}
    return [grant.direction for grant in foreign(policy, SUBJECT)]


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, True),
        ({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "shop"}}, True),
        ({"matchLabels": {"k8s:io.cilium.k8s.policy.serviceaccount": "clerk"}}, True),
        ({"matchLabels": {"io.cilium.k8s.namespace.labels.team": "sales"}}, True),
        ({"matchLabels": {"any:app": "web"}}, False),
        ({"matchLabels": {"k8s:io.cilium.k8s.policy.cluster": "eu-1"}}, True),
        ({"matchLabels": {"io.cilium.k8s.policy.cluster": "eu-1", "k8s:app": "web"}}, False),
        ({"matchExpressions": [{"key": "k8s:io.cilium.k8s.policy.cluster", "operator": "In", "values": ["eu-1"]}]}, True),
        ({"matchExpressions": [{"key": "k8s:app", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_cilium_selects_by_labels_account_and_namespace(selector: dict[str, Any], selected: bool) -> None:
    found = granted(CILIUM, "CiliumNetworkPolicy", endpointSelector=selector, egress=[{"toEntities": ["world"]}])
    assert found == (["Egress"] if selected else [])


def test_ciliums_denies_empty_rules_and_node_policies_grant_nothing() -> None:
    assert granted(CILIUM, "CiliumNetworkPolicy", endpointSelector={}, ingress=[{}], egressDeny=[{"toEntities": ["all"]}]) == []
    assert granted(CILIUM, "CiliumClusterwideNetworkPolicy", nodeSelector={}, ingress=[{"fromEntities": ["all"]}]) == []


def test_several_specs_of_one_cilium_policy_all_count() -> None:
    specs = [
        {"endpointSelector": {"matchLabels": {"app": "web"}}},
        {"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}]},
    ]
    policy = {"apiVersion": CILIUM, "kind": "CiliumNetworkPolicy", "metadata": {"name": "some"}, "specs": specs}
    assert [grant.direction for grant in foreign(policy, SUBJECT)] == ["Ingress"]


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ({"selector": "all()"}, True),
        ({"selector": "projectcalico.org/namespace == 'shop'"}, True),
        ({"selector": "projectcalico.org/orchestrator == 'k8s'"}, True),
        ({"selector": "has(app)"}, False),
        ({"namespaceSelector": "team == 'sales'"}, True),
        ({"namespaceSelector": "team == 'ops'"}, False),
        ({"serviceAccountSelector": "role == 'clerk'"}, True),
    ],
)
def test_calico_selects_by_labels_and_namespace_and_counts_where_accounts_choose(spec: dict[str, Any], selected: bool) -> None:
    found = granted(CALICO, "GlobalNetworkPolicy", ingress=[{"action": "Allow"}], egress=[{"action": "Deny"}], **spec)
    assert found == (["Ingress"] if selected else [])


@pytest.mark.parametrize(("tier", "found"), [({}, ["Egress"]), ({"tier": "default"}, ["Egress"]), ({"tier": "security"}, [])])
def test_what_calico_passes_on_is_granted_where_only_profiles_come_after(tier: dict[str, str], found: list[str]) -> None:
    assert granted(CALICO, "GlobalNetworkPolicy", selector="all()", egress=[{"action": "Pass"}], **tier) == found


def test_kubernetes_own_policies_in_calicos_api_are_judged_as_what_they_are() -> None:
    own = {"apiVersion": CALICO, "kind": "NetworkPolicy", "metadata": {"name": "knp.default.web"}}
    assert foreign({**own, "spec": {"selector": "all()", "ingress": [{"action": "Allow"}]}}, SUBJECT) == ()


def test_an_admin_policy_grants_what_it_allows_its_subject() -> None:
    everyone: dict[str, Any] = {"namespaces": {}}
    sales = {"pods": {"namespaceSelector": {"matchLabels": {"team": "sales"}}, "podSelector": {}}}
    others = {"namespaces": {"matchLabels": {"team": "ops"}}}
    allow = [{"action": "Allow"}]
    assert granted(ADMIN, "AdminNetworkPolicy", subject=everyone, egress=allow) == ["Egress"]
    assert granted(ADMIN, "AdminNetworkPolicy", subject=sales, ingress=allow) == ["Ingress"]
    assert granted(ADMIN, "AdminNetworkPolicy", subject=others, ingress=allow) == []
    assert granted(ADMIN, "AdminNetworkPolicy", subject=everyone, ingress=[{"action": "Pass"}]) == []


def test_a_baseline_tier_decides_only_where_no_network_policy_does() -> None:
    accept = [{"action": "Accept"}]
    assert granted(
        "policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", tier="Admin", subject={"namespaces": {}}, egress=accept
    )
    assert not granted(
        "policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", tier="Baseline", subject={"namespaces": {}}, egress=accept
    )


def test_a_policy_that_cannot_be_read_counts_as_allowing_and_says_so() -> None:
    policy = {"apiVersion": CALICO, "kind": "NetworkPolicy", "metadata": {"name": "odd"}, "spec": {"selector": "app ~ 'x'"}}
    found = foreign(policy, SUBJECT)
    assert {grant.direction for grant in found} == {"Ingress", "Egress"}
    assert "cannot be read" in found[0].peers


def test_a_selector_too_deep_to_be_read_counts_as_allowing() -> None:
    assert granted(CALICO, "GlobalNetworkPolicy", selector="!" * 2000 + "has(app)") == ["Ingress", "Egress"]
