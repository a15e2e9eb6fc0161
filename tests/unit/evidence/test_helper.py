"""The helper as the collector uses it: tried first, believed only when whole, told of when it was not permitted."""

import asyncio
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firedoor.evidence.order import Limits
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.entrance import profiles
from tests.unit.evidence.apiserver import ApiServer, pod
from tests.unit.evidence.test_collector import BAG, ending, judged, told

VOLATILE = ("sockets.jsonl", "processes.jsonl", "system.json", "mounts.jsonl", "sockets.later.jsonl")


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "dropped.php").write_bytes(b"evil\n")
    return folder


def container(**security: Any) -> Container:
    return Container("web", "containerd://1", "containers", running=True, ran_before=False, security=security)


async def test_what_a_helper_sees_is_in_the_bag_and_each_artifact_says_how_it_was_got(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, shell=("/no/such/shell",))
    await server.collected(volume, "/dropped.php", "/not/there")

    judged(volume)
    assert server.asked[:3] == ["regarding.uid=pod-uid", "All 1000", "1000"]
    for name in VOLATILE:
        assert (volume / BAG / "data/00-volatile/web" / name).stat().st_size > 0
    for kind in ("files", "changed"):
        with tarfile.open(volume / BAG / f"data/03-filesystem/web/{kind}.tar") as tar:
            assert "dropped.php" in tar.getnames()
    assert ending(volume, "data/03-filesystem/web/files.tar") == ("complete", "")
    assert ending(volume, "data/03-filesystem/web/missing-1") == ("skipped", "NotFound")
    artifacts = json.loads((volume / BAG / "capture.json").read_bytes())["artifacts"]
    told = next(artifact for artifact in artifacts if artifact["path"].endswith("processes.jsonl"))
    assert (told["source"]["way"], told["source"]["trust"], told["source"]["uid"]) == ("helper", "own-binaries", 1000)
    assert any("helper.injected" in line for line in (volume / BAG / "custody.jsonl").read_text().splitlines())


async def test_a_helper_that_is_not_admitted_is_told_and_the_suspects_own_tools_are_asked(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, denied='pods "web-1" is forbidden: violates PodSecurity "restricted:latest"')
    outcome = await server.collected(volume, f"{root}/dropped.php")
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "AdmissionDenied")
    assert ending(volume, "data/00-volatile/web/helper") == ("failed", "AdmissionDenied")
    assert ending(volume, "data/00-volatile/web/processes.txt") == ("complete", "")
    assert ending(volume, "data/03-filesystem/web/files.tar") == ("complete", "")


async def test_a_policy_that_refuses_with_another_status_has_refused_all_the_same(volume: Path, root: Path) -> None:
    said = "ValidatingAdmissionPolicy 'no-helpers' with binding 'no-helpers' denied request: no helper here"
    outcome = await ApiServer(root=root, denied=said, denied_with=422).collected(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "AdmissionDenied")


async def test_a_collector_that_may_not_add_a_helper_says_that_it_may_not(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, denied="User cannot patch resource pods/ephemeralcontainers")
    assert (await server.collected(volume))["reason"] == "Forbidden"


async def test_a_later_collector_uses_the_helper_that_stands_already(volume: Path, root: Path, tmp_path: Path) -> None:
    server = ApiServer(root=root)
    await server.collected(volume)
    other = tmp_path / "other"
    other.mkdir()
    await server.collected(other)
    assert len([asked for asked in server.asked if asked == "1000"]) == 1
    assert not list((other / BAG / "data/02-logs").glob("firedoor-*"))


async def test_a_stream_that_is_cut_is_never_taken_for_a_whole_one(volume: Path, root: Path) -> None:
    (root / "big").write_bytes(b"x" * 3_000_000)
    outcome = await ApiServer(root=root, cut_after=2_000_000).collected(volume, "/big")
    judged(volume)
    assert outcome["status"] == "Partial"
    kept = volume / BAG / "data/03-filesystem/web"
    assert ending(volume, "data/03-filesystem/web/changed.tar") == ("partial", "StreamTruncated")
    assert 0 < (kept / "changed.tar").stat().st_size < 3_000_000
    assert ending(volume, "data/00-volatile/web/processes.jsonl")[1] in ("", "Forbidden")


async def test_a_container_whose_user_nobody_told_is_scouted_first(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, pods=[of_unknown_user()])
    await server.collected(volume)
    assert "65532" in server.asked


def of_unknown_user() -> dict[str, Any]:
    unknown = pod()
    del unknown["status"]["containerStatuses"][0]["user"]
    return unknown


async def test_a_scout_that_says_more_than_two_numbers_need_is_not_believed(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, pods=[of_unknown_user()], who=["printf", "1000%100s", "1000"])
    await server.collected(volume)
    judged(volume)
    assert "1000" not in server.asked
    assert ending(volume, "data/00-volatile/web/sockets.jsonl") == ("complete", "")


async def test_a_kubelet_that_is_slow_once_costs_one_source_and_not_all_that_follow(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, pods=[of_unknown_user()], hesitates=4.0, patience=2.0)
    await server.collected(volume)
    judged(volume)
    assert ending(volume, "data/00-volatile/web/helper") == ("failed", "KubeletUnreachable")
    assert (volume / BAG / "data/02-logs/web/current.log").exists()


def test_the_helper_is_the_suspects_user_and_nothing_more() -> None:
    (security,) = profiles(container(), (1000, 2000))
    assert (security["runAsUser"], security["runAsGroup"]) == (1000, 2000)
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False
    assert security["runAsNonRoot"] is True


def test_beside_root_the_helper_has_the_capabilities_of_the_suspect_and_else_it_is_nobody() -> None:
    root, nobody = profiles(container(capabilities={"drop": ["ALL"], "add": ["CHOWN"]}, privileged=True), (0, 0))
    assert (root["runAsUser"], root["capabilities"]) == (0, {"drop": ["ALL"], "add": ["CHOWN"]})
    assert "privileged" not in root
    assert (nobody["runAsUser"], nobody["capabilities"]) == (65532, {"drop": ["ALL"]})


async def test_a_helper_that_dies_with_its_container_is_not_waited_for(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, helper=["sh", "-c", "read -r _; exit 137"], limits=Limits(pauses=(60.0,)), dies=True)
    async with asyncio.timeout(20):
        outcome = await server.collected(volume)
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "HelperEnded")


@pytest.fixture
def small_volume(volume: Path) -> Iterator[Path]:
    """A file system of four mebibytes."""
    if os.geteuid() != 0:
        pytest.skip("a small file system needs root to be mounted")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "small", str(volume)], check=True)
    yield volume
    subprocess.run(["umount", str(volume)], check=True)


async def test_a_full_volume_is_written_to_no_more_by_what_comes_after(small_volume: Path, root: Path) -> None:
    for name in ("one", "two"):
        (root / name).write_bytes(b"x" * (20 << 20))
    outcome = await ApiServer(root=root).collected(small_volume, "/one", "/two")
    judged(small_volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "VolumeFull")
    assert ending(small_volume, "data/space") == ("failed", "VolumeFull")


LYING = """
import sys
sys.path[:0] = {paths!r}
from firedoor.look.frames import Kind, Sender
sys.stdin.buffer.readline()
sender = Sender(sys.stdout.buffer)
sender.artifact("sockets")
sender.frame(Kind.END, 1, {{"bytes": 1, "missing": [{{"reason": "\x1b[31m", "such": 5}}, 7], "absent": "all"}})
sender.frame(Kind.DATA, 1, b"after the end")
sys.stdin.buffer.readline()
"""


async def test_a_helper_that_was_disturbed_ends_in_a_bag_that_says_so_in_our_own_words(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, helper=[sys.executable, "-c", LYING.format(paths=sys.path)])
    await server.collected(volume)
    judged(volume)
    assert ending(volume, "data/00-volatile/web/sockets.jsonl") == ("partial", "StreamTruncated")
    assert ending(volume, "data/00-volatile/web/processes.jsonl") == ("failed", "StreamTruncated")
    assert b"\x1b" not in (volume / BAG / "capture.json").read_bytes()


DYING = """
import json, sys
sys.path[:0] = {paths!r}
from firedoor.look.frames import Sender
sender = Sender(sys.stdout.buffer)
for name in json.loads(sys.stdin.buffer.readline())["tasks"]:
    sending = sender.artifact(name)
    if name == "sockets":
        sys.exit(1)
    if name == "executables":
        sending.write(b"half an archive".ljust(2000))
        sending.lacks("Unexpected", "RecursionError")
    sending.line({{}})
    sending.end()
"""


async def test_a_task_that_the_helper_dies_of_is_asked_for_last_and_the_others_are_had(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, helper=[sys.executable, "-c", DYING.format(paths=sys.path)])
    await server.collected(volume)
    judged(volume)
    assert ending(volume, "data/00-volatile/web/sockets.jsonl") == ("partial", "StreamTruncated")
    assert [ending(volume, f"data/00-volatile/web/{name}") for name in ("processes.jsonl", "system.json", "mounts.jsonl")] == [
        ("complete", "")
    ] * 3
    assert ending(volume, "data/03-filesystem/web/listing.jsonl") == ("complete", "")


async def test_an_archive_that_the_helper_could_not_end_is_not_asked_for_again_and_says_why(volume: Path, root: Path) -> None:
    server = ApiServer(root=root, helper=[sys.executable, "-c", DYING.format(paths=sys.path)])
    await server.collected(volume)
    assert ending(volume, "data/01-memory/web/executables.tar") == ("partial", "Unexpected")
    assert not list((volume / BAG / "data/01-memory/web").glob("executables-r*"))


TELLING = """
import json, sys
sys.path[:0] = {paths!r}
from firedoor.look.frames import Sender
plan, sender = json.loads(sys.stdin.buffer.readline()), Sender(sys.stdout.buffer)
for name in plan["tasks"]:
    sending = sender.artifact(name)
    sending.line(plan)
    sending.end()
sender.last()
sys.stdin.buffer.readline()
"""


async def test_the_helper_is_told_where_the_pods_own_spec_has_secrets(volume: Path, root: Path) -> None:
    found = pod()
    volumes: list[dict[str, Any]] = [
        {"name": "token", "projected": {}},
        {"name": "tls", "secret": {}},
        {"name": "work", "emptyDir": {}},
    ]
    found["spec"]["volumes"] = volumes
    mounts = [{"name": volume["name"], "mountPath": f"/mnt/{volume['name']}"} for volume in volumes]
    found["spec"]["containers"][0]["volumeMounts"] = mounts
    server = ApiServer(root=root, pods=[found], helper=[sys.executable, "-c", TELLING.format(paths=sys.path)])
    await server.collected(volume)
    plan = json.loads((volume / BAG / "data/00-volatile/web/sockets.jsonl").read_bytes())
    assert plan["secrets"] == ["/mnt/token", "/mnt/tls"]


async def test_a_socket_that_was_asked_for_is_not_said_to_be_absent(volume: Path, root: Path) -> None:
    os.mknod(root / "x.sock", 0o140600)
    await ApiServer(root=root).collected(volume, "/x.sock")
    judged(volume)
    assert ending(volume, "data/03-filesystem/web/files.tar") == ("failed", "Unsupported")


NOBODY = """
import os, sys
sys.path[:0] = {paths!r}
from firedoor.look.place import Place
from firedoor.look.session import serve
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
sys.exit(serve(sys.stdin.buffer, sys.stdout.buffer, lambda plan: Place({first}, "/proc/{first}/root")))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_where_the_helper_may_not_look_inside_the_suspects_own_tools_are_asked_beside_it(volume: Path, root: Path) -> None:
    helper = [sys.executable, "-c", NOBODY.format(paths=sys.path, first=os.getpid())]
    await ApiServer(root=root, helper=helper).collected(volume, f"{root}/dropped.php")
    judged(volume)
    forbidden = ("03-filesystem/web/listing.jsonl", "03-filesystem/web/changed.tar", "03-filesystem/web/files.tar")
    assert [ending(volume, f"data/{name}") for name in forbidden] == [("failed", "Forbidden")] * 3
    for name in ("00-volatile/web/processes.txt", "03-filesystem/web/files.exec.tar"):
        artifact = told(volume, f"data/{name}")
        assert (artifact["status"], artifact["source"]["way"], artifact["source"]["trust"]) == (
            "complete",
            "exec",
            "target-binaries",
        )
    with tarfile.open(volume / BAG / "data/03-filesystem/web/files.exec.tar") as tar:
        assert [Path(name).name for name in tar.getnames()] == ["dropped.php"]


async def test_the_suspects_own_tools_are_not_asked_for_what_the_helper_has_got(volume: Path, root: Path) -> None:
    await ApiServer(root=root).collected(volume, "/dropped.php")
    artifacts = json.loads((volume / BAG / "capture.json").read_bytes())["artifacts"]
    assert not [artifact for artifact in artifacts if artifact.get("source", {}).get("way") == "exec"]
