"""Checking a bag: every altered byte and custody line is named; nothing is fixed, and nothing found is hidden.

Anyone with the bag can run it (`python -m firedoor.evidence.verify BAG`; the commands check the signature as well).
Stands on hashing alone. All faults are collected before anything is said. It shows that the bag agrees with itself; that
it is the one that was sealed, its signature shows, or the tag manifest's digest in the incident's status.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firedoor.evidence.artifact import file_digest
from firedoor.evidence.contents import Contents
from firedoor.evidence.custody import NOTHING_BEFORE, digest

PAYLOAD = ("manifest-sha256.txt", "manifest-sha512.txt")
TAGS = ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt")
PATH = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"
PATH_MOST = 512
LINE = re.compile(rf"(?P<digest>[0-9a-f]{{64}}|[0-9a-f]{{128}})  (?P<path>{PATH})")
ENVELOPE, DETACHED = "signature.dsse.json", "signature.ecdsa"
"""Made of the tag manifests after them, so these cannot list them."""
UNLISTED = frozenset({*TAGS, ENVELOPE, DETACHED})
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what it is, which file or line it is in, and what was seen.

    Kinds: BagMalformed, FileMissing, UnexpectedFile, ChecksumMismatch, OxumMismatch, CustodyBroken, CustodyDisagrees,
    Unreadable; of signatures (signature.py) SignatureMissing, SignatureWrong, SignatureDisagrees.
    """

    kind: str
    where: str
    what: str


def verify(bag: Path) -> list[Finding]:
    """Every fault of the bag; an empty list says that each byte is as it was sealed."""
    if not is_bag(bag):
        return [Finding("BagMalformed", str(bag), "this is no folder with a bag in it")]
    here = Contents(bag)
    empty = (Finding("UnexpectedFile", folder.rstrip("/"), "is an empty folder") for folder in here.empty)
    faults = [*_declaration(here), *_manifests(here), *_unlisted(here), *empty, *_oxum(here), *_custody(here)]
    return [*faults, *(Finding("Unreadable", path, f"cannot be read: {why}") for path, why in here.unreadable.items())]


def is_bag(bag: Path) -> bool:
    """Whether there is anything to check."""
    return os.path.isdir(bag / "data")  # noqa: PTH112 -- pathlib's raises where it may not look


def tell(bag: Path, findings: list[Finding], signed: str = "") -> int:
    """Prints what was found, with anything unprintable escaped; 0: whole, 1: faults, 2: there was nothing to check.

    signed: what is known of the signature, in words; empty when none was asked for.
    """
    for finding in findings:
        print(plain(f"{finding.kind}: {finding.where}: {finding.what}"))
    if not is_bag(bag):
        return 2
    if findings:
        print(f"{len(findings)} faults")
        return 1
    print(signed or "the bag is as it was sealed, if these are the digests in the incident's status:")
    print(f"tagManifestSHA256 {file_digest(bag / TAGS[0])}")
    print(f"custodyHead {digest((bag / 'custody.jsonl').read_bytes().splitlines()[-1])}")
    return 0


def plain(text: str) -> str:
    """The text in ASCII, on one line, for a terminal: names and notes may be an attacker's."""
    return ascii(text)[1:-1]


def safe(path: str) -> bool:
    """Whether a path is one that a bag can have: plain words, none of which leads out of it or hides, and not without end."""
    return len(path) <= PATH_MOST and re.fullmatch(PATH, path) is not None


def _declaration(here: Contents) -> Iterator[Finding]:
    if "bagit.txt" in here.sizes and here.content("bagit.txt") != DECLARATION:
        yield Finding("BagMalformed", "bagit.txt", "does not declare BagIt 1.0 in UTF-8")


def _manifests(here: Contents) -> Iterator[Finding]:
    for name in (*PAYLOAD, *TAGS):
        if name not in here.sizes:
            yield Finding("FileMissing", name, "the manifest is not there as a plain file")
            continue
        if not here.content(name).endswith(b"\n"):
            yield Finding("BagMalformed", name, "is cut off")
        yield from _entries(here, name)


def _entries(here: Contents, name: str) -> Iterator[Finding]:
    """Faults of the lines of a manifest, and of the files that they name."""
    algorithm = name.partition("-")[2].removesuffix(".txt")
    listed, last = set[str](), ""
    for number, line in enumerate(here.lines(name), start=1):
        entry = LINE.fullmatch(line)
        if entry is None or entry["path"] in listed:
            yield Finding("BagMalformed", f"{name} line {number}", "is no entry, or one that stands there twice")
            continue
        if entry["path"] < last:
            yield Finding("BagMalformed", f"{name} line {number}", "is not where it was when the bag was sealed")
        last = max(last, entry["path"])
        listed.add(entry["path"])
        yield from _file(here, entry["path"], algorithm, entry["digest"])


def _file(here: Contents, path: str, algorithm: str, expected: str) -> Iterator[Finding]:
    if path not in here.sizes:
        yield Finding("FileMissing", path, "listed, but not there as a plain file")
    elif (found := here.digest(path, algorithm)) not in (expected, ""):
        yield Finding("ChecksumMismatch", path, f"{algorithm} is {found}, sealed as {expected}")


def _unlisted(here: Contents) -> Iterator[Finding]:
    for name in (*PAYLOAD, *TAGS):
        listed = {entry["path"] for line in here.lines(name) if (entry := LINE.fullmatch(line))}
        ours = {path for path in here.files if path.startswith("data/") == (name in PAYLOAD)} - UNLISTED
        for path in sorted(ours - listed):
            yield Finding("UnexpectedFile", path, f"not listed in {name}")


def _oxum(here: Contents) -> Iterator[Finding]:
    claims = _claims(here, "Payload-Oxum")
    payload = [here.sizes.get(path, 0) for path in here.files if path.startswith("data/")]
    found = f"{sum(payload)}.{len(payload)}"
    if claims != [found]:
        yield Finding("OxumMismatch", "bag-info.txt", f"claims {' and '.join(claims) or 'nothing'}, the payload is {found}")


def _claims(here: Contents, field: str) -> list[str]:
    return [line.partition(": ")[2] for line in here.lines("bag-info.txt") if line.startswith(f"{field}: ")]


def _custody(here: Contents) -> Iterator[Finding]:
    *lines, rest = here.content("custody.jsonl").split(b"\n")
    if rest or not lines:
        yield Finding("CustodyBroken", f"custody.jsonl line {len(lines) + 1}", "is cut off")
    entries = [_entry(line) for line in lines]
    before, dropped = NOTHING_BEFORE, _dropped(entries)
    for number, (line, entry) in enumerate(zip(lines, entries, strict=True), start=1):
        where = f"custody.jsonl line {number}"
        if entry.get("seq") != number - 1:
            yield Finding("CustodyBroken", where, f"is not the line that was written as number {number}")
        if entry.get("prev") != before:
            yield Finding("CustodyBroken", where, f"keeps another hash of line {number - 1} than that line has")
        yield from _payload_as_noted(here, where, entry, dropped)
        before = digest(line)
    if _claims(here, "Custody-Head-SHA256") != [before]:
        yield Finding("CustodyBroken", f"custody.jsonl line {len(lines)}", "is not the line that bag-info.txt knows as the last")


def _payload_as_noted(here: Contents, where: str, entry: Mapping[str, Any], dropped: frozenset[str]) -> Iterator[Finding]:
    artifact = entry.get("artifact")
    hashes = artifact.get("hashes") if isinstance(artifact, dict) else None
    path = _object(entry)
    if not isinstance(hashes, dict) or path in dropped:
        return
    expected = hashes.get("sha256")
    if path not in here.sizes:
        yield Finding("CustodyDisagrees", where, f"tells of {path or 'nothing'}, which is not there")
    elif (found := here.digest(path, "sha256")) not in (expected, ""):
        was = expected if isinstance(expected, str) else "no digest"
        yield Finding("CustodyDisagrees", where, f"tells of {path} with another content: sha256 was {was}, is {found}")


def _dropped(entries: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Parts of long logs that were given up for newer ones; custody keeps their hashes."""
    return frozenset(_object(entry) for entry in entries if entry.get("action") == "artifact.dropped")


def _object(entry: Mapping[str, Any]) -> str:
    """The path that a line is about; empty where it names none."""
    path = entry.get("object")
    return path if isinstance(path, str) else ""


def _entry(line: bytes) -> Mapping[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


if __name__ == "__main__":
    sys.exit(tell(Path(sys.argv[1]), verify(Path(sys.argv[1]))))
