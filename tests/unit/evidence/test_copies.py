"""Copies, as far as they need no store: how files are cut, what answers mean, and what a bag must be to be copied."""

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedoor.evidence.copies import cut
from firedoor.evidence.copies.answers import error, parsed
from firedoor.evidence.copies.cut import PART, PARTS_MOST, Cut, Meter, blocks, measured, part_size
from firedoor.evidence.copies.listing import listed
from firedoor.evidence.copies.refused import Refused
from tests.unit.evidence.test_bag import filled

MIB = 1 << 20


def by_hand(content: bytes) -> str:
    """The checksum that Amazon S3 documents for an object in parts."""
    parts = [content[at : at + PART] for at in range(0, len(content), PART)] or [b""]
    digests = [hashlib.sha256(part).digest() for part in parts]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256(b"".join(digests)).digest()
    return base64.b64encode(whole).decode() + (f"-{len(digests)}" if len(digests) > 1 else "")


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5])
def test_a_file_is_measured_as_a_store_measures_it(tmp_path: Path, size: int) -> None:
    content = bytes(index % 251 for index in range(1 << 10)) * (size // (1 << 10) + 1)
    (tmp_path / "file").write_bytes(content[:size])
    found = measured(tmp_path / "file")
    assert (found.size, found.sha256) == (size, hashlib.sha256(content[:size]).hexdigest())
    assert found.checksum == by_hand(content[:size])
    spans = [found.span(number) for number in range(len(found.parts))]
    assert b"".join(block for span in spans for block in blocks(tmp_path / "file", *span)) == content[:size]


@given(st.lists(st.integers(0, 3 * MIB), max_size=12))
def test_it_does_not_matter_in_which_blocks_a_file_comes(lengths: list[int]) -> None:
    size = sum(lengths)
    together, apart = Meter(size), Meter(size)
    together.take(bytes(size))
    for length in lengths:
        apart.take(bytes(length))
    assert together.cut() == apart.cut()


@given(st.integers(0, 50 << 40))
def test_no_file_has_more_parts_than_a_store_takes(size: int) -> None:
    step = part_size(size)
    assert -(-size // step) <= PARTS_MOST
    assert step >= PART
    assert step % MIB == 0


def test_the_parts_of_a_file_cover_it_without_a_gap() -> None:
    one = Cut(20 * MIB + 3, "", (b"",) * 3)
    assert [one.span(number) for number in range(3)] == [(0, PART), (PART, PART), (2 * PART, 4 * MIB + 3)]
    assert cut.encoded(b"\0" * 32) == "A" * 43 + "="


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, "", "NotThere"),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", "NoSuchBucket"),
        (403, "", "AccessDenied"),
        (403, "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>", "AccessDenied"),
        (501, "<Error><Code>NotImplemented</Code></Error>", "ObjectLockOff"),
        (503, "<html>", "StoreUnavailable"),
        (301, "<Error><Code>PermanentRedirect</Code></Error>", "StoreRefused"),
        (400, "not xml \x1b]0;owned\x07", "StoreRefused"),
    ],
)
def test_an_error_is_one_word_and_one_harmless_sentence(status: int, body: str, reason: str) -> None:
    found = error(status, body.encode(), "GET https://store/bucket")
    assert (found.reason, found.passing) == (reason, reason == "StoreUnavailable")
    assert found.message.startswith("GET https://store/bucket: ")
    assert found.message.isprintable()


def test_answers_are_understood_with_and_without_a_namespace_and_entities_that_multiply_are_not_read() -> None:
    for head in ("<A>", '<A xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'):
        assert parsed(f"{head}<B>1</B></A>".encode()).findtext("B") == "1"
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(12))
    with pytest.raises(Refused, match="not understood"):
        parsed(f"<!DOCTYPE A [{entities}]><A>&e11;</A>".encode())


def test_every_file_of_a_bag_is_listed_the_tag_manifest_last(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    sealed_as = hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    found = listed(bag, sealed_as)
    assert set(found) == {str(file.relative_to(bag)) for file in bag.rglob("*") if file.is_file()}
    assert list(found)[-1] == "tagmanifest-sha256.txt"
    unlisted = {path for path, digest in found.items() if digest is None}
    assert unlisted == {"tagmanifest-sha256.txt", "tagmanifest-sha512.txt"}


def test_a_link_in_a_bag_is_never_followed(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    sealed_as = hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    bag.chmod(0o755)
    (bag / "capture.json").unlink()
    (bag / "capture.json").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="no file that a bag can have"):
        listed(bag, sealed_as)
    with pytest.raises(Refused, match="there is no bag"):
        listed(tmp_path / "none", sealed_as)
