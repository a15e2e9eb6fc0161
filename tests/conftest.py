"""What a whole run has in common: the cluster on which each of its processes plays, and what its trials counted in the end.

With CLUSTERS= more than one, the processes of a run that goes side by side are dealt out to that many clusters in turn
(`tests.side_by_side` deals out the tests).
"""

import os

import hypothesis
import pytest
from _pytest.terminal import TerminalReporter
from xdist.remote import Producer

from tests.side_by_side import FromBothEnds

CLUSTERS = int(os.environ.get("CLUSTERS") or "1")
COUNTED = "isolated_while_bytes_passed"
# How fast this machine is today is no property of the code.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


def _cluster(worker: str, clusters: int) -> int:
    """The number of the cluster on which a process plays; worker: its name, such as gw3."""
    return int(worker.removeprefix("gw") or 0) % clusters + 1


if "PYTEST_XDIST_WORKER" in os.environ:
    # Before anything asks which cluster is meant, which is decided once a process.
    os.environ["CLUSTER"] = str(_cluster(os.environ["PYTEST_XDIST_WORKER"], CLUSTERS))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FromBothEnds:
    return FromBothEnds(config, log, CLUSTERS)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    done = [report for outcome in ("", "failed", "error") for report in terminalreporter.getreports(outcome)]
    counts = [count for report in done if report.when == "teardown" for name, count in report.user_properties if name == COUNTED]
    if counts:
        terminalreporter.write_line(f"{COUNTED}: {sum(counts)} in {len(counts)} trials")
