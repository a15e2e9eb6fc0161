"""Label selectors and policies: which select a pod, and which of them allow anything."""

import pytest

from firedoor.planner.selectors import overlapping, selects
from tests.builders import deny, policy

LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["eu"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
    ],
)
def test_a_selector_selects_what_kubernetes_says(selector: dict[str, object], selected: bool) -> None:
    assert selects(selector, LABELS) is selected


def test_an_unknown_operator_is_an_error_and_no_guess() -> None:
    with pytest.raises(ValueError, match="Near"):
        selects({"matchExpressions": [{"key": "app", "operator": "Near"}]}, LABELS)


def test_only_policies_that_select_the_pod_and_allow_something_overlap() -> None:
    found = overlapping(
        (
            policy("everyone", podSelector={}, ingress=[{}]),
            policy("not-there", podSelector={"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, egress=[{}]),
            policy("others", podSelector={"matchLabels": {"app": "db"}}, ingress=[{}]),
            policy("default-deny", podSelector={}, policyTypes=["Ingress", "Egress"]),
            policy("listed-but-not-typed", podSelector={}, policyTypes=["Ingress"], egress=[{}]),
            deny(),
        ),
        LABELS,
    )
    assert found == ("everyone", "not-there")
