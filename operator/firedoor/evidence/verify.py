"""Checking a bag: every altered byte and custody line is named; nothing is fixed, and nothing found is hidden.

Anyone with the bag can run it (`python -m firedoor.evidence.verify BAG`; the commands check the signature as well).
Stands on hashing alone. All faults are collected before anything is said. It shows that the bag agrees with itself; that
it is the one that was sealed, its signature shows, or the tag manifest's digest in the incident's status.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firedoor.evidence.custody import NOTHING_BEFORE, digest

PAYLOAD = ("manifest-sha256.txt", "manifest-sha512.txt")
TAGS = ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt")
PATH = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"
LINE = re.compile(rf"(?P<digest>[0-9a-f]{{64}}|[0-9a-f]{{128}})  (?P<path>{PATH})")
ENVELOPE, DETACHED = "signature.dsse.json", "signature.ecdsa"
"""Made of the tag manifests after them, so these cannot list them."""
UNLISTED = frozenset({*TAGS, ENVELOPE, DETACHED})
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what it is, which file or line it is in, and what was seen.

    Kinds: BagMalformed, FileMissing, UnexpectedFile, ChecksumMismatch, OxumMismatch, CustodyBroken, CustodyDisagrees; of
    signatures (signature.py) SignatureMissing, SignatureWrong, SignatureDisagrees.
    """

    kind: str
    where: str
    what: str


def verify(bag: Path) -> list[Finding]:
    """Every fault of the bag; an empty list says that each byte is as it was sealed."""
    if not (bag / "data").is_dir():
        return [Finding("BagMalformed", str(bag), "this is no folder with a bag in it")]
    files = _files(bag)
    return [*_declaration(bag), *_manifests(bag), *_unlisted(bag, files), *_empty(bag), *_oxum(bag, files), *_custody(bag)]


def tell(bag: Path, findings: list[Finding], signed: str = "") -> int:
    """Prints what was found, with anything unprintable escaped; 0: whole, 1: faults, 2: there was nothing to check.

    signed: what is known of the signature, in words; empty when none was asked for.
    """
    for finding in findings:
        print(plain(f"{finding.kind}: {finding.where}: {finding.what}"))
    if not (bag / "data").is_dir():
        return 2
    if findings:
        print(f"{len(findings)} faults")
        return 1
    print(signed or "the bag is as it was sealed, if these are the digests in the incident's status:")
    print(f"tagManifestSHA256 {_digest(bag / TAGS[0])}")
    print(f"custodyHead {digest((bag / 'custody.jsonl').read_bytes().splitlines()[-1])}")
    return 0


def plain(text: str) -> str:
    """The text in ASCII, on one line, for a terminal: names and notes may be an attacker's."""
    return ascii(text)[1:-1]


def safe(path: str) -> bool:
    """Whether a path is one that a bag can have: plain words, none of which leads out of it or hides."""
    return re.fullmatch(PATH, path) is not None


def _files(bag: Path) -> frozenset[str]:
    """Everything in the bag that is no folder; links are never followed."""
    return frozenset(
        os.path.relpath(Path(folder, name), bag)
        for folder, folders, names in os.walk(bag)
        for name in (*names, *(inner for inner in folders if Path(folder, inner).is_symlink()))
    )


def _empty(bag: Path) -> Iterator[Finding]:
    """A bag has files, and folders only for them."""
    for folder, folders, names in os.walk(bag):
        if not folders and not names:
            yield Finding("UnexpectedFile", os.path.relpath(folder, bag), "is an empty folder")


def _declaration(bag: Path) -> Iterator[Finding]:
    file = bag / "bagit.txt"
    if _plain(file) and file.read_bytes() != DECLARATION:
        yield Finding("BagMalformed", "bagit.txt", "does not declare BagIt 1.0 in UTF-8")


def _manifests(bag: Path) -> Iterator[Finding]:
    for name in (*PAYLOAD, *TAGS):
        if not _plain(bag / name):
            yield Finding("FileMissing", name, "the manifest is not there as a plain file")
            continue
        if not (bag / name).read_bytes().endswith(b"\n"):
            yield Finding("BagMalformed", name, "is cut off")
        algorithm = name.partition("-")[2].removesuffix(".txt")
        listed: set[str] = set()
        for number, line in enumerate(_lines(bag / name), start=1):
            entry = LINE.fullmatch(line)
            if entry is None or entry["path"] in listed:
                yield Finding("BagMalformed", f"{name} line {number}", "is no entry, or one that stands there twice")
            else:
                if listed and entry["path"] < max(listed):
                    yield Finding("BagMalformed", f"{name} line {number}", "is not where it was when the bag was sealed")
                listed.add(entry["path"])
                yield from _file(bag, entry["path"], algorithm, entry["digest"])


def _file(bag: Path, path: str, algorithm: str, expected: str) -> Iterator[Finding]:
    if not _plain(bag / path):
        yield Finding("FileMissing", path, "listed, but not there as a plain file")
    elif (found := _digest(bag / path, algorithm)) != expected:
        yield Finding("ChecksumMismatch", path, f"{algorithm} is {found}, sealed as {expected}")


def _unlisted(bag: Path, files: frozenset[str]) -> Iterator[Finding]:
    for name in (*PAYLOAD, *TAGS):
        listed = {entry["path"] for line in _lines(bag / name) if (entry := LINE.fullmatch(line))}
        ours = {path for path in files if path.startswith("data/") == (name in PAYLOAD)} - UNLISTED
        for path in sorted(ours - listed):
            yield Finding("UnexpectedFile", path, f"not listed in {name}")


def _oxum(bag: Path, files: frozenset[str]) -> Iterator[Finding]:
    claims = [line.partition(": ")[2] for line in _lines(bag / "bag-info.txt") if line.startswith("Payload-Oxum: ")]
    payload = [path for path in files if path.startswith("data/")]
    found = f"{sum((bag / path).lstat().st_size for path in payload)}.{len(payload)}"
    if claims != [found]:
        yield Finding("OxumMismatch", "bag-info.txt", f"claims {' and '.join(claims) or 'nothing'}, the payload is {found}")


def _custody(bag: Path) -> Iterator[Finding]:
    raw = (bag / "custody.jsonl").read_bytes() if _plain(bag / "custody.jsonl") else b""
    *lines, rest = raw.split(b"\n")
    if rest or not lines:
        yield Finding("CustodyBroken", f"custody.jsonl line {len(lines) + 1}", "is cut off")
    before, dropped = NOTHING_BEFORE, _dropped(lines)
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        where = f"custody.jsonl line {number}"
        if entry.get("seq") != number - 1:
            yield Finding("CustodyBroken", where, f"is not the line that was written as number {number}")
        if entry.get("prev") != before:
            yield Finding("CustodyBroken", where, f"keeps another hash of line {number - 1} than that line has")
        yield from _payload_as_noted(bag, where, entry, dropped)
        before = digest(line)
    claimed = [line.partition(": ")[2] for line in _lines(bag / "bag-info.txt") if line.startswith("Custody-Head-SHA256: ")]
    if claimed != [before]:
        yield Finding("CustodyBroken", f"custody.jsonl line {len(lines)}", "is not the line that bag-info.txt knows as the last")


def _payload_as_noted(bag: Path, where: str, entry: Mapping[str, Any], dropped: frozenset[str]) -> Iterator[Finding]:
    artifact = entry.get("artifact")
    hashes = artifact.get("hashes") if isinstance(artifact, dict) else None
    path = str(entry.get("object", ""))
    if not isinstance(hashes, dict) or path in dropped:
        return
    if not LINE.fullmatch(f"{'0' * 64}  {path}") or not _plain(bag / path):
        yield Finding("CustodyDisagrees", where, f"tells of {path}, which is not there")
    elif (found := _digest(bag / path)) != hashes.get("sha256"):
        yield Finding(
            "CustodyDisagrees", where, f"tells of {path} with another content: sha256 was {hashes.get('sha256')}, is {found}"
        )


def _dropped(lines: list[bytes]) -> frozenset[str]:
    """Parts of long logs that were given up for newer ones; custody keeps their hashes."""
    entries = (_entry(line) for line in lines)
    return frozenset(str(entry.get("object")) for entry in entries if entry.get("action") == "artifact.dropped")


def _entry(line: bytes) -> Mapping[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _lines(file: Path) -> list[str]:
    """Lines by line feed alone; bytes that are not UTF-8 stay what they are."""
    if not _plain(file):
        return []
    return file.read_bytes().decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")


def _plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _digest(file: Path, algorithm: str = "sha256") -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()


if __name__ == "__main__":
    sys.exit(tell(Path(sys.argv[1]), verify(Path(sys.argv[1]))))
