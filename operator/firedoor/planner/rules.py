"""The rules that hold for a target: every ContainmentPolicy that speaks of its namespace, the strictest of each word.

Pure. The controller keeps the policies warm and hands them over; without any, the built-in rules of `Rules()` hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from firedoor.api.duration import parsed
from firedoor.api.policy import Budgets, ContainmentPolicy, ContainmentPolicySpec
from firedoor.planner.selectors import selects

UNBOUNDED: Final = Budgets()
NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """What all policies together allow in one namespace."""

    paused_by: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Policies that cannot be read: what they forbid is not known, so they count as pausing everything."""
    protected_namespaces: frozenset[str] = frozenset()
    protected_labels: tuple[str, ...] = ()
    approval: frozenset[str] = frozenset()
    """Actions that need a second person."""
    deadline: timedelta = timedelta(minutes=15)
    allow_after_deadline: bool = False
    budgets: Budgets = UNBOUNDED
    release_after: str | None = None
    evidence_retention: str | None = None
    keep_cordon: bool = False
    allow_control_plane: bool = False
    allow_last_node: bool = False


BUILT_IN: Final = Rules()


def rules_for(policies: Iterable[ContainmentPolicy], namespace: str, labels: Mapping[str, str] = NO_LABELS) -> Rules:
    """The strictest of all policies that speak of this namespace, which has these labels; what one leaves out, it leaves
    to the others."""
    speaking = sorted((p for p in policies if _speaks_of(p.spec, namespace, labels)), key=lambda policy: policy.metadata.name)
    specs = [policy.spec for policy in speaking]
    if not specs:
        return BUILT_IN
    asking = [spec.approval for spec in specs if spec.approval.actions]
    return Rules(
        paused_by=tuple(policy.metadata.name for policy in speaking if policy.spec.paused),
        protected_namespaces=frozenset(name for spec in specs for name in spec.protected_namespaces),
        protected_labels=tuple(sorted({term for spec in specs for term in spec.protected_labels})),
        approval=frozenset(action for approval in asking for action in approval.actions),
        deadline=max((parsed(approval.deadline) for approval in asking), default=BUILT_IN.deadline),
        allow_after_deadline=bool(asking) and all(approval.after_deadline == "Allow" for approval in asking),
        budgets=_strictest([spec.budgets for spec in specs]),
        release_after=max((spec.release_after for spec in specs if spec.release_after), key=parsed, default=None),
        evidence_retention=max((spec.evidence_retention for spec in specs if spec.evidence_retention), key=parsed, default=None),
        keep_cordon=any(spec.keep_cordon for spec in specs),
        allow_control_plane=all(spec.allow_control_plane for spec in specs),
        allow_last_node=all(spec.allow_last_node for spec in specs),
    )


def _speaks_of(spec: ContainmentPolicySpec, namespace: str, labels: Mapping[str, str]) -> bool:
    selector = spec.namespace_selector
    if selector is None:
        return not spec.namespaces or namespace in spec.namespaces
    return namespace in spec.namespaces or selects(selector.wire(), labels)


def _strictest(budgets: list[Budgets]) -> Budgets:
    def least(field: str) -> int | None:
        return min((limit for budget in budgets if (limit := getattr(budget, field)) is not None), default=None)

    return Budgets(**{field: least(field) for field in Budgets.model_fields})


def has_label(labels: Mapping[str, str], term: str) -> bool:
    """Whether the labels meet a term: key, or key=value."""
    key, equals, value = term.partition("=")
    return key in labels and (not equals or labels[key] == value)
