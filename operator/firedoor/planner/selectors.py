"""Which NetworkPolicies select a pod, and which of them would still let traffic pass.

Policies are additive: one forgotten allow undoes a deny (kubernetes.io, Network Policies). So every policy of the
namespace is evaluated against the labels that the pod has, or will have.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from firedoor.planner.views import PolicyView


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a metav1.LabelSelector selects these labels; an empty one selects everything."""
    exact = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in exact.items()) and all(
        _meets(expression, labels) for expression in expressions
    )


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case unknown:
            raise ValueError(f"label selector operator {unknown!r} is not one that Kubernetes has")


def allows(policy: PolicyView) -> bool:
    """Whether the policy lets anything pass for the pods that it selects."""
    types = policy.spec.get("policyTypes") or _implied_types(policy)
    return any(policy.spec.get(direction.lower()) for direction in types)


def _implied_types(policy: PolicyView) -> tuple[str, ...]:
    return ("Ingress", "Egress") if policy.spec.get("egress") else ("Ingress",)


def overlapping(policies: Iterable[PolicyView], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the policies that select a pod with these labels and would allow it something."""
    found = (p.name for p in policies if selects(p.spec.get("podSelector") or {}, labels) and allows(p))
    return tuple(sorted(found))


def denies_all(policy: PolicyView, label: str) -> bool:
    """Whether the policy is, unmodified, the deny of the incident with this quarantine label."""
    spec = policy.spec
    return (
        spec.get("podSelector") == {"matchLabels": {label: "true"}}
        and set(spec.get("policyTypes") or ()) == {"Ingress", "Egress"}
        and not spec.get("ingress")
        and not spec.get("egress")
    )
