"""Of several policies the strictest wins; a policy speaks of the namespaces that it names or selects, or of all."""

from datetime import timedelta
from typing import Any

from firedoor.api.policy import ContainmentPolicy
from firedoor.planner.rules import Rules, has_label, rules_for


def written(name: str = "policy", **spec: Any) -> ContainmentPolicy:
    return ContainmentPolicy.read({"metadata": {"name": name, "uid": name}, "spec": spec})


def test_without_a_policy_the_built_in_rules_hold() -> None:
    assert rules_for([], "shop") == Rules()


def test_a_policy_that_names_other_namespaces_says_nothing_here() -> None:
    elsewhere = written(namespaces=["bank"], paused=True)
    assert rules_for([elsewhere], "shop") == Rules()
    assert rules_for([elsewhere], "bank").paused_by == ("policy",)


def test_a_policy_speaks_of_the_namespaces_whose_labels_it_selects() -> None:
    selecting = written(namespaceSelector={"matchLabels": {"team": "shop"}}, paused=True)
    assert rules_for([selecting], "web", {"team": "shop"}).paused_by == ("policy",)
    assert rules_for([selecting], "web", {"team": "bank"}) == Rules()
    assert rules_for([selecting], "web") == Rules()


def test_a_policy_that_names_and_selects_speaks_of_both() -> None:
    expressions = [{"key": "tier", "operator": "NotIn", "values": ["test"]}, {"key": "team", "operator": "Exists"}]
    both = written(namespaces=["web"], namespaceSelector={"matchExpressions": expressions}, paused=True)
    assert rules_for([both], "web").paused_by == ("policy",)
    assert rules_for([both], "api", {"team": "shop"}).paused_by == ("policy",)
    assert rules_for([both], "api", {"team": "shop", "tier": "test"}) == Rules()


def test_an_empty_selector_selects_every_namespace() -> None:
    assert rules_for([written(namespaceSelector={}, paused=True)], "web").paused_by == ("policy",)


def test_what_one_policy_protects_no_other_opens() -> None:
    rules = rules_for([written(protectedNamespaces=["bank"]), written("b", protectedLabels=["tier=db"])], "shop")
    assert rules.protected_namespaces == {"bank"}
    assert rules.protected_labels == ("tier=db",)


def test_the_smallest_budget_holds_and_an_absent_one_leaves_it_to_the_others() -> None:
    wide, tight = written(budgets={"cordonedNodes": 9}), written("b", budgets={"cordonedNodes": 2, "isolatedPodsPerNamespace": 1})
    budgets = rules_for([wide, tight], "shop").budgets
    assert (budgets.cordoned_nodes, budgets.isolated_pods_per_namespace, budgets.scale_downs_per_hour) == (2, 1, None)


def test_an_exception_needs_every_policy() -> None:
    allowing, silent = written(allowControlPlane=True, allowLastNode=True), written("b")
    assert rules_for([allowing], "shop").allow_control_plane
    assert not rules_for([allowing, silent], "shop").allow_control_plane
    assert not rules_for([allowing, silent], "shop").allow_last_node


def test_approvals_add_up_the_longest_wait_holds_and_one_denial_by_default_is_enough() -> None:
    quick = written(approval={"actions": ["Isolate"], "deadline": "5m", "afterDeadline": "Allow"})
    slow = written("b", approval={"actions": ["Freeze"], "deadline": "1h"})
    rules = rules_for([quick, slow], "shop")
    assert rules.approval == {"Isolate", "Freeze"}
    assert rules.deadline == timedelta(hours=1)
    assert not rules.allow_after_deadline
    assert rules_for([quick, written("silent")], "shop").allow_after_deadline


def test_the_longest_release_after_holds() -> None:
    assert rules_for([written(releaseAfter="90m"), written("b", releaseAfter="2h")], "shop").release_after == "2h"


def test_a_label_term_is_a_key_or_a_key_with_its_value() -> None:
    labels = {"tier": "db", "app": ""}
    assert has_label(labels, "tier")
    assert has_label(labels, "tier=db")
    assert has_label(labels, "app=")
    assert not has_label(labels, "tier=web")
    assert not has_label(labels, "team")
