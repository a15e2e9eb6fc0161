"""Lays a signature into its sealed bag: the only thing that is written to a bag after its seal.

Runs as a Job of its own (`firedoor keep-signature`), without a token and without the key: it gets finished signatures.
It looks first whether the bag on the volume is the one that was signed, and refuses to touch any other.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from firedoor.evidence.artifact import file_digest
from firedoor.evidence.seal import SIGNED
from firedoor.evidence.verify import DETACHED, ENVELOPE
from firedoor.evidence.volume import flush_folder

ORDER = "FIREDOOR_SIGNATURE"


class NotThatBag(Exception):
    """The bag on the volume is not the one that was signed."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What to lay into which bag."""

    bundle: str
    signed: str
    """SHA-256 of the tag manifest that was signed."""
    envelope: str
    detached: str
    """In base64."""

    @classmethod
    def load(cls, text: str) -> Self:
        return cls(**json.loads(text))


def keep(root: Path, order: Keeping) -> None:
    """Writes both files and makes the folder read-only again; twice is as good as once."""
    bag = root / order.bundle
    found = file_digest(bag / SIGNED)
    if found != order.signed:
        raise NotThatBag(f"the tag manifest of {bag} has the digest {found}, signed was {order.signed}")
    bag.chmod(0o755)
    try:
        _write(bag / ENVELOPE, order.envelope.encode())
        _write(bag / DETACHED, base64.b64decode(order.detached, validate=True))
        flush_folder(bag)
    finally:
        bag.chmod(0o555)


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with part.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    part.chmod(0o444)
    part.rename(file)


def main(environment: Mapping[str, str]) -> None:
    """Carries out the order of the environment."""
    keep(Path(environment.get("FIREDOOR_EVIDENCE_ROOT", "/evidence")), Keeping.load(environment[ORDER]))
