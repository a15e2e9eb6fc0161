"""Unix sockets: the kernel tells of them by lines, and whoever names one writes into those lines."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firedoor.look.unix import rows
from tests.unit.look.looking import Taken, look

HEAD = b"0000000000000000: 00000002 00000000 00010000 0001 01 %d"


BINDING = """
import os, socket, sys
opened = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for name in sys.argv[1:]]
for one, name in zip(opened, sys.argv[1:]):
    one.bind("\\0" + name.replace("INODE", str(os.fstat(opened[-1].fileno()).st_ino)))
print(*(os.fstat(one.fileno()).st_ino for one in opened), flush=True)
sys.stdin.read()
"""
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make a network namespace, in which no other test looks")


@contextmanager
def bound(*names: str) -> Iterator[tuple[int, list[int]]]:
    """Datagram sockets of these names in a network namespace of their own: who holds them, and their inodes.

    INODE in a name stands for that of the last one.
    """
    command = ["unshare", "--net", sys.executable, "-c", BINDING, *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.pid, [int(word) for word in process.stdout.readline().split()]
        process.kill()


def row(inode: int, name: bytes = b"") -> bytes:
    return HEAD % inode + (b" " + name if name else b"")


def told(*lines: bytes, held: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    return list(rows(lines, {inode: [7] for inode in held}))


def of(taken: Taken, inode: int) -> list[dict[str, Any]]:
    return [line for line in taken.lines if line.get("inode") == inode]


@needs_root
def test_a_name_with_a_line_feed_is_one_name_and_costs_nothing_else(tmp_path: Path) -> None:
    with bound("a\nb\n", " plain ") as (pid, (inode, other)):
        taken = look(tmp_path, "sockets", "mounts", first=pid)
    (found,), (plain,) = of(taken["sockets"], inode), of(taken["sockets"], other)
    assert (found["path"], found["pids"]) == ("@a\nb\n", [pid])
    assert "line feed" in found["doubtful"]
    assert (plain["path"], plain["pids"]) == ("@ plain ", [pid])
    assert taken["sockets"].reasons()["Doubtful"] >= 1
    assert taken["mounts"].reasons() == {}


@needs_root
def test_a_row_that_a_name_forges_of_a_socket_that_is_there_is_doubtful(tmp_path: Path) -> None:
    forged = "x\n0000000000000000: 00000002 00000000 00010000 0001 01 INODE @forged"
    with bound(forged, "real") as (pid, (_, victim)):
        taken = look(tmp_path, "sockets", first=pid)["sockets"]
    assert sorted(line["path"] for line in of(taken, victim)) == ["@forged", "@real"]
    assert taken.reasons() == {"Doubtful": 1}


def test_rows_are_doubtful_only_as_far_as_the_broken_name_before_them_can_reach() -> None:
    found = told(row(1, b"@a"), b"b", row(2), row(3), row(4, b"/run/x"), row(5))
    assert [(line["inode"], "doubtful" in line) for line in found] == [(1, True), (2, True), (3, False), (4, False), (5, False)]


def test_a_name_reaches_as_far_as_the_kernel_lets_it_be_long() -> None:
    left = len(row(2)) + len(b"\nb\n")
    found = [told(row(1, b"n" * (108 - left + more)), b"b", row(2))[1] for more in (0, 1)]
    assert ["doubtful" in line for line in found] == [True, False]


def test_a_second_row_of_the_same_socket_is_doubtful_wherever_it_stands() -> None:
    found = told(row(1, b"@x"), row(2), row(3), row(0), row(0), row(2, b"@real"))
    assert [line["inode"] for line in found if "doubtful" in line] == [2]


def test_sockets_that_are_named_as_they_should_are_never_doubtful() -> None:
    found = told(row(1, b"/run/a.sock"), row(0, b"/run/a.sock"), row(0), row(2, b"n" * 108), row(3), held=(1,))
    assert [line for line in found if "doubtful" in line] == []
    assert found[0] == {"proto": "unix", "type": 1, "state": 1, "inode": 1, "path": "/run/a.sock", "pids": [7]}


def test_what_can_be_neither_a_row_nor_a_name_is_kept_as_it_came() -> None:
    assert told(b"nonsense\xff") == [{"proto": "unix", "raw_b64": "bm9uc2Vuc2X/"}]
    assert told(row(1, b"n" * 108), b"more")[0] == {"proto": "unix", "raw": "more"}
