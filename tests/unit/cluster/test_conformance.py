"""The conformance run: what is asked of cyclonus, and how its output becomes verdicts."""

import pytest

from cluster.conformance.__main__ import conform, summary
from cluster.conformance.groups import GROUPS
from cluster.conformance.judge import Case, cases
from cluster.providers import Existing

OUTPUT = """testing 2 cases
test #1: ingress: deny all
 - tags: deny-all, direction, ingress, rule
test #2: egress: allow all
 - tags: allow-all, direction, egress, rule
starting test case #1
Discrepancy found:3 wrong, 4 ignored, 9 correct
0 wrong, 4 ignored, 12 correct
finished policy #1
starting test case #2
0 wrong, 4 ignored, 12 correct
finished policy #2
"""


def judged() -> list[Case]:
    return list(cases("peers", OUTPUT.splitlines(keepends=True)))


def test_a_case_with_one_wrong_step_failed() -> None:
    assert [(case.name, case.passed) for case in judged()] == [
        ("peers 1/2: ingress: deny all", False),
        ("peers 2/2: egress: allow all", True),
    ]


def test_a_case_that_did_not_finish_has_no_verdict() -> None:
    cut = OUTPUT.partition("finished policy #2")[0]
    assert [case.number for case in cases("peers", cut.splitlines())] == [1]


def test_the_summary_names_what_failed() -> None:
    assert summary(judged()) == "1 cases passed, 1 failed\npeers 1/2: ingress: deny all"


def test_every_group_has_the_pod_whose_address_makes_blocks() -> None:
    assert all("z" in group.namespaces and "c" in group.pods for group in GROUPS)


def test_sctp_is_never_asked_for() -> None:
    for group in GROUPS:
        for full in (True, False):
            excluded = next(option for option in group.options(full) if option.startswith("--exclude="))
            assert "sctp" in excluded.removeprefix("--exclude=").split(",")
            assert "SCTP" not in " ".join(group.options(full))


def test_only_the_local_engine_is_judged() -> None:
    with pytest.raises(RuntimeError, match="this cluster is existing"):
        conform(Existing(), GROUPS, full=False)
