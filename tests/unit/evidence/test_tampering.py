"""Tampering with any file of a real bag is found, whatever is done to it: bytes, lines, names, order. Goes through them all."""

import asyncio
import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firedoor.cli.verify import judge
from firedoor.evidence.collector import sealed_result
from firedoor.evidence.ecdsa import twin
from firedoor.evidence.keep import Keeping, keep
from firedoor.evidence.seal import Seal
from firedoor.evidence.signature import check, sign
from firedoor.evidence.verify import Finding, verify
from tests.keys import public_pem
from tests.unit.evidence.apiserver import UID, ApiServer
from tests.unit.evidence.test_signature import KEY, KEYS

WHOLE, SAMPLES = 1024, 48
"""Files up to this size are gone through byte by byte; of larger ones every line, and this many bytes."""
SIGNATURES = ("signature.dsse.json", "signature.ecdsa")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag that a real collector filled, signed."""
    root = tmp_path_factory.mktemp("volume")
    target = tmp_path_factory.mktemp("target")
    (target / "dropped.php").write_bytes(b"evil\n")
    asyncio.run(ApiServer().collected(root, f"{target}/**"))
    (bag,) = root.iterdir()
    result = sealed_result(bag)
    signature = sign(Seal.told(UID, result), "2026-11-24T10:01:00Z", KEY)
    keep(root, Keeping(bag.name, result["tagManifestSHA256"], signature.envelope, signature.detached))
    return bag


@pytest.fixture
def bag(sealed: Path, tmp_path: Path) -> Path:
    """A copy that everything may be done to."""
    copy = tmp_path / sealed.name
    shutil.copytree(sealed, copy)
    for file in (copy, *copy.rglob("*")):
        file.chmod(0o700)
    assert faults(copy) == []
    return copy


def faults(bag: Path) -> list[Finding]:
    return [*verify(bag), *check(bag, KEYS)]


def files(bag: Path) -> list[Path]:
    return sorted(file for file in bag.rglob("*") if file.is_file())


def flipped(content: bytes) -> Iterator[bytes]:
    """The content with one byte changed: its lowest bit, or the case of a letter."""
    step = 1 if len(content) <= WHOLE else max(1, len(content) // SAMPLES)
    for at in range(0, len(content), step):
        yield content[:at] + bytes([content[at] ^ (1 if at % 2 else 0x20)]) + content[at + 1 :]


def relined(content: bytes) -> Iterator[bytes]:
    """The content with one line changed, taken out, doubled, or put behind the next one."""
    lines = content.splitlines(keepends=True)
    for at, line in enumerate(lines):
        yield b"".join((*lines[:at], bytes([line[0] ^ 1]), line[1:], *lines[at + 1 :]))
        yield b"".join((*lines[:at], *lines[at + 1 :]))
        yield b"".join((*lines[:at], line, *lines[at:]))
        if lines[at + 1 : at + 2] not in ([], [line]):
            yield b"".join((*lines[:at], lines[at + 1], line, *lines[at + 2 :]))


def resized(content: bytes) -> Iterator[bytes]:
    """Longer, shorter, empty."""
    yield content + b"\n"
    if content:
        yield content[:-1]
        yield b""


@pytest.mark.parametrize("altered", [flipped, relined, resized])
def test_no_change_of_a_content_goes_unseen(bag: Path, altered: Callable[[bytes], Iterator[bytes]]) -> None:
    tried = 0
    for file in files(bag):
        content = file.read_bytes()
        for other in altered(content):
            file.write_bytes(other)
            assert faults(bag), f"{file.relative_to(bag)}: {other!r} was not found"
            tried += 1
        file.write_bytes(content)
    assert faults(bag) == []
    assert tried > 30


def test_without_a_key_all_but_the_signature_itself_is_found(bag: Path) -> None:
    for file in files(bag):
        content = file.read_bytes()
        for other in resized(content):
            file.write_bytes(other)
            assert bool(verify(bag)) == (file.name not in SIGNATURES), file
        file.write_bytes(content)


def test_no_change_of_a_name_goes_unseen(bag: Path) -> None:
    for file in files(bag):
        for other in (file.with_name(f"{file.name}x"), file.with_name(f"x{file.name}"), bag / "data" / "elsewhere" / file.name):
            other.parent.mkdir(exist_ok=True)
            file.rename(other)
            assert faults(bag), f"{file} as {other}"
            other.rename(file)
            if other.parent.name == "elsewhere":
                other.parent.rmdir()
    assert faults(bag) == []


def test_files_that_change_places_are_found(bag: Path) -> None:
    for one, other in zip(files(bag), files(bag)[1:], strict=False):
        first, second = one.read_bytes(), other.read_bytes()
        if first != second:
            one.write_bytes(second)
            other.write_bytes(first)
            named = {finding.where for finding in faults(bag)}
            assert named, f"{one} and {other}"
            one.write_bytes(first)
            other.write_bytes(second)


def test_what_is_missing_added_linked_or_copied_is_found(bag: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    for file in files(bag):
        file.rename(aside)
        assert faults(bag), f"{file} is missing"
        file.symlink_to(aside)
        assert faults(bag), f"{file} is a link to itself"
        file.unlink()
        shutil.copy(aside, file.with_name(f"{file.name}.copy"))
        aside.rename(file)
        assert faults(bag), f"{file} has a copy"
        file.with_name(f"{file.name}.copy").unlink()
    for folder in (bag, *(entry for entry in bag.rglob("*") if entry.is_dir())):
        (folder / "added").mkdir()
        assert faults(bag), f"an empty folder in {folder}"
        (folder / "added").rmdir()
    assert faults(bag) == []


def test_the_twin_of_a_signature_is_not_the_one_that_was_made(bag: Path) -> None:
    """It is as right as the other, and whoever can write the bag can make it."""
    detached, envelope = bag / "signature.ecdsa", bag / "signature.dsse.json"
    content = detached.read_bytes()
    detached.write_bytes(twin(content))
    assert [(finding.kind, finding.where) for finding in faults(bag)] == [("SignatureWrong", "signature.ecdsa")]
    assert "twin" in faults(bag)[0].what
    detached.write_bytes(content)

    (signature,) = json.loads(envelope.read_bytes())["signatures"]
    other = base64.b64encode(twin(base64.b64decode(signature["sig"])))
    envelope.write_bytes(envelope.read_bytes().replace(signature["sig"].encode(), other))
    assert [(finding.kind, finding.where) for finding in faults(bag)] == [("SignatureWrong", "signature.dsse.json")]


def test_a_folder_that_is_a_link_to_one_just_like_it_is_not_in_the_bag(bag: Path, tmp_path: Path) -> None:
    folder = next(entry for entry in sorted((bag / "data").iterdir()) if entry.is_dir())
    shutil.move(folder, tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert {"FileMissing", "UnexpectedFile"} <= {finding.kind for finding in faults(bag)}


def test_the_exit_status_tells_scripts_how_it_went(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key.pem"
    key.write_text(public_pem(KEY))
    assert (judge(bag, [key]), judge(bag, [])) == (0, 0)
    assert "the signature is right" in capsys.readouterr().out
    assert judge(tmp_path, [key]) == 2
    assert judge(bag, [tmp_path / "none.pem"]) == 2
    capture = json.loads((bag / "capture.json").read_bytes())
    (bag / "capture.json").write_text(json.dumps(capture))
    assert judge(bag, [key]) == 1
    assert "ChecksumMismatch: capture.json" in capsys.readouterr().out
