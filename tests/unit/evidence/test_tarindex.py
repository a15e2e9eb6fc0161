"""The tar index: it says what is in a stream, whatever is in it, and never needs the whole of it."""

import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedoor.evidence.tarindex import TarStream, index
from tests.unit.evidence.archives import archive


def indexed(data: bytes, step: int = 1 << 20) -> tuple[list[dict[str, Any]], TarStream]:
    pieces, tar = [data[at : at + step] for at in range(0, len(data), step)], TarStream()
    for piece in pieces:
        tar.follow(piece)
    return [json.loads(line) for line in index(pieces)], tar


def test_names_sizes_and_hashes_are_those_of_the_archive() -> None:
    found, tar = indexed(archive(("tmp/a", b"evil\n"), ("tmp/b", b"")))
    assert [(entry["name"], entry["size"]) for entry in found] == [("tmp/a", 5), ("tmp/b", 0)]
    assert found[0]["sha256"] == "886b67480dbe73b406ad83a1dd6d9596f93089d90c220ccfc91944c95f1c68c4"
    assert tar.ended


def test_an_archive_that_was_cut_has_no_end() -> None:
    data = archive(("tmp/a", b"x" * 5000))
    assert not indexed(data[:3000])[1].ended


def test_long_names_are_read_in_both_forms() -> None:
    name = "d/" * 150 + "file"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert [entry["name"] for entry in indexed(archive((name, b"x"), form=form))[0]] == [name]


@given(st.lists(st.binary(max_size=2000), max_size=5), st.integers(1, 700))
def test_how_the_stream_is_cut_into_pieces_does_not_matter(contents: list[bytes], step: int) -> None:
    data = archive(*((f"f{number}", content) for number, content in enumerate(contents)))
    assert indexed(data, step)[0] == indexed(data)[0]


@given(st.binary(max_size=4000))
def test_anything_at_all_is_survived(data: bytes) -> None:
    indexed(data, 100)


def test_links_say_where_they_lead_and_unreadable_names_are_kept_in_base64() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as made:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, "t" * 150
        made.addfile(link)
        made.addfile(tarfile.TarInfo("\udcff"))
    found, tar = indexed(buffer.getvalue())
    assert found[0]["link"] == "t" * 150
    assert (found[1]["name_b64"], "name" in found[1]) == ("/w==", False)
    assert tar.ended


def test_a_header_whose_checksum_is_wrong_ends_the_index() -> None:
    data = bytearray(archive(("tmp/a", b"x")))
    data[0] ^= 1
    found, tar = indexed(bytes(data))
    assert found == []
    assert tar.broken


def test_the_true_length_of_a_sparse_file_is_told() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("huge")
        entry.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40)}
        entry.size = 512
        tar.addfile(entry, io.BytesIO(b"1\n0\n0\n".ljust(512, b"\0")))
    assert [(line["name"], line["sparse"]) for line in indexed(buffer.getvalue())[0]] == [("huge", 1 << 40)]


def entry(name: str, **figures: Any) -> bytes:
    """The header of an entry, as Python writes it."""
    header = tarfile.TarInfo(name)
    for figure, value in figures.items():
        setattr(header, figure, value)
    return header.tobuf(tarfile.PAX_FORMAT)


def said(*records: str) -> bytes:
    """A pax header with these records, whose lengths have two digits."""
    header = tarfile.TarInfo("pax")
    content = b"".join(f"{len(record) + 4} {record}\n".encode() for record in records)
    header.type, header.size = tarfile.XHDTYPE, len(content)
    return header.tobuf(tarfile.USTAR_FORMAT) + content.ljust(tarfile.BLOCKSIZE, b"\0")


def test_owners_and_times_that_do_not_fit_into_a_header_are_told_as_they_are() -> None:
    large = entry("large", uid=1_000_650_000, gid=1_000_650_001, mtime=1_780_000_000.75)
    found, tar = indexed(large + entry("small", uid=1000, gid=1000, mtime=5) + b"\0" * 1024)
    assert [(line["uid"], line["gid"], line["mtime"]) for line in found] == [
        (1_000_650_000, 1_000_650_001, 1_780_000_000),
        (1000, 1000, 5),
    ]
    assert tar.ended


def test_what_lies_in_a_file_of_nine_gibibytes_is_never_taken_for_the_next_entry() -> None:
    tar = TarStream()
    found = list(tar.feed(entry("disk.img", size=9 << 30) + entry("forged") + b"\0" * 1024))
    assert [line for line in found if isinstance(line, dict)] == []
    assert not tar.ended


def test_the_length_that_is_said_before_an_entry_is_its_length() -> None:
    data = said("size=513") + entry("disk.img", size=0) + b"x" * 513 + b"\0" * 511 + entry("next") + b"\0" * 1024
    found, tar = indexed(data)
    assert [(line["name"], line["size"]) for line in found] == [("disk.img", 513), ("next", 0)]
    assert tar.ended


@pytest.mark.parametrize("size", ["-5", "x", "9" * 40, "1e3"])
def test_a_length_that_is_none_ends_the_index(size: str) -> None:
    found, tar = indexed(said(f"size={size}") + entry("next") + b"\0" * 1024)
    assert found == []
    assert tar.broken


def test_a_header_says_its_figures_of_the_next_entry_alone() -> None:
    data = said("size=0", "uid=0000077") + entry("a", size=0) + entry("b")
    assert [(line["name"], line["uid"]) for line in indexed(data + b"\0" * 1024)[0]] == [("a", 77), ("b", 0)]
