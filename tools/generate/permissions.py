"""The reference page of permissions: who may do what, where, and what has to be switched on for it."""

from collections.abc import Iterable, Iterator

from firedoor.api.rbac import Rule
from tools.generate.roles import ACCOUNTS, PEOPLE, Account, Grant, Person
from tools.generate.text import PAGE_HEADER, code, row

INTRODUCTION = """\
# Permissions

Each part of firedoor declares what it needs beside its code; the chart's roles and this page are made from that. No
rule has a wildcard, and none reaches Secrets or `nodes/proxy`. What an action needs is granted only while the chart's
value `actions.<action>.enabled` is true.
"""
PROBE = """\
## firedoor-probe

Nothing: its pods have no token.
"""


def page() -> str:
    """The page in Markdown."""
    accounts = (line for account in ACCOUNTS for line in _account(account))
    people = (line for person in PEOPLE for line in _person(person))
    return "\n".join((PAGE_HEADER, INTRODUCTION, *accounts, PROBE, *people))


def _account(account: Account) -> Iterator[str]:
    yield from (f"## {account.name}", "", *_header("Where", "API group", "Resources", "Verbs", "Only these names", "Only with"))
    yield from _grants("every namespace", account.everywhere)
    yield from _grants("home namespace", account.home)
    yield ""


def _grants(where: str, grants: Iterable[Grant]) -> Iterator[str]:
    for grant in grants:
        action = code(f"actions.{grant.action}") if grant.action else ""
        yield from (row(where, *_cells(rule), action) for rule in grant.rules)


def _person(person: Person) -> Iterator[str]:
    yield from (f"## {person.name}", "", f"For people. {person.purpose}", "")
    yield from _header("API group", "Resources", "Verbs", "Only these names")
    yield from (row(*_cells(rule)) for rule in person.rules)
    yield ""


def _header(*titles: str) -> tuple[str, str]:
    return row(*titles), row(*["---"] * len(titles))


def _cells(rule: Rule) -> tuple[str, ...]:
    groups = (group or "core" for group in rule.groups)
    return tuple(", ".join(code(word) for word in words) for words in (groups, rule.resources, rule.verbs, rule.names))
