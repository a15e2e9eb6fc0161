"""Roles and their bindings as the chart's templates; rules of an action are rendered only while it is switched on."""

from collections.abc import Iterable
from typing import Any

from firedoor.api.rbac import Rule
from tools.generate.roles import PEOPLE, Account, Grant, Person
from tools.generate.text import HEADER, dumped, when

RBAC = "rbac.authorization.k8s.io"
LABELS = '  labels:\n    {{- include "firedoor.labels" . | nindent 4 }}\n'
HOME = "  namespace: {{ .Release.Namespace }}\n"


def template(account: Account) -> str:
    """The roles of an account, bound to it."""
    places = (("ClusterRole", "", account.everywhere), ("Role", HOME, account.home))
    text = "---\n".join(_bound(kind, account.name, home, grants) for kind, home, grants in places if grants)
    return HEADER + (when(account.needs, text) if account.needs else text)


def people() -> str:
    """The roles that people are given."""
    return HEADER + "---\n".join(_for_people(person) for person in PEOPLE)


def listed(rule: Rule) -> dict[str, Any]:
    """A rule as RBAC writes it."""
    names = {"resourceNames": list(rule.names)} if rule.names else {}
    return {"apiGroups": list(rule.groups), "resources": list(rule.resources), **names, "verbs": list(rule.verbs)}


def _bound(kind: str, name: str, home: str, grants: tuple[Grant, ...]) -> str:
    """A role and its binding; neither where all that it would hold is switched off."""
    (action, *others) = {grant.action for grant in grants}
    if others or action is None:
        return f"{_role(kind, name, home, grants)}---\n{_binding(kind, name, home)}"
    always = tuple(Grant(grant.rules) for grant in grants)
    return when(f".Values.actions.{action}.enabled", f"{_role(kind, name, home, always)}---\n{_binding(kind, name, home)}")


def _role(kind: str, name: str, home: str, grants: Iterable[Grant]) -> str:
    return _head(kind, name, home) + "rules:\n" + "".join(_granted(grant) for grant in grants)


def _granted(grant: Grant) -> str:
    rules = dumped([listed(rule) for rule in grant.rules])
    return when(f".Values.actions.{grant.action}.enabled", rules) if grant.action else rules


def _binding(kind: str, name: str, home: str) -> str:
    role = dumped({"roleRef": {"apiGroup": RBAC, "kind": kind, "name": name}})
    subjects = dumped({"subjects": [{"kind": "ServiceAccount", "name": name}]}).rstrip()
    return _head(f"{kind}Binding", name, home) + role + f"{subjects}\n{HOME}"


def _for_people(person: Person) -> str:
    labels = "".join(f'    {key}: "{value}"\n' for key, value in person.labels)
    rules = dumped({"rules": [listed(rule) for rule in person.rules]})
    return f"# {person.purpose}\n" + _head("ClusterRole", person.name, "") + labels + rules


def _head(kind: str, name: str, home: str) -> str:
    return dumped({"apiVersion": f"{RBAC}/v1", "kind": kind}) + f"metadata:\n  name: {name}\n{home}{LABELS}"
