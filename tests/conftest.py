"""What a whole run tells in the end: how many bytes passed while their suspect was said to be isolated, over all its trials."""

from _pytest.terminal import TerminalReporter

COUNTED = "isolated_while_bytes_passed"


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    done = [report for outcome in ("", "failed", "error") for report in terminalreporter.getreports(outcome)]
    counts = [count for report in done if report.when == "teardown" for name, count in report.user_properties if name == COUNTED]
    if counts:
        terminalreporter.write_line(f"{COUNTED}: {sum(counts)} in {len(counts)} trials")
