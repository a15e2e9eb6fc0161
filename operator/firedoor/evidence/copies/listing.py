"""What a sealed bag consists of, and the digest that each file was sealed with.

Nothing is copied that is not what was sealed: a lock would keep a forgery for years. Stands on hashing alone.
"""

import os
from pathlib import Path

from firedoor.evidence.artifact import file_digest
from firedoor.evidence.copies.refused import Refused
from firedoor.evidence.seal import SIGNED
from firedoor.evidence.verify import DETACHED, ENVELOPE, LINE, PAYLOAD, safe

UNLISTED = frozenset({SIGNED, "tagmanifest-sha512.txt", ENVELOPE, DETACHED})
"""What no manifest lists: the manifests of the manifests, and the signature, which came after them."""


def listed(bag: Path, sealed_as: str) -> dict[str, str | None]:
    """The files in the order in which they are copied, with their SHA-256 where a manifest says it.

    The tag manifest comes last: a copy that has one has everything. sealed_as: SHA-256 of the tag manifest as the
    controller knows it. Refused: BagAltered.
    """
    if not bag.is_dir():
        raise Refused("BagMissing", f"there is no bag {bag.name} on the volume")
    there = _files(bag)
    if gone := sorted({SIGNED, PAYLOAD[0]} - there):
        raise Refused("BagAltered", f"{gone[0]} is gone from the bag on the volume")
    tags = _manifest(bag / SIGNED, sealed_as)
    sealed = {**tags, **_manifest(bag / PAYLOAD[0], tags.get(PAYLOAD[0], ""))}
    if missing := sorted(sealed.keys() - there):
        raise Refused("BagAltered", f"{missing[0]} is gone from the bag on the volume")
    if unknown := sorted(there - sealed.keys() - UNLISTED):
        raise Refused("BagAltered", f"{unknown[0]} was not in the bag when it was sealed")
    return {path: sealed.get(path) for path in sorted(there, key=lambda path: (path == SIGNED, path))}


def _manifest(file: Path, sealed_as: str) -> dict[str, str]:
    if (found := file_digest(file)) != sealed_as:
        raise altered(file.name, found, sealed_as)
    entries = (LINE.fullmatch(line) for line in file.read_text("ascii").splitlines())
    return {entry["path"]: entry["digest"] for entry in entries if entry}


def altered(path: str, found: str, sealed: str) -> Refused:
    """A file that is not as it was sealed."""
    return Refused("BagAltered", f"{path} on the volume has the digest {found}, sealed was {sealed}")


def _files(bag: Path) -> set[str]:
    """Plain files alone; links are never followed, and what has no name of a bag was not put there by firedoor."""
    found = {os.path.relpath(Path(folder, name), bag) for folder, _, names in os.walk(bag) for name in names}
    if strange := sorted(path for path in found if not safe(path) or (bag / path).is_symlink() or not (bag / path).is_file()):
        raise Refused("BagAltered", f"{strange[0]!a} is no file that a bag can have")
    return found
