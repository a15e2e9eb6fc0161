"""`python -m firedoor.look.who CONTAINER`: uid and gid of the suspect's first process, which anyone may read."""

import sys

from firedoor.look.place import Place
from firedoor.look.plan import Plan


def who(base: str) -> tuple[int, int]:
    """Effective uid and gid of a process, by its folder in /proc."""
    with open(f"{base}/status", "rb") as opened:
        found = dict(line.split(b":\t", 1) for line in opened.read().split(b"\n") if b":\t" in line)
    return int(found[b"Uid"].split()[1]), int(found[b"Gid"].split()[1])


if __name__ == "__main__":
    print(*who(Place.found(Plan((), container_id=sys.argv[1])).base))
