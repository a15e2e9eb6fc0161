"""`kubectl firedoor evidence list`: every claim with evidence, whatever has become of its incident."""

from collections.abc import Iterable, Iterator

from firedoor.cli.kept import all_kept
from firedoor.evidence.verify import plain
from firedoor.kube.connection import connect
from firedoor.planner.kept import Kept

TITLES = ("INCIDENT", "STATUS", "SEALED", "BYTES", "FILES", "KEY", "LOCKED-UNTIL", "CLAIM")
SHORT = 12


async def show(home: str) -> int:
    """Prints the table."""
    async with connect() as kube:
        found = await all_kept(kube, home)
    for line in table(found):
        print(line)
    return 0


def table(found: Iterable[Kept]) -> Iterator[str]:
    """The lines; the key is told by the first characters of its id."""
    rows = [TITLES, *(_row(kept) for kept in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TITLES))]
    for row in rows:
        yield "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(kept: Kept) -> tuple[str, ...]:
    sealed = kept.sealed
    octets, _, files = sealed.get("payloadOxum", "-.-").partition(".")
    key = sealed["keyId"][:SHORT] if "keyId" in sealed else "-"
    bag = (sealed.get("status", "not sealed"), sealed.get("sealedAt", "-"), octets, files, key)
    return tuple(plain(cell) for cell in (kept.incident, *bag, kept.copied.get("retainUntil", "-"), kept.claim))
