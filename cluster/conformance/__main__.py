"""`python -m cluster.conformance [GROUP ...]`: judges the engine and says in one line how it did.

`make conformance` calls it; FULL=1 adds the combinations. Exits non-zero when any case failed; refuses on a cluster that
is not the local one, and gives no verdict when somebody switched the engine's mode meanwhile.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from cluster import build
from cluster.conformance import ground
from cluster.conformance.groups import GROUPS, Group
from cluster.conformance.judge import Case, judge
from cluster.providers import Provider, chosen


def conform(provider: Provider, groups: Sequence[Group], full: bool) -> list[Case]:
    """Every case of the groups with its verdict."""
    if provider.name != "local":
        raise RuntimeError(f"Conformance judges the local cluster's own policy engine, and this cluster is {provider.name}.")
    ground.strict_since()
    _say(f"cyclonus judges the policy engine, {'every case' if full else 'without combinations (FULL=1 adds them)'}, no SCTP")
    with ground.prepared():
        return [case for group in groups for case in _judged(group, full)]


def _judged(group: Group, full: bool) -> list[Case]:
    found = []
    with ground.cleared():
        strict, began = ground.strict_since(), time.monotonic()
        for case in judge(group, full):
            if ground.strict_since() != strict:
                raise RuntimeError(f"The policy engine's mode was switched during {case.name}; start again when all is quiet.")
            _say(f"{'passed' if case.passed else 'FAILED'}  {case.name}  ({time.monotonic() - began:.0f} s)")
            found.append(case)
            began = time.monotonic()
    return found


def summary(found: list[Case]) -> str:
    """One line, and one for each failed case."""
    failed = [case.name for case in found if not case.passed]
    return "\n".join([f"{len(found) - len(failed)} cases passed, {len(failed)} failed", *failed])


def main() -> int:
    """Judges; an error is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m cluster.conformance", description=__doc__)
    parser.add_argument("group", nargs="*", help=f"of {', '.join(group.name for group in GROUPS)}; all when none is named")
    names, full = parser.parse_args().group, bool(os.environ.get("FULL"))
    try:
        found = conform(chosen(), _groups(names, full), full)
    except (RuntimeError, build.CannotBuild, subprocess.CalledProcessError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    print(summary(found))
    return 1 if any(not case.passed for case in found) else 0


def _groups(names: Sequence[str], full: bool) -> list[Group]:
    unknown = set(names) - {group.name for group in GROUPS}
    if unknown:
        raise RuntimeError(f"{min(unknown)} is none of the groups {', '.join(group.name for group in GROUPS)}.")
    return [group for group in GROUPS if group.name in names or (not names and (full or not group.only_full))]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
