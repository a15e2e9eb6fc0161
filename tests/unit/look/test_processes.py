"""Processes: told with what could not be read, their secrets hashed, and their code kept when no file has it any more."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firedoor.look import procfs
from tests.unit.look.looking import look, until

MEMFD = """
import os, sys
fd = os.memfd_create("payload", 0)
os.write(fd, open("/bin/sleep", "rb").read())
os.execve(fd, ["innocent", "60"], {"TOKEN": "hunter2", "EMPTY": ""})
"""
RENAMING = """
import itertools
comm = open("/proc/self/comm", "w")
print("ready", flush=True)
for name in itertools.cycle(["a b) S 1", "x\\ny", "\\x1b[31m"]):
    comm.seek(0)
    comm.write(name)
    comm.flush()
"""


@contextmanager
def running(*command: str, **named: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, **named)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def exe(pid: int) -> str:
    return str(Path(f"/proc/{pid}/exe").readlink())


def test_a_program_that_was_deleted_is_kept_from_memory(tmp_path: Path) -> None:
    program = tmp_path / "miner"
    shutil.copy("/bin/sleep", program)
    with running(str(program), "60") as process:
        until(lambda: exe(process.pid) == str(program))
        program.unlink()
        taken = look(tmp_path, "processes", "executables")
    with taken["executables"].tar as tar:
        found = tar.extractfile(f"proc/{process.pid}/exe")
        assert found is not None
        assert found.read() == Path("/bin/sleep").read_bytes()
    told = next(line for line in taken["processes"].lines if line["pid"] == process.pid)
    assert (told["exe"], told["exe_deleted"]) == (f"{program} (deleted)", True)


def test_a_program_that_was_never_a_file_is_kept_and_its_environment_is_hashed(tmp_path: Path) -> None:
    with running(sys.executable, "-c", MEMFD) as process:
        until(lambda: "memfd:payload" in exe(process.pid))
        taken = look(tmp_path, "processes", "executables")
    told = next(line for line in taken["processes"].lines if line["pid"] == process.pid)
    assert told["cmdline"] == ["innocent", "60"]
    assert [variable["name"] for variable in told["environ"]] == ["TOKEN", "EMPTY"]
    assert all(variable["value"].startswith("hmac-sha256:") for variable in told["environ"])
    assert b"hunter2" not in taken["processes"].content
    with taken["executables"].tar as tar:
        found = tar.extractfile(f"proc/{process.pid}/exe")
        assert found is not None
        assert found.read() == Path("/bin/sleep").read_bytes()


def test_open_files_links_and_sockets_are_told_with_who_holds_them(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as server, (tmp_path / "kept").open() as held:
        taken = look(tmp_path, "processes", "sockets", "mounts", "system")
        told = next(line for line in taken["processes"].lines if line["pid"] == os.getpid())
        listening = [line for line in taken["sockets"].lines if line["proto"] == "tcp" and line["state"] == "LISTEN"]
        mine = next(line for line in listening if line["local_port"] == server.getsockname()[1])
        descriptor = held.fileno()
    assert [fd["to"] for fd in told["fds"] if fd["fd"] == descriptor] == [str(tmp_path / "kept")]
    assert (mine["local"], mine["pids"]) == ("127.0.0.1", [os.getpid()])
    assert told["cwd"] == str(Path.cwd())
    assert told["cap_effective"]
    assert told["start_ticks"] > 0
    assert any(line["mount_point"] == "/proc" for line in taken["mounts"].lines)
    assert taken["system"].lines[0]["first_process"] == os.getpid()


def test_a_process_that_changes_its_name_all_the_time_is_told_as_one(tmp_path: Path) -> None:
    with running(sys.executable, "-c", RENAMING) as process:
        assert process.stdout
        process.stdout.readline()
        taken = look(tmp_path, "processes")["processes"]
    told = next(line for line in taken.lines if line["pid"] == process.pid)
    assert told["cmdline"][0] == sys.executable
    assert "raced" not in told


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_what_another_user_may_not_see_is_counted_and_not_left_out(tmp_path: Path) -> None:
    with running("sleep", "60") as process:
        told = _as_nobody(process.pid)
    assert told["comm"] == "sleep"
    assert told["cmdline"] == ["sleep", "60"]
    assert {"exe", "cwd", "fds", "environ", "exe_content"} <= set(told["errors"])
    assert set(told["errors"].values()) == {"EACCES"}


def _as_nobody(pid: int) -> dict[str, Any]:
    """A process's record as user 65534 makes it, in a process that shares this one's modules."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os.write(writing, json.dumps(procfs.record(pid, b"", {})).encode())
        os._exit(0)
    os.wait()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found: dict[str, Any] = json.loads(pipe.read())
    return found
