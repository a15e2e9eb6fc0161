"""The guards of an incident about a workload or a node, tried in order before its suspects are written down.

Pure. What is common to every target is asked of the guards of pods; each child asks them again about its pod.
"""

from collections.abc import Callable

from firedoor.api.conditions import Reason
from firedoor.api.incident import SecurityIncident
from firedoor.planner import guards
from firedoor.planner.group import Group
from firedoor.planner.permits import Refusal
from firedoor.planner.situation import Situation

Guard = Callable[[Situation, Group | None], Refusal | None]


def title(incident: SecurityIncident) -> str:
    """The target, for people."""
    target = incident.spec.target
    assert target is not None
    return f"Node {target.name}" if target.kind == "Node" else f"{target.kind} {incident.target_namespace}/{target.name}"


def _is_node(s: Situation) -> bool:
    return s.incident.spec.target is not None and s.incident.spec.target.kind == "Node"


def foreign(s: Situation, group: Group | None) -> Refusal | None:
    """A node carries pods of every namespace, so only whoever may create incidents at home may name one."""
    own = s.incident.metadata.namespace
    if not _is_node(s) or own == s.home:
        return guards.foreign_namespace(s)
    message = f"Only incidents in namespace {s.home} may target a node; this one is in {own} and names {title(s.incident)}."
    return Refusal(Reason.TARGET_FOREIGN, message, curable=False)


def protected(s: Situation, group: Group | None) -> Refusal | None:
    """Of a node, the pods of protected namespaces are left out instead."""
    return None if _is_node(s) else guards.protected_namespace(s)


def absent(s: Situation, group: Group | None) -> Refusal | None:
    if group is not None or s.incident.status.target_uid is not None:
        return None
    message = f"There is no {title(s.incident)}. It is looked for again until it appears."
    return Refusal(Reason.TARGET_NOT_FOUND, message, curable=True)


def replaced(s: Situation, group: Group | None) -> Refusal | None:
    """The object of that name is another one than the incident means."""
    if group is None or s.pinned_uid in (None, group.uid):
        return None
    message = f"{title(s.incident)} has uid {group.uid}; the incident means {s.pinned_uid}."
    return Refusal(Reason.TARGET_REPLACED, message, curable=True)


def not_permitted(s: Situation, group: Group | None) -> Refusal | None:
    return guards.not_permitted(s)


def dry_run(s: Situation, group: Group | None) -> Refusal | None:
    return guards.dry_run(s)


GUARDS: tuple[Guard, ...] = (foreign, protected, absent, replaced, dry_run, not_permitted)


def refusal(s: Situation, group: Group | None) -> Refusal | None:
    """The first guard's objection, if any has one. group: None where there is none, or the suspects are written down."""
    return next((found for guard in GUARDS if (found := guard(s, group)) is not None), None)
