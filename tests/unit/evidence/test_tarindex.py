"""The tar index: it says what is in a stream, whatever is in it, and never needs the whole of it."""

import io
import json
import tarfile
from typing import Any

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
