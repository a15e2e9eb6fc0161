"""An incident releases itself when its time is over, unless it is held."""

from datetime import timedelta
from typing import Any

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.duration import parsed
from firedoor.planner.expiry import due, expires
from firedoor.planner.permits import Refusal
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from tests.builders import NOON, incident, situation


def aged(minutes: int, rules: Rules | None = None, **spec: Any) -> Situation:
    about = incident(**spec)
    created = about.metadata.model_copy(update={"creation_timestamp": NOON - timedelta(minutes=minutes)})
    return situation(about.model_copy(update={"metadata": created}), rules=rules or Rules())


def test_release_is_due_when_the_time_is_over_and_not_before() -> None:
    assert due(aged(29, releaseAfter="30m")) is None
    found = due(aged(30, releaseAfter="30m"))
    assert found is not None
    assert "30m" in found.reason


def test_a_held_incident_stays() -> None:
    assert expires(aged(31, releaseAfter="30m", hold=True)) is None


def test_policies_say_how_long_where_the_incident_does_not() -> None:
    hour = Rules(release_after="1h")
    assert due(aged(61, hour)) is not None
    assert due(aged(61, hour, releaseAfter="2h")) is None


def test_what_is_being_released_is_not_released_again() -> None:
    assert due(aged(31, releaseAfter="30m", release={"reason": "over"})) is None


def test_what_waits_to_begin_is_due_like_any_other_and_what_is_refused_for_good_or_a_dry_run_never() -> None:
    over = aged(31, releaseAfter="30m")
    assert due(over, Refusal(Reason.PAUSED, "Paused.", curable=True)) is not None
    assert due(over, Refusal(Reason.HOST_NETWORK, "On the host network.", curable=False)) is None
    assert due(over, Refusal(Reason.DRY_RUN, "A dry run.", curable=True)) is None


@pytest.mark.parametrize(("text", "length"), [("90s", 90), ("30m", 1800), ("1h30m", 5400)])
def test_durations_read_as_kubernetes_users_write_them(text: str, length: int) -> None:
    assert parsed(text) == timedelta(seconds=length)
