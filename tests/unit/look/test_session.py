"""A session: every task is its own, so what one of them fails of costs none of the others."""

from pathlib import Path

from tests.unit.look.looking import look


def test_a_task_that_fails_of_what_nobody_foresaw_says_so_and_the_next_ones_are_done(tmp_path: Path) -> None:
    taken = look(tmp_path, "no such task", "mounts")
    assert taken["no such task"].end["missing"] == [
        {"reason": "Unexpected", "count": 1, "such": ["KeyError \"'no such task'\""]},
    ]
    assert taken["mounts"].reasons() == {}
    assert taken["mounts"].lines
