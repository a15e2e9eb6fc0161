"""`kubectl firedoor evidence report`: the report in a bag that was fetched, after the bag was checked; written or opened."""

import shutil
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from firedoor.cli.verify import judge

REPORT = "report.html"


def report(bag: Path, keys: Sequence[Path], output: Path | None, show: bool) -> int:
    """Checks the bag, which has to be whole, and gives its report out; the exit status is that of the check."""
    status = judge(bag, keys)
    if status:
        print("the report of a bag that is not whole is not shown", file=sys.stderr)
        return status
    page = bag / REPORT
    if not page.is_file():
        print(f"{bag} has no {REPORT}; its capture.json says why", file=sys.stderr)
        return 2
    if output is not None:
        shutil.copyfile(page, output)
    if show:
        webbrowser.open(page.resolve().as_uri())
    print(output or page)
    return 0
