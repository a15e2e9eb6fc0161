"""The collector against an API server that has its moods: what it keeps, and what it says of the rest."""

import asyncio
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import bagit
import jsonschema
import pytest
from aiohttp import web

from firedoor.evidence.order import Limits
from firedoor.evidence.verify import verify
from tests.unit.evidence.apiserver import LINE, UID, ApiServer, pod, refusal
from tools.generate.outputs import ROOT

BAG = "incident-0123abcd"
SCHEMA = json.loads((ROOT / "docs/reference/capture.schema.json").read_bytes())


def told(root: Path, planned: str) -> dict[str, Any]:
    """What capture.json says at last of a planned artifact."""
    artifacts = json.loads((root / BAG / "capture.json").read_bytes())["artifacts"]
    return next(artifact for artifact in reversed(artifacts) if artifact.get("id") == planned)


def ending(root: Path, planned: str) -> tuple[str, str]:
    artifact = told(root, planned)
    return artifact["status"], artifact.get("reason", "")


def judged(root: Path) -> None:
    """Strangers' tools accept the bag, and ours finds nothing."""
    bagit.Bag(str(root / BAG)).validate()
    for algorithm in ("sha256", "sha512"):
        manifests = (f"manifest-{algorithm}.txt", f"tagmanifest-{algorithm}.txt")
        subprocess.run([f"{algorithm}sum", "-c", "--quiet", *manifests], cwd=root / BAG, check=True)
    jsonschema.validate(json.loads((root / BAG / "capture.json").read_bytes()), SCHEMA)
    assert verify(root / BAG) == []


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


async def test_pod_events_logs_and_files_end_in_a_bag_that_everyone_accepts(volume: Path, target: Path) -> None:
    (target / "dropped.php").write_bytes(b"evil\n")
    server = ApiServer()
    outcome = await server.collected(volume, f"{target}/**", "/not/there")

    judged(volume)
    assert (outcome["status"], outcome["reason"], outcome["gaps"]) == ("Complete", "", [])
    assert outcome["bundle"] == BAG
    assert (volume / BAG / "data/02-logs/web/current.log").read_bytes() == LINE
    assert set(server.asked) == {"regarding.uid=pod-uid"}
    with tarfile.open(volume / BAG / "data/03-filesystem/web/files.tar") as archive:
        assert f"{target}/dropped.php".lstrip("/") in archive.getnames()
    index = [json.loads(line) for line in (volume / BAG / "data/03-filesystem/web/index.jsonl").read_bytes().splitlines()]
    assert {entry["name"].rpartition("/")[2]: entry["kind"] for entry in index}["dropped.php"] == "file"
    assert ending(volume, "data/03-filesystem/web/missing-1") == ("skipped", "NotFound")


async def test_a_second_collector_reports_the_sealed_bag_again_in_the_same_words(volume: Path) -> None:
    first = await ApiServer().collected(volume)
    assert await ApiServer(pods=[None]).collected(volume) == first


async def test_a_pod_that_is_gone_gives_a_sealed_bag_with_its_events(volume: Path) -> None:
    outcome = await ApiServer(pods=[None]).collected(volume, "/tmp")
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "PodGone")
    assert b"Started container" in (volume / BAG / "data/00-volatile/events.json").read_bytes()


async def test_another_pod_of_the_same_name_is_not_captured(volume: Path) -> None:
    outcome = await ApiServer(pods=[pod(uid="another")]).collected(volume, "/tmp")
    assert (outcome["status"], outcome["reason"]) == ("Partial", "PodReplaced")
    assert not (volume / BAG / "data/02-logs").exists()


async def test_what_may_be_from_a_replaced_pod_or_another_run_is_said_to_be(volume: Path, tmp_path: Path) -> None:
    await ApiServer(pods=[pod(), pod(uid="another")]).collected(volume)
    assert ending(volume, "data/02-logs/web/current.log") == ("partial", "PodReplaced")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    await ApiServer(pods=[pod(), pod(container_id="containerd://2")]).collected(elsewhere)
    assert ending(elsewhere, "data/02-logs/web/current.log") == ("partial", "ContainerRestarted")


async def test_an_api_server_that_is_away_for_a_while_costs_nothing(volume: Path) -> None:
    outcome = await ApiServer(refuse=[503, 503, 503]).collected(volume)
    assert outcome["status"] == "Complete"


async def test_what_we_may_not_see_is_told_and_the_bag_is_sealed(volume: Path) -> None:
    outcome = await ApiServer(refuse=[403]).collected(volume)
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "Forbidden")


async def test_an_error_in_the_place_of_a_log_is_not_taken_for_a_log(volume: Path) -> None:
    server = ApiServer(log=lambda request: b"unable to retrieve container logs for containerd://1")
    await server.collected(volume)
    assert ending(volume, "data/02-logs/web/current.log") == ("failed", "ErrorBody200")
    assert (volume / BAG / "data/02-logs/web/current.error.txt").read_bytes().startswith(b"unable")
    assert not (volume / BAG / "data/02-logs/web/current.log").exists()


async def test_the_run_before_is_asked_for_only_when_there_was_one(volume: Path) -> None:
    def log(request: web.Request) -> bytes | web.Response:
        if "previous" in request.query:
            return refusal(400, "BadRequest", 'previous terminated container "web" in pod "web-1" not found')
        return LINE

    outcome = await ApiServer(pods=[pod(restarts=1)], log=log).collected(volume)
    assert outcome["status"] == "Complete"
    assert ending(volume, "data/02-logs/web/previous.log") == ("skipped", "NoPreviousRun")


async def test_a_log_that_is_cut_goes_on_where_it_was(volume: Path) -> None:
    lines = [b"2026-11-24T10:00:%02d.000000000Z hello %d\n" % (second, second) for second in range(30)]
    asked: list[str] = []

    def log(request: web.Request) -> web.Response:
        since = request.query.get("sinceTime", "")
        asked.append(since)
        rest = b"".join(line for line in lines if line[:19] >= since[:19].encode())
        if len(asked) > 2:
            return web.Response(body=rest)
        asyncio.get_running_loop().call_later(0.05, request.transport.close if request.transport else print)
        return web.Response(body=rest[: len(rest) // 2], headers={"Content-Length": str(len(rest))})

    outcome = await ApiServer(log=log).collected(volume)
    judged(volume)
    assert outcome["status"] == "Complete"
    assert (volume / BAG / "data/02-logs/web/current.log").read_bytes() == b"".join(lines)
    assert not (volume / BAG / "data/02-logs/web/current-r2.log").exists()
    assert (len(asked), asked[0], asked[1][:17]) == (3, "", "2026-11-24T10:00:")


async def test_a_log_that_does_not_go_on_where_it_was_is_kept_and_taken_again_beside(volume: Path) -> None:
    answers = [web.Response(body=LINE, headers={"Content-Length": "999"}), web.Response(body=LINE[:-2] + b"!\n")]
    answers.append(web.Response(body=LINE * 2))

    def log(request: web.Request) -> web.Response:
        answer = answers.pop(0)
        if answer.headers.get("Content-Length") == "999":
            asyncio.get_running_loop().call_later(0.05, request.transport.close if request.transport else print)
        return answer

    outcome = await ApiServer(log=log).collected(volume)
    judged(volume)
    assert outcome["status"] == "Complete"
    assert (volume / BAG / "data/02-logs/web/current.log").read_bytes() == LINE
    assert (volume / BAG / "data/02-logs/web/current-r2.log").read_bytes() == LINE * 2


async def test_a_log_line_of_fifty_megabytes_is_kept_whole(volume: Path) -> None:
    line = LINE[:31] + b"x" * (50 << 20)
    outcome = await ApiServer(log=lambda request: line).collected(volume)
    assert outcome["status"] == "Complete"
    assert (volume / BAG / "data/02-logs/web/current.log").stat().st_size == len(line)


async def test_a_log_that_ends_in_an_error_text_is_not_complete(volume: Path) -> None:
    outcome = await ApiServer(log=lambda request: LINE + b"failed to open log file: no such file\n").collected(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "ErrorBody200")


async def test_of_a_long_log_the_head_and_the_newest_lines_are_kept(volume: Path) -> None:
    lines = [b"2026-11-24T10:00:00.%09dZ x\n" % number for number in range(10_000)]
    outcome = await ApiServer(log=lambda request: b"".join(lines), limits=Limits(artifact_bytes=48_000)).collected(volume)

    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "LimitReached")
    folder, whole = volume / BAG / "data/02-logs/web", b"".join(lines)
    head = (folder / "current.log").read_bytes()
    tail = b"".join(piece.read_bytes() for piece in sorted(folder.glob("current.tail-*")))
    assert whole.startswith(head)
    assert whole.endswith(tail)
    gap = told(volume, "data/02-logs/web/current.log")["truncation"]
    assert gap["droppedFromOffset"] == len(head)
    assert len(head) + gap["droppedBytes"] + len(tail) == len(whole)
    assert 40_000 < len(head) + len(tail) <= 48_000


async def test_a_container_without_a_shell_is_said_to_have_none(volume: Path) -> None:
    outcome = await ApiServer(shell=("/no/such/shell",)).collected(volume, "/tmp")
    assert (outcome["status"], outcome["reason"]) == ("Partial", "NoShell")
    assert ["processes.txt" in outcome["gaps"][0], "files.tar" in outcome["gaps"][1]] == [True, True]


async def test_a_container_without_tar_is_said_to_have_none(volume: Path, target: Path) -> None:
    (target / "file").touch()
    outcome = await ApiServer(shell=("env", "PATH=/nowhere", "/bin/sh")).collected(volume, str(target))
    assert (outcome["status"], outcome["reason"]) == ("Partial", "NoTar")


async def test_a_container_that_does_not_run_is_said_not_to(volume: Path) -> None:
    outcome = await ApiServer(pods=[pod(running=False)]).collected(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "ContainerNotRunning")
    assert ending(volume, "data/00-volatile/web/helper") == ("failed", "ContainerNotRunning")


async def test_an_init_container_that_ended_leaves_no_gap(volume: Path) -> None:
    initialized = pod()
    initialized["spec"]["initContainers"] = [{"name": "setup"}]
    initialized["status"]["initContainerStatuses"] = [{"name": "setup", "state": {"terminated": {"exitCode": 0}}}]
    await ApiServer(pods=[initialized]).collected(volume)
    assert ending(volume, "data/00-volatile/setup/helper") == ("skipped", "ContainerNotRunning")


async def test_a_path_is_never_a_command(volume: Path, target: Path) -> None:
    (target / "file").touch()
    names = ["$(touch {})", "`touch {}`", "x; touch {}", "x\ntouch {}", "--checkpoint-action=exec=touch {}"]
    hostile = [f"{target}/{name.format(target / f'ran{number}')}" for number, name in enumerate(names)]
    await ApiServer().collected(volume, *hostile, f"{target}/fi*")
    assert [file.name for file in target.iterdir()] == ["file"]
    assert ending(volume, "data/03-filesystem/web/files.tar") == ("complete", "")


async def test_names_with_spaces_and_line_feeds_are_captured_as_they_are(volume: Path, target: Path) -> None:
    for name in ("a b", "c\nd", "-rf", "\x1b[31m"):
        (target / name).touch()
    await ApiServer().collected(volume, f"{target}/*")
    with tarfile.open(volume / BAG / "data/03-filesystem/web/files.tar") as archive:
        assert {Path(name).name for name in archive.getnames()} == {"a b", "c\nd", "-rf", "\x1b[31m"}


async def test_what_a_containers_tools_say_reaches_the_result_escaped(volume: Path) -> None:
    hostile = "printf '\\033]0;owned\\007\\n' >&2; echo \"$2 end 2\" >&2; read -r _"
    impatient = Limits(artifact_seconds=1.0, pauses=())
    outcome = await ApiServer(shell=("sh", "-c", hostile), limits=impatient).collected(volume, "/tmp")
    assert outcome["status"] == "Partial"
    assert any(r"\x1b]0;owned\x07" in gap for gap in outcome["gaps"])


async def test_an_archive_that_is_cut_is_never_complete(volume: Path, target: Path) -> None:
    (target / "big").write_bytes(b"x" * 300_000)
    outcome = await ApiServer(cut_after=100_000).collected(volume, str(target))
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "StreamTruncated")
    assert (volume / BAG / "data/03-filesystem/web/files.tar").stat().st_size == 100_000


async def test_an_archive_stops_at_its_limit(volume: Path, target: Path) -> None:
    (target / "big").write_bytes(b"x" * 300_000)
    outcome = await ApiServer(limits=Limits(artifact_bytes=100_000)).collected(volume, str(target))
    assert (outcome["status"], outcome["reason"]) == ("Partial", "LimitReached")
    assert (volume / BAG / "data/03-filesystem/web/files.tar").stat().st_size == 100_000


async def test_the_result_fits_into_a_termination_message(volume: Path) -> None:
    many = pod(running=False)
    many["spec"]["containers"] = [{"name": f"{'c' * 50}-{number}"} for number in range(100)]
    outcome = await ApiServer(pods=[many]).collected(volume, "/tmp")
    assert 0 < len(outcome["gaps"]) <= 32
    assert len(json.dumps(outcome)) <= 4096


KILLED = """
import asyncio, os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
calls = 0
def mortal(act):
    def counted(*arguments, **named):
        global calls
        calls += 1
        if calls == {step}:
            os._exit(9)
        return act(*arguments, **named)
    return counted
from tests.unit.evidence.apiserver import ApiServer
for name in ("fsync", "rename"):
    setattr(os, name, mortal(getattr(os, name)))
asyncio.run(ApiServer(root={look}).collected(Path({root!r}), {path!r}))
"""


def test_a_collector_killed_at_any_moment_is_followed_by_one_that_seals(tmp_path: Path, target: Path) -> None:
    (target / "dropped.php").write_bytes(b"evil\n")
    for step in range(1, 1000, 7):
        root = tmp_path / f"step-{step}"
        root.mkdir()
        script = KILLED.format(paths=sys.path, step=step, root=str(root), path=str(target), look=None)
        killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
        if killed.returncode == 0:
            break
        assert killed.returncode == 9, killed.stderr
        outcome = asyncio.run(ApiServer().collected(root, str(target)))
        judged(root)
        assert outcome["status"] == "Complete"
    assert step > 20


def test_a_collector_killed_while_a_helper_sends_is_followed_by_one_that_goes_on(tmp_path: Path, target: Path) -> None:
    (target / "dropped.php").write_bytes(b"evil\n")
    kills = 0
    for step in range(3, 1000, 41):
        root = tmp_path / f"step-{step}"
        root.mkdir()
        look = f"Path({str(target)!r})"
        script = KILLED.format(paths=sys.path, step=step, root=str(root), path="/dropped.php", look=look)
        killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
        if killed.returncode == 0:
            break
        assert killed.returncode == 9, killed.stderr
        kept = {file.read_bytes() for file in (root / f"{BAG}.partial/data").rglob("*") if file.is_file()}
        asyncio.run(ApiServer(root=target).collected(root, "/dropped.php"))
        judged(root)
        assert kept <= {file.read_bytes() for file in (root / BAG / "data").rglob("*") if file.is_file()}
        with tarfile.open(root / BAG / "data/03-filesystem/web/files.tar") as archive:
            assert archive.getnames() == ["dropped.php"]
        kills += 1
    assert kills > 5


async def test_a_pod_that_left_between_two_collectors_leaves_a_gap(volume: Path) -> None:
    folder = volume / f"{BAG}.partial"
    await ApiServer().collected(volume)
    (volume / BAG).rename(folder)
    for file in (folder, *folder.rglob("*")):
        file.chmod(0o700)
    lines = (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)
    seen = next(number for number, line in enumerate(lines) if b"pod.json" in line)
    (folder / "custody.jsonl").write_bytes(b"".join(lines[: seen + 1]))

    outcome = await ApiServer(pods=[None]).collected(volume)
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "PodGone")
    assert UID in (volume / BAG / "bag-info.txt").read_text()
