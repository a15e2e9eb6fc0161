"""No part of firedoor can ask for more than is named, and what the chart grants is what the code declares."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from firedoor.api.rbac import Rule
from tools.generate.outputs import ROOT
from tools.generate.rbac import listed, template
from tools.generate.roles import ACCOUNTS, Account, Grant

TEMPLATES = ROOT / "charts/firedoor/templates"
PODS = Rule(groups=("",), resources=("pods",), verbs=("get",))
NODES = Rule(groups=("",), resources=("nodes",), verbs=("patch",))


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The documents of a template with every condition met."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("{{"))
    return (document for document in yaml.safe_load_all(plain.replace("{{ .Release.Namespace }}", "home")) if document)


def granted() -> Iterator[dict[str, Any]]:
    for path in sorted(Path(TEMPLATES).glob("rbac-*.yaml")):
        yield from itertools.chain.from_iterable(role.get("rules", ()) for role in documents(path.read_text()))


@pytest.mark.parametrize(
    "rule",
    [
        {"groups": ("*",), "resources": ("pods",), "verbs": ("get",)},
        {"groups": ("",), "resources": ("*",), "verbs": ("get",)},
        {"groups": ("",), "resources": ("pods/*",), "verbs": ("get",)},
        {"groups": ("",), "resources": ("pods",), "verbs": ("*",)},
        {"groups": ("",), "resources": ("pods",), "verbs": ("get",), "names": ("*",)},
    ],
    ids=["any group", "any resource", "any subresource", "any verb", "any name"],
)
def test_a_wildcard_is_refused_wherever_it_stands(rule: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="names every permission"):
        Rule(**rule)


@pytest.mark.parametrize("resource", ["secrets", "nodes/proxy"])
def test_what_firedoor_never_takes_is_refused_by_name(resource: str) -> None:
    with pytest.raises(ValueError, match=f"asks for {resource}"):
        Rule(groups=("",), resources=("pods", resource), verbs=("get",))


def test_the_charts_roles_hold_no_wildcard_and_reach_neither_secrets_nor_a_nodes_proxy() -> None:
    words = {word for rule in granted() for words in rule.values() for word in words}
    assert {"securityincidents", "networkpolicies", "pods"} <= words
    assert not {word for word in words if "*" in word}
    assert not words & {"secrets", "nodes/proxy", "bind", "escalate", "impersonate"}


def test_exec_in_the_home_namespace_is_for_the_probes_and_the_canary_alone() -> None:
    (controller,) = (account for account in ACCOUNTS if account.component == "controller")
    rules = [rule for grant in controller.everywhere + controller.home for rule in grant.rules]
    asked = ("firedoor-probe-0", "firedoor-probe-1", *(f"firedoor-canary-{number}" for number in range(32)))
    assert [rule.names for rule in rules if "pods/exec" in rule.resources] == [asked]


def test_the_probe_may_do_nothing() -> None:
    assert "firedoor-probe" not in {account.name for account in ACCOUNTS}


def test_rules_of_an_action_stand_under_its_condition_and_no_others_do() -> None:
    account = Account("warden", "warden", everywhere=(Grant((PODS,)), Grant((NODES,), "cordon")))
    before, _, conditional = template(account).partition("{{- if .Values.actions.cordon.enabled }}\n")
    assert "pods" in before
    assert yaml.safe_load(conditional.partition("{{- end }}")[0]) == [listed(NODES)]


def test_a_role_is_bound_to_its_own_account_in_the_home_namespace() -> None:
    account = Account("warden", "warden", home=(Grant((PODS,)),))
    role, binding = documents(template(account))
    assert (role["kind"], role["metadata"]["namespace"], role["rules"]) == ("Role", "home", [listed(PODS)])
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "warden"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "warden", "namespace": "home"}]
