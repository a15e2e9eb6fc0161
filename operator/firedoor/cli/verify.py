"""Checking a bag, offline: with public keys its signature as well. The exit status is for scripts.

0: every byte is as it was sealed, and signed by one of the keys where keys were given. 1: faults, each named. 2: nothing
was checked, because there is no bag, or a key is none.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from firedoor.evidence import verify
from firedoor.evidence.signature import PublicKeys, check, public_keys

WHOLE, FAULTS, UNCHECKED = 0, 1, 2


def judge(bag: Path, keys: Sequence[Path]) -> int:
    """Checks, tells, and says how it went."""
    try:
        known = public_keys(*(key.read_bytes() for key in keys))
    except (OSError, ValueError) as error:
        print(f"a public key cannot be used: {error}", file=sys.stderr)
        return UNCHECKED
    return judged(bag, known if keys else None)


def judged(bag: Path, known: PublicKeys | None) -> int:
    """The same with keys that were read already, also none at all; with None the signature is not looked at."""
    findings = verify.verify(bag)
    if known is None or not verify.is_bag(bag):
        return verify.tell(bag, findings)
    return verify.tell(
        bag, [*findings, *check(bag, known)], "every byte that was signed is as it was sealed, and the signature is right:"
    )
