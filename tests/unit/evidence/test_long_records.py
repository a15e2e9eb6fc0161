"""Processes with records of any length: none vanishes from the views, and none costs the collector its memory."""

import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from firedoor.evidence.artifact import Artifact
from firedoor.evidence.layout import Kind
from firedoor.evidence.views.cut import beginning
from firedoor.evidence.views.found import RECORD_MOST, Found
from firedoor.evidence.views.report import report
from firedoor.evidence.views.timeline import timeline
from tests.unit.evidence.test_views import ABOUT

SYSTEM = b'{"boot_time": 1767250000, "clock_ticks": 100}'
MIB = 1 << 20


def process(pid: int, command: str = "/usr/bin/java", files: int = 3, **more: Any) -> bytes:
    """A line as the helper writes it: what is long stands at the end."""
    fds = [{"fd": fd, "to": f"/data/app/index/segment-{fd:08d}.dat", "pos": "0", "flags": "02100000"} for fd in range(files)]
    told = {"pid": pid, "start_ticks": pid, "comm": f"comm-{pid}", "cmdline": [command, f"--pid={pid}"], "fds": fds}
    return json.dumps({**told, **more}, separators=(",", ":")).encode() + b"\n"


def found(folder: Path, lines: Iterable[bytes]) -> Found:
    (folder / "data").mkdir()
    (folder / "data/system").write_bytes(SYSTEM)
    with (folder / "data/processes").open("wb") as written:
        written.writelines(lines)
    artifacts = [_artifact(folder / "data" / kind, kind) for kind in (Kind.PROCESSES, Kind.SYSTEM)]
    return Found(folder, artifacts, (), ABOUT)


def _artifact(file: Path, kind: Kind) -> Artifact:
    return Artifact(f"data/{file.name}", {"kind": kind, "container": "web"}, bytes=file.stat().st_size, hashes={"sha256": "x"})


def page(bag: Found) -> str:
    return b"".join(report(bag)).decode()


def messages(bag: Found) -> list[str]:
    return [json.loads(line)["message"] for line in timeline(bag)]


@pytest.mark.parametrize("files", [1000, 4096, 20_000])
def test_a_process_with_thousands_of_open_files_is_in_the_report_and_in_the_timeline(files: int, tmp_path: Path) -> None:
    bag = found(tmp_path, [process(1, files=files), process(2)])
    assert all(f"<td>/usr/bin/java --pid={pid}<" in page(bag) for pid in (1, 2))
    assert [message.partition("started")[0] for message in messages(bag)] == ["Process 1 ", "Process 2 "]
    assert "Left out" not in page(bag)


def test_a_process_with_endless_arguments_is_shown_with_their_beginning(tmp_path: Path) -> None:
    hidden = [process(1, "sh", cmdline=["sh", "-c", "curl evil " + "\u00e4\n" * MIB]), process(2, cmdline=["x"] * MIB)]
    bag = found(tmp_path, [*hidden, process(3)])
    assert "[too long, cut] sh -c curl evil" in page(bag)
    assert messages(bag)[0].startswith("Process 1 started: [too long, cut] sh -c curl evil")
    assert [message[:9] for message in messages(bag)] == ["Process 1", "Process 2", "Process 3"]


def test_a_record_that_does_not_say_what_it_is_about_within_its_bounds_is_counted(tmp_path: Path) -> None:
    """The helper does not write such: whoever shares its user could make it."""
    bag = found(tmp_path, [b"[" * MIB + b"\n", b'{"' + b"x" * MIB + b'":1}\n', b"no json\n", process(4)])
    assert "java --pid=4<" in page(bag)
    assert "Left out, because they are too large or broken: 3 records of processes" in page(bag)
    assert [message[:40] for message in messages(bag)][1:] == ["Left out, because they are too large or "]


def test_no_process_is_lost_in_the_middle_of_a_long_list(tmp_path: Path) -> None:
    bag = found(tmp_path, (process(pid, files=4000) for pid in range(1, 101)))
    assert bag.artifacts[0].bytes > 24 * MIB
    assert [message.split()[1] for message in messages(bag)] == [str(pid) for pid in range(1, 101)]


def test_a_record_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    hostile = [b"[" * 40 * MIB + b"\n", b'{"a":[' + b"[]," * 10 * MIB + b"\n"]
    bag = found(tmp_path, [process(1, environ=["x"] * (10 * MIB)), *hostile])
    tracemalloc.start()
    page(bag)
    messages(bag)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB


def test_the_beginning_of_an_object_says_what_is_in_it_wherever_it_is_cut() -> None:
    words = ['a"\\', "b,c]", "\u00e4\n"]
    whole = {"pid": 1, "cmdline": words, "fds": [{"fd": 1, "to": "x"}], "n": {"a": [1]}, "end": 1}
    raw = json.dumps(whole).encode()
    for end in range(len(b'{"pid": 1,'), len(raw)):
        said = beginning(raw[:end])
        assert said.items() >= {"pid": 1}.items()
        assert "".join(words).startswith("".join(said.get("cmdline", [])))


@pytest.mark.parametrize("raw", [b"", b"[1,2", b"nothing", b'"text', b'{"a', b"}}]]", b"[" * RECORD_MOST])
def test_the_beginning_of_anything_else_says_nothing(raw: bytes) -> None:
    assert beginning(raw) == {}


def test_times_that_no_calendar_has_cost_nobody_else_a_line(tmp_path: Path) -> None:
    bag = found(
        tmp_path, [process(1, start_ticks=10**400), process(2, start_ticks="x"), process(3, start_ticks=10**20), process(4)]
    )
    assert [message.split(":")[0] for message in messages(bag)] == [
        "Process 4 started",
        "Left out, because they are too large or broken, or tell no time",
    ]
    assert all(f"java --pid={pid}<" in page(bag) for pid in (1, 2, 3, 4))
