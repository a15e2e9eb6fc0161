"""Handing a bag over: whole in any pieces, after any cut, and never outside of the folder that it goes to."""

import asyncio
import io
import json
import os
import random
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from firedoor.cli.arrivals import Arrivals, Refused
from firedoor.cli.evidence_fetch import Cut, arrived, finished, until_whole
from firedoor.evidence.handover import hand_over, main
from firedoor.evidence.signature import check
from firedoor.evidence.verify import verify
from firedoor.planner.kept import Kept
from tests.unit.evidence.test_bag import filled
from tests.unit.evidence.test_hostile_bags import nested
from tests.unit.evidence.test_signature import KEYS, lay, made, signed


def sent(bag: Path, have: dict[str, int]) -> bytes:
    """The stream, as the reader's pod sends it to somebody who has this much."""
    out = io.BytesIO()
    hand_over(bag, io.BytesIO(json.dumps({"have": have}).encode() + b"\n\n"), out)
    return out.getvalue()


def arrivals(folder: Path) -> Arrivals:
    folder.mkdir(exist_ok=True)
    return Arrivals(folder, lambda arrived, expected: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def pieces(data: bytes, seed: int) -> Iterable[bytes]:
    chance = random.Random(seed)
    while data:
        length = chance.choice((1, 2, 7, 100, 5000))
        yield data[:length]
        data = data[length:]


@pytest.mark.parametrize("seed", range(5))
def test_a_bag_arrives_whole_in_whatever_pieces_it_comes(seed: int, tmp_path: Path) -> None:
    bag, here = signed(tmp_path), arrivals(tmp_path / "here")
    for piece in pieces(sent(bag, {}), seed):
        here.feed(piece)
    assert (here.done, here.wrong) == (True, [])
    assert contents(here.folder) == contents(bag)
    assert verify(here.folder) == []


def test_after_a_cut_anywhere_the_next_stream_goes_on_there(tmp_path: Path) -> None:
    bag = signed(tmp_path)
    length = len(sent(bag, {}))
    for cut in range(1, length, length // 150):
        folder = tmp_path / f"cut-{cut}"
        first = arrivals(folder)
        first.feed(sent(bag, {})[:cut])
        first.close()
        second = arrivals(folder)
        rest = sent(bag, second.have())
        assert not first.done
        assert len(rest) <= length
        second.feed(rest)
        assert (second.done, second.wrong) == (True, [])
        assert contents(folder) == contents(bag)


async def test_a_stream_that_is_cut_again_and_again_comes_to_its_end(tmp_path: Path) -> None:
    bag, folder = signed(tmp_path), tmp_path / "here"
    folder.mkdir()
    chance, cuts = random.Random(1), 0

    async def stream(here: Arrivals) -> None:
        nonlocal cuts
        whole = sent(bag, here.have())
        here.feed(whole[: chance.randrange(400, 1500)])
        if not here.done:
            cuts += 1
            raise Cut("gone")

    await until_whole(folder, stream, pauses=(0.0,) * 5)
    assert cuts > 5
    assert contents(folder) == contents(bag)


async def test_a_stream_that_never_brings_anything_is_given_up(tmp_path: Path) -> None:
    async def stream(here: Arrivals) -> None:
        raise Cut("nobody there")

    with pytest.raises(Cut, match="nobody there"):
        await until_whole(tmp_path, stream, pauses=(0.0, 0.0))


async def test_a_file_that_came_wrong_is_fetched_once_more(tmp_path: Path) -> None:
    bag, folder = signed(tmp_path), tmp_path / "here"
    arrivals(folder).feed(sent(bag, {}))
    spoiled = folder / "data/00-pod/pod.json"
    spoiled.write_bytes(b"X" * spoiled.stat().st_size)
    spoiled.write_bytes(spoiled.read_bytes()[:-3])

    async def stream(here: Arrivals) -> None:
        here.feed(sent(bag, here.have()))

    await until_whole(folder, stream, pauses=())
    assert contents(folder) == contents(bag)


async def test_a_manifest_that_came_wrong_is_fetched_once_more(tmp_path: Path) -> None:
    bag, folder = signed(tmp_path), tmp_path / "here"
    arrivals(folder).feed(sent(bag, {}))
    spoiled = folder / "manifest-sha256.txt"
    spoiled.write_bytes(b"0" * spoiled.stat().st_size)

    async def stream(here: Arrivals) -> None:
        here.feed(sent(bag, here.have()))

    await until_whole(folder, stream, pauses=())
    assert contents(folder) == contents(bag)


async def test_a_bag_that_was_fetched_before_its_signature_was_laid_is_completed_by_a_later_fetch(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    bag, here = filled(tmp_path / "volume"), tmp_path / "here" / "incident-1"
    kept = Kept("claim", "uid", "shop/web", "1", "shop/web-1", "", {"bundle": bag.name, "keyId": "x"}, {}, {})

    async def stream(arrivals: Arrivals) -> None:
        arrivals.feed(sent(bag, arrivals.have()))

    await arrived(here, stream, pauses=())
    assert not finished(here, kept)
    lay(bag, made(bag))
    await arrived(here, stream, pauses=())
    assert finished(here, kept)
    assert contents(here) == contents(bag)
    assert check(here, KEYS) == []
    assert [one.name for one in here.parent.iterdir()] == ["incident-1"]


async def test_a_completion_that_is_cut_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    bag, here = filled(tmp_path / "volume"), tmp_path / "here" / "incident-1"
    shutil.copytree(bag, here)
    lay(bag, made(bag))
    for file in (here, *here.rglob("*")):
        file.chmod(0o700)

    async def cut(arrivals: Arrivals) -> None:
        arrivals.feed(sent(bag, arrivals.have())[:-60])
        raise Cut("gone")

    async def stream(arrivals: Arrivals) -> None:
        arrivals.feed(sent(bag, arrivals.have()))

    with pytest.raises(Cut):
        await arrived(here, cut, pauses=())
    assert not here.exists()
    await arrived(here, stream, pauses=())
    assert contents(here) == contents(bag)


def test_folders_without_end_on_the_volume_do_not_end_the_handing_over(tmp_path: Path) -> None:
    bag, here = signed(tmp_path), arrivals(tmp_path / "here")
    whole = contents(bag)
    (bag / "data").chmod(0o755)
    with nested(bag / "data", 1100):
        here.feed(sent(bag, {}))
    assert here.done
    assert contents(here.folder) == whole


HOSTILE = [
    "../escaped",
    "/etc/escaped",
    "data/../../escaped",
    "data//x",
    ".ssh/x",
    "a/.b",
    "a\nb",
    "a\u202eb",
    "",
    "a/",
    "-",
    "\x1b]0;x\x07",
    "a/" * 1000 + "a",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_writes_nothing_anywhere(name: str, tmp_path: Path) -> None:
    here = arrivals(tmp_path / "here")
    with pytest.raises(Refused):
        here.feed(json.dumps({"path": name, "size": 1, "offset": 0}).encode() + b"\nx")
    assert list(tmp_path.rglob("*")) == [here.folder]


def test_nothing_is_written_through_a_link_that_lies_in_the_folder(tmp_path: Path) -> None:
    outside, here = tmp_path / "outside", arrivals(tmp_path / "here")
    outside.mkdir()
    (here.folder / "data").symlink_to(outside)
    (here.folder / "bagit.txt").symlink_to(outside / "x")
    with pytest.raises(Refused, match="is a link"):
        here.feed(b'{"path":"data/x","size":1,"offset":0}\nx')
    with pytest.raises(Refused, match="is a link"):
        arrivals(here.folder).feed(b'{"path":"bagit.txt","size":1,"offset":0}\nx')
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "stream",
    [
        b"not json\n",
        b"[]\n",
        b"x" * 10_000,
        b'{"path":"a","size":-1,"offset":0}\n',
        b'{"path":"a","size":1,"offset":2}\n',
        b'{"path":"a","size":9,"offset":5}\nxxxx',
        b'{"end":3}\n',
    ],
)
def test_a_stream_that_is_none_is_refused(stream: bytes, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        arrivals(tmp_path / "here").feed(stream)


def test_what_does_not_belong_on_the_volume_is_not_handed_over(tmp_path: Path) -> None:
    bag = signed(tmp_path)
    for folder in (bag, bag / "data"):
        folder.chmod(0o755)
    (bag / "data/link").symlink_to("/etc/passwd")
    (bag / "data/a b").write_text("x")
    here = arrivals(tmp_path / "here")
    here.feed(sent(bag, {}))
    assert not {"data/link", "data/a b"} & contents(here.folder).keys()


@pytest.mark.parametrize("bundle", ["..", "../x", "/etc", "a/b", ""])
def test_only_a_bag_is_handed_over(bundle: str) -> None:
    with pytest.raises(ValueError, match="no name of a bag"):
        main(bundle)


def test_it_does_not_end_before_all_is_said_to_have_arrived(tmp_path: Path) -> None:
    """A stream whose command has ended may be cut by the kubelet."""
    bag = signed(tmp_path)
    asyncio.run(_ends_only_when_told(bag))


async def _ends_only_when_told(bag: Path) -> None:
    code = f"import sys; sys.path[:0] = {sys.path!r}; from firedoor.evidence.handover import main; from pathlib import Path; "
    code += f"main({bag.name!r}, Path({str(bag.parent)!r}))"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=pipe, stdout=pipe, env=dict(os.environ))
    assert process.stdin
    assert process.stdout
    process.stdin.write(b'{"have":{}}\n')
    here = arrivals(bag.parent / "here")
    while not here.done:
        here.feed(await process.stdout.read(4096))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 0.3)
    process.stdin.write(b"\n")
    assert await asyncio.wait_for(process.wait(), 10) == 0
