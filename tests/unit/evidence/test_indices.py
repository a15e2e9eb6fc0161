"""The index beside an archive: made of what lies on the volume, once, and as whole as the archive."""

import json
from pathlib import Path
from typing import Any

from firedoor.evidence import indices
from firedoor.evidence.artifact import Artifact
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import Kind
from tests.unit.evidence.archives import archive
from tests.unit.evidence.test_bag import INFORMATION, accepted_by_others, opened, small_volume

__all__ = ("small_volume",)

EVIL = "886b67480dbe73b406ad83a1dd6d9596f93089d90c220ccfc91944c95f1c68c4"
FILES = "data/03-filesystem/web/files.tar"
DATA = archive(("tmp/a", b"evil\n"), ("tmp/b", b""))


def holding(root: Path, planned: str = FILES, kind: Kind = Kind.FILES, data: bytes = DATA, cut: str = "") -> Bag:
    bag = opened(root)
    with bag.artifact(planned, {"kind": kind, "container": "web"}) as writer:
        writer.write(data)
        if cut:
            writer.artifact.short(cut)
    return bag


def listed(bag: Bag) -> list[Artifact]:
    return [one for one in bag.artifacts.values() if one.source.get("kind") == Kind.INDEX]


def entries(bag: Bag, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (bag.folder / path).read_bytes().splitlines()]


def test_it_stands_beside_its_archive_and_has_each_files_digest(tmp_path: Path) -> None:
    bag = holding(tmp_path)
    indices.write(bag)
    (found,) = listed(bag)
    assert (found.path, found.source["of"], found.status) == ("data/03-filesystem/web/index.jsonl", FILES, "complete")
    assert [(entry["name"], entry["sha256"] == EVIL) for entry in entries(bag, found.path)] == [("tmp/a", True), ("tmp/b", False)]


def test_that_of_another_archive_has_its_name(tmp_path: Path) -> None:
    bag = holding(tmp_path, "data/03-filesystem/web/tmpfs.tar", Kind.TMPFS)
    indices.write(bag)
    assert [one.path for one in listed(bag)] == ["data/03-filesystem/web/tmpfs.index.jsonl"]


def test_that_of_a_cut_archive_is_cut_for_the_same_reason(tmp_path: Path) -> None:
    bag = holding(tmp_path, data=DATA[:1024], cut="StreamTruncated")
    indices.write(bag)
    assert [(one.status, one.reason) for one in listed(bag)] == [("partial", "StreamTruncated")]
    assert [entry["name"] for entry in entries(bag, "data/03-filesystem/web/index.jsonl")] == ["tmp/a"]


def test_it_is_made_once(tmp_path: Path) -> None:
    indices.write(holding(tmp_path))
    resumed = opened(tmp_path)
    indices.write(resumed)
    assert [one.path for one in listed(resumed)] == ["data/03-filesystem/web/index.jsonl"]


def test_what_an_earlier_collector_left_of_an_archive_is_listed_too(tmp_path: Path) -> None:
    writer = opened(tmp_path).begin(FILES, {"kind": Kind.FILES})
    writer.write(DATA[:1024])
    resumed = opened(tmp_path)
    indices.write(resumed)
    (found,) = listed(resumed)
    assert found.source["of"] == f"{FILES}.salvaged"
    assert [entry["name"] for entry in entries(resumed, found.path)] == ["tmp/a"]


def test_an_archive_that_is_not_given_back_is_said_to_be_missing_in_it(tmp_path: Path) -> None:
    bag = holding(tmp_path)
    (bag.folder / FILES).unlink()
    indices.write(bag)
    assert [(one.status, one.reason) for one in listed(bag)] == [("partial", "ReadErrors")]


def test_what_is_no_archive_has_none(tmp_path: Path) -> None:
    bag = holding(tmp_path, "data/02-logs/web/current.log", Kind.LOG)
    indices.write(bag)
    assert not listed(bag)


def test_on_a_full_volume_there_is_none_because_the_space_is_for_the_books(small_volume: Path) -> None:
    bag = holding(small_volume, data=archive(*((f"tmp/{number}", b"x") for number in range(3000))))
    indices.write(bag)
    assert [(one.status, one.reason) for one in listed(bag)] == [("failed", "VolumeFull")]
    bag.seal(INFORMATION, {})
    assert accepted_by_others(small_volume / "incident-1")
