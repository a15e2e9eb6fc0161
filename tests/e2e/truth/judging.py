"""The judgement: what firedoor claimed of a suspect, held against the bytes that came through. Pure.

Both are times on one clock. A byte that came through while `Isolated` was True is counted, whatever way it took. A story that
breaks an isolation itself says when: the claim that stood at that moment may stand a few seconds longer, and no later one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

NOTICED_SECONDS = 5.0
"""How soon a claim that was broken by the story has to be taken back."""
FOREVER = float("inf")


class Way(NamedTuple):
    """One way into the suspect or out of it."""

    direction: str
    kind: str


NEW = frozenset(Way(direction, kind) for direction in ("Ingress", "Egress") for kind in ("new", "datagram"))
OPEN_BEFORE = frozenset(Way(direction, kind) for direction in ("Ingress", "Egress") for kind in ("kept", "stream"))
OUTWARD = frozenset(Way("Egress", kind) for kind in ("new", "datagram", "kept", "stream"))
EVERYTHING = NEW | OPEN_BEFORE
NOTHING: frozenset[Way] = frozenset()


@dataclass(frozen=True, slots=True)
class Byte:
    """One byte that came through."""

    at: float
    way: Way


@dataclass(frozen=True, slots=True)
class Claim:
    """What `Isolated` said from a moment on."""

    at: float
    status: str
    reason: str


def isolated_while_bytes_passed(claims: Sequence[Claim], came: Iterable[Byte], broken: Sequence[float] = ()) -> int:
    """How many bytes came through while the suspect was said to be isolated."""
    ends = [*(claim.at for claim in claims), FOREVER][1:]
    held = [(claim.at, end) for claim, end in zip(claims, ends, strict=True) if claim.status == "True"]
    return sum(1 for byte in came for since, until in held if since <= byte.at < until and not _excused(byte.at, since, broken))


def _excused(at: float, claimed: float, broken: Sequence[float]) -> bool:
    return any(claimed <= moment <= at <= moment + NOTICED_SECONDS for moment in broken)


def passing(came: Iterable[Byte], since: float) -> frozenset[Way]:
    """The ways on which anything came through since then."""
    return frozenset(byte.way for byte in came if byte.at >= since)


def taken_back(claims: Sequence[Claim]) -> int:
    """How often an isolation was claimed and then was not any more."""
    return sum(1 for before, after in pairwise(claims) if before.status == "True" != after.status)
