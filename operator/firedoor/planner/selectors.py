"""Label selectors evaluated, and whether a policy is the deny that firedoor wrote. Pure."""

from collections.abc import Mapping
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


def denies_all(policy: PolicyView, label: str) -> bool:
    """Whether the policy is, unmodified, the deny of the incident with this quarantine label."""
    spec = policy.spec
    return (
        spec.get("podSelector") == {"matchLabels": {label: "true"}}
        and set(spec.get("policyTypes") or ()) == {"Ingress", "Egress"}
        and not spec.get("ingress")
        and not spec.get("egress")
    )
