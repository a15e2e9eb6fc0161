"""Calico's selectors, as its documentation gives them."""

import pytest

from firedoor.planner.calico_selector import selects

LABELS = {"app": "web", "zone": "eu-1"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("", True),
        ("all()", True),
        ("global()", False),
        ("app == 'web'", True),
        ('app == "db"', False),
        ("app != 'db'", True),
        ("tier != 'front'", True),
        ("has(zone)", True),
        ("!has(zone)", False),
        ("app in {'web', 'db'}", True),
        ("app not in {'web', 'db'}", False),
        ("tier not in {'front'}", True),
        ("zone contains 'u-'", True),
        ("zone starts with 'eu'", True),
        ("zone ends with '2'", False),
        ("tier starts with 'f'", False),
        ("app == 'db' || has(zone) && app == 'web'", True),
        ("(app == 'db' || has(zone)) && !(app == 'web')", False),
        ("projectcalico.org/namespace == 'shop'", False),
        ("has(app)&&has(zone)", True),
    ],
)
def test_a_selector_selects_what_calico_says(selector: str, selected: bool) -> None:
    assert selects(selector, LABELS) is selected


@pytest.mark.parametrize(
    "selector", ["app ==", "app = 'web'", "app == web", "(all()", "all() all()", "near(app)", "app ~ 'x'", "&&"]
)
def test_what_cannot_be_read_is_an_error_and_no_guess(selector: str) -> None:
    with pytest.raises(ValueError, match="selector"):
        selects(selector, LABELS)
