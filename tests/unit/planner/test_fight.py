"""A fight over a workload: three times within a minute, ten within an hour and no more, until somebody gives way."""

from datetime import timedelta

from firedoor.api.incident import IncidentStatus
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


def test_who_comes_once_in_half_a_minute_is_set_back_ten_times_in_the_hour() -> None:
    slow = fought(*range(0, 300, 30))
    assert not slow.lost
    assert len(slow.reverts) == 10
    assert fought(300, before=slow).lost
    assert fought(300, before=slow).told == "10 times within an hour"


def test_a_slow_fight_with_rests_between_ends_as_well() -> None:
    known = Fight()
    for minute in range(0, 20, 2):
        known = rested(fought(minute * 60, before=known), minute * 60 + 30)
        assert not known.lost
    assert fought(20 * 60, before=known).lost


def test_what_was_an_hour_ago_counts_no_more() -> None:
    slow = fought(*range(0, 300, 30))
    assert not fought(3600, before=slow).lost
    assert len(fought(3600, before=slow).reverts) == 10


def status(known: Fight, generation: int = 1) -> IncidentStatus:
    """What is written to status of a fight."""
    reason = "ScaleConflict" if known.lost else "Scaled"
    condition = {"type": "WorkloadScaled", "status": "False", "reason": reason, "message": "", "lastTransitionTime": NOON}
    written = {"reverts": known.reverts, "observedGeneration": generation, "conditions": [{**condition, "observedGeneration": 1}]}
    return IncidentStatus.read(IncidentStatus.read(written).wire())


def test_a_restart_forgets_neither_a_fight_under_way_nor_one_that_was_lost() -> None:
    under_way = fought(0, 5, 10)
    assert Fight.known(status(under_way)) == under_way
    assert fought(15, before=Fight.known(status(under_way))).lost
    lost = fought(0, 5, 10, 15)
    assert fought(7200, before=Fight.known(status(lost))).lost
    assert Fight.known(IncidentStatus()) == Fight()


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
