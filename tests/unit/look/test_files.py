"""Files of a hostile target: bounded, complete or honestly partial; no link leads out, nothing is run."""

import os
import socket
import time
import tracemalloc
from pathlib import Path

import pytest

from firedoor.look.content import segments
from firedoor.look.root import Root, parts
from tests.unit.look.looking import look

HOSTILE_NAMES = [b"a\nb", b"\x1b[31mred", b"100%s%n", "line\u2028separator".encode(), b"\xff\xfe", b"-rf", b"n" * 255]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_asked_for_paths_come_with_everything_below_them(root: Path) -> None:
    (root / "var/www/deep").mkdir(parents=True)
    (root / "var/www/deep/shell.php").write_bytes(b"evil\n")
    (root / "other").write_bytes(b"no\n")
    taken = look(root, "paths", paths=("/var/www/**", "/not/there", "/var/*/deep"))["paths"]
    with taken.tar as tar:
        assert sorted(tar.getnames()) == ["var/www", "var/www/deep", "var/www/deep/shell.php"]
        found = tar.extractfile("var/www/deep/shell.php")
        assert found is not None
        assert found.read() == b"evil\n"
    assert (taken.end["absent"], taken.reasons()) == ([1], {})


def test_any_name_is_kept_byte_for_byte(root: Path) -> None:
    for name in HOSTILE_NAMES:
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)
    taken = look(root, "listing", "paths", paths=("/*",))
    with taken["paths"].tar as tar:
        assert sorted(os.fsencode(name) for name in tar.getnames()) == sorted(HOSTILE_NAMES)
    assert len(taken["listing"].lines) == len(HOSTILE_NAMES) + 1
    assert {"/line\u2028separator", "/a\nb"} <= {line.get("path") for line in taken["listing"].lines}
    assert [line["path_b64"] for line in taken["listing"].lines if "path_b64" in line] == ["L//+"]


def test_a_fifo_and_a_socket_and_a_device_are_told_and_never_read(root: Path) -> None:
    os.mkfifo(root / "fifo")
    taken = look(root, "listing", "paths", paths=("/fifo", "/*"))
    with taken["paths"].tar as tar:
        assert tar.getmember("fifo").isfifo()
    assert [line["kind"] for line in taken["listing"].lines] == ["folder", "fifo"]


def test_a_socket_that_is_asked_for_is_there_and_is_said_to_hold_nothing(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(root / "x.sock"))
        taken = look(root, "paths", paths=("/x.sock",))["paths"]
    assert (taken.end["absent"], taken.reasons()) == ([], {"Unsupported": 1})


def test_of_a_file_in_very_many_pieces_only_the_first_and_the_last_are_remembered(root: Path) -> None:
    number, apart = 6000, 1 << 16
    with (root / "pieces").open("wb") as file:
        for at in range(number):
            os.pwrite(file.fileno(), b"x", at * apart)
    with (root / "pieces").open("rb") as file:
        tracemalloc.start()
        taken, left_out = segments(file.fileno(), (number - 1) * apart + 1, 1 << 40)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert [one.at // apart for one in taken] == [*range(500), *range(number - 500, number)]
    assert left_out > 0
    assert peak < 300_000


def test_a_sparse_terabyte_costs_what_is_in_it(root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.write(b"head")
        file.seek(1 << 40)
        file.write(b"tail")
    began = time.monotonic()
    taken = look(root, "paths", paths=("/huge",))["paths"]
    assert time.monotonic() - began < 10
    assert len(taken.content) < 100_000
    assert taken.reasons() == {}
    with taken.tar as tar:
        member = tar.getmember("huge")
        assert member.size == (1 << 40) + 4
        content = tar.extractfile(member)
        assert content is not None
        assert content.read(4) == b"head"
        content.seek(1 << 40)
        assert content.read() == b"tail"


def test_of_a_file_that_is_too_long_the_beginning_and_the_end_are_kept(root: Path) -> None:
    (root / "long").write_bytes(b"a" * 100_000 + b"m" * 800_000 + b"z" * 100_000)
    taken = look(root, "paths", paths=("/long",), file_bytes=200_000)["paths"]
    assert taken.reasons() == {"LimitReached": 1}
    with taken.tar as tar:
        content = tar.extractfile("long")
        assert content is not None
        whole = content.read()
    assert (whole[:100_000], whole[-100_000:], len(whole)) == (b"a" * 100_000, b"z" * 100_000, 1_000_000)
    assert b"m" not in whole


def test_a_file_that_shrinks_while_it_is_read_says_where_its_bytes_end(root: Path) -> None:
    big = root / "big"
    big.write_bytes(b"x" * (8 << 20))
    taken = look(root, "paths", paths=("/big",), meanwhile=lambda: os.truncate(big, 1 << 20))["paths"]
    assert taken.reasons()["Raced"] >= 1
    with taken.tar as tar:
        content = tar.extractfile("big")
        assert content is not None
        kept = content.read().rstrip(b"\0")
    assert any(f"big: zeros from {len(kept)}" == such for missing in taken.end["missing"] for such in missing["such"])


def test_links_are_taken_below_the_suspects_root_and_loops_end(root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc/passwd").write_bytes(b"inside\n")
    (root / "out").symlink_to("/etc/passwd")
    (root / "up").symlink_to("../../../../etc")
    (root / "loop").symlink_to("loop")
    (root / "etc/self").symlink_to("/etc")
    taken = look(root, "paths", "listing", paths=("/out", "/up", "/loop", "/etc/self/self/passwd"))
    with taken["paths"].tar as tar:
        assert {"etc/passwd", "etc/self"} <= set(tar.getnames())
        found = tar.extractfile("etc/passwd")
        assert found is not None
        assert found.read() == b"inside\n"
    assert taken["paths"].end["absent"] == [2]
    assert {line.get("link") for line in taken["listing"].lines} == {None, "/etc/passwd", "../../../../etc", "loop", "/etc"}


def test_a_folder_that_becomes_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "folder").symlink_to(outside)
    descriptor = os.open(root, os.O_RDONLY)
    try:
        with pytest.raises(OSError), Root(descriptor).file(parts(b"/folder/secret")):
            pass
    finally:
        os.close(descriptor)


def test_a_hundred_thousand_files_are_listed_and_of_those_to_read_the_first_are_taken(root: Path) -> None:
    for folder in range(100):
        (root / str(folder)).mkdir()
        for name in range(1000):
            os.mknod(root / str(folder) / str(name))
    taken = look(root, "listing", "changed", started=1.0, files=500)
    assert len(taken["listing"].lines) == 100 * 1000 + 100 + 1
    assert taken["listing"].reasons() == {}
    assert taken["changed"].reasons() == {"LimitReached": 1}
    with taken["changed"].tar as tar:
        assert len(tar.getnames()) == 500


def test_a_tree_that_is_too_deep_is_said_to_be(root: Path) -> None:
    at = os.open(root, os.O_RDONLY)
    for _ in range(250):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    assert look(root, "listing")["listing"].reasons() == {"LimitReached": 1}


def test_what_changed_after_the_start_is_taken_and_what_was_there_before_is_not(root: Path) -> None:
    (root / "old").write_bytes(b"old")
    time.sleep(0.05)
    started = time.time()
    time.sleep(0.05)
    (root / "new").write_bytes(b"new")
    (root / "again").hardlink_to(root / "new")
    taken = look(root, "changed", started=started)["changed"]
    with taken.tar as tar:
        assert sorted(tar.getnames()) == ["again", "new"]


def test_reading_leaves_no_mark_on_the_time_of_last_access(root: Path) -> None:
    (root / "file").write_bytes(b"x")
    os.utime(root / "file", (1, 1))
    before = (root / "file").stat().st_atime_ns
    look(root, "paths", paths=("/file",))
    assert (root / "file").stat().st_atime_ns == before


def test_what_the_kernel_makes_is_never_walked_into() -> None:
    taken = look(Path("/"), "paths", paths=("/proc/self", "/proc/**"))["paths"]
    with taken.tar as tar:
        assert tar.getnames() == []
    assert taken.reasons() == {"Withheld": 2}
