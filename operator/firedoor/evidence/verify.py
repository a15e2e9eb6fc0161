"""Checking a bag: every altered byte and custody line is named; nothing is fixed, and nothing found is hidden.

Anyone with the bag can run it (`firedoor verify BAG`, `python -m firedoor.evidence.verify BAG`). Stands on hashing
alone. All faults are collected before anything is said.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firedoor.evidence.custody import NOTHING_BEFORE, digest

MANIFESTS = ("manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what it is, which file or line it is in, and what was seen."""

    kind: str
    where: str
    what: str


def verify(bag: Path) -> list[Finding]:
    """Every fault of the bag; an empty list says that each byte is as it was sealed."""
    return [*_manifests(bag), *_unexpected(bag), *_oxum(bag), *_custody(bag)]


def report(bag: Path) -> int:
    """Prints what was found, with anything unprintable escaped; 1 when something was."""
    findings = verify(bag)
    for finding in findings:
        print(ascii(f"{finding.kind}: {finding.where}: {finding.what}")[1:-1])
    print(f"{len(findings)} faults" if findings else "the bag is as it was sealed")
    return 1 if findings else 0


def _manifests(bag: Path) -> Iterator[Finding]:
    for name in MANIFESTS:
        if not (bag / name).is_file():
            yield Finding("FileMissing", name, "the manifest is not there")
            continue
        for path, expected in _entries(bag / name):
            yield from _file(bag, path, name.split("-")[1].removesuffix(".txt"), expected)


def _entries(manifest: Path) -> Iterator[tuple[str, str]]:
    for line in manifest.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        expected, _, path = line.partition("  ")
        yield path, expected


def _file(bag: Path, path: str, algorithm: str, expected: str) -> Iterator[Finding]:
    file = bag / path
    if not path or ".." in Path(path).parts or Path(path).is_absolute():
        yield Finding("BagMalformed", path, "a manifest names a path outside the bag")
    elif not file.is_file() or file.is_symlink():
        yield Finding("FileMissing", path, "listed, but not there as a plain file")
    else:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, algorithm).hexdigest()
        if found != expected:
            yield Finding("ChecksumMismatch", path, f"{algorithm} is {found}, sealed as {expected}")


def _unexpected(bag: Path) -> Iterator[Finding]:
    listed = {path for name in MANIFESTS if (bag / name).is_file() for path, _ in _entries(bag / name)}
    for file in sorted(bag.rglob("*")):
        path = str(file.relative_to(bag))
        if not file.is_dir() and path not in listed and path != "tagmanifest-sha256.txt":
            yield Finding("UnexpectedFile", path, "not listed in any manifest")


def _oxum(bag: Path) -> Iterator[Finding]:
    information = bag / "bag-info.txt"
    lines = information.read_text(errors="surrogateescape").splitlines() if information.is_file() else []
    claimed = next((line.partition(": ")[2] for line in lines if line.startswith("Payload-Oxum: ")), "")
    files = [file for file in (bag / "data").rglob("*") if file.is_file()]
    found = f"{sum(file.stat().st_size for file in files)}.{len(files)}"
    if claimed != found:
        yield Finding("OxumMismatch", "bag-info.txt", f"claims {claimed}, the payload is {found}")


def _custody(bag: Path) -> Iterator[Finding]:
    file = bag / "custody.jsonl"
    before = NOTHING_BEFORE
    for number, raw in enumerate(file.read_bytes().split(b"\n")[:-1] if file.is_file() else (), start=1):
        try:
            line = json.loads(raw)
            linked = line.get("prev") == before and line.get("seq") == number - 1
        except (ValueError, AttributeError):
            linked = False
        if not linked:
            yield Finding("CustodyBroken", f"custody.jsonl line {number}", "does not follow from the line before it")
        before = digest(raw)


if __name__ == "__main__":
    sys.exit(report(Path(sys.argv[1])))
