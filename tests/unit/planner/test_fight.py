"""A fight over a workload: three times within a minute and no more, until somebody gives way."""

from datetime import timedelta

from firedoor.planner.fight import Fight
from tests.builders import NOON


def fought(*seconds: float, before: Fight | None = None) -> Fight:
    """Looks at these seconds that find the workload set up again each time."""
    known = Fight() if before is None else before
    for second in seconds:
        known = known.seen(at_rest=False, generation=1, now=NOON + timedelta(seconds=second))
    return known


def rested(known: Fight, second: float) -> Fight:
    return known.seen(at_rest=True, generation=1, now=NOON + timedelta(seconds=second))


def test_three_times_it_is_set_back_and_the_fourth_time_the_fight_is_lost() -> None:
    assert not fought(0, 5, 10).lost
    assert fought(0, 5, 10, 15).lost


def test_who_comes_once_in_half_a_minute_is_set_back_each_time() -> None:
    assert not fought(0, 30, 60, 90, 120, 150).lost


def test_a_lost_fight_stays_lost_however_long_it_takes() -> None:
    assert fought(0, 5, 10, 15, 3600, 7200).lost


def test_at_rest_again_the_fight_is_over_but_no_more_than_three_times_a_minute_all_the_same() -> None:
    over = rested(fought(0, 5, 10, 15), 20)
    assert not over.lost
    assert fought(25, before=over).lost
    assert not fought(90, before=over).lost


def test_rests_in_between_do_not_make_a_fight_endless() -> None:
    known = Fight()
    for second in range(0, 40, 10):
        known = rested(fought(second, before=known), second + 1)
    assert len(known.reverts) == 3
    assert fought(41, before=known).lost


def test_a_changed_incident_tries_again() -> None:
    again = fought(0, 5, 10, 15).seen(at_rest=False, generation=2, now=NOON + timedelta(seconds=20))
    assert not again.lost
    assert len(again.reverts) == 1
