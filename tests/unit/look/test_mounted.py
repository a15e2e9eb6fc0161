"""File systems below one another, as containers have them: all are captured, and Secrets alone are not, in whatever disguise."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.unit.look.looking import Taken, look

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount")
TOKEN = "var/run/secrets/kubernetes.io/serviceaccount"
ENTER = "import os, sys, time; os.chroot('.'); print(flush=True); time.sleep(60)"
ATOMIC = "mkdir {0}/..1 && echo secret > {0}/..1/token && ln -s ..1 {0}/..data && ln -s ..data/token {0}/token"
"""How a kubelet writes a Secret."""
Mounted = Callable[..., AbstractContextManager[int]]


@pytest.fixture
def mounted(tmp_path: Path) -> Mounted:
    """A process whose root is a folder with what a shell script has mounted in it; `$disk` is a folder on the disk."""

    @contextmanager
    def enter(*script: str) -> Iterator[int]:
        for folder in ("root", "disk"):
            (tmp_path / folder).mkdir()
        words = " && ".join(["mount --bind root root", "cd root", *script, f'exec {sys.executable} -c "{ENTER}"'])
        command = ["unshare", "--mount", "sh", "-ec", words]
        named = {**os.environ, "disk": str(tmp_path / "disk")}
        with subprocess.Popen(command, cwd=tmp_path, env=named, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"\n"
            yield process.pid
            process.kill()

    return enter


def of(pid: int, *tasks: str, paths: tuple[str, ...] = (), secrets: tuple[str, ...] = ()) -> dict[str, Taken]:
    return look(Path(f"/proc/{pid}/root"), *tasks, first=pid, started=1.0, paths=paths, secrets=secrets)


def names(taken: Taken) -> set[str]:
    with taken.tar as tar:
        return {member.name for member in tar.getmembers() if member.isfile()}


def memory(at: str, options: str = "rw") -> str:
    return f"mkdir -p {at} && mount -t tmpfs -o {options} memory {at}"


def test_a_disk_below_memory_and_memory_below_a_disk_are_both_captured(mounted: Mounted) -> None:
    disk = "mkdir tmp/cache && mount --bind $disk tmp/cache && echo evil > tmp/cache/on-disk"
    deep = memory("tmp/cache/deep")
    with mounted(memory("tmp"), "echo x > tmp/in-memory", disk, deep, "echo x > tmp/cache/deep/in-memory") as pid:
        taken = of(pid, "tmpfs", "changed", "listing")
    assert names(taken["tmpfs"]) == {"tmp/in-memory", "tmp/cache/deep/in-memory"}
    assert names(taken["changed"]) == {"tmp/cache/on-disk"}
    assert all(one.reasons() == {} for one in taken.values())


def test_memory_that_is_mounted_read_only_is_no_secret_by_that(mounted: Mounted) -> None:
    with mounted(memory("scratch"), "echo tool > scratch/handed-over", "mount -o remount,bind,ro scratch") as pid:
        taken = of(pid, "tmpfs", "paths", paths=("/scratch/handed-over",), secrets=(f"/{TOKEN}",))
    assert names(taken["tmpfs"]) == names(taken["paths"]) == {"scratch/handed-over"}
    assert all(one.reasons() == {} for one in taken.values())


def secret(at: str) -> tuple[str, ...]:
    return memory(at), ATOMIC.format(at), f"mount -o remount,bind,ro {at}"


def test_a_token_is_listed_and_never_read_also_where_a_link_leads_to_its_place(mounted: Mounted) -> None:
    with mounted("mkdir -p run var", "ln -s ../run var/run", *secret(TOKEN)) as pid:
        taken = of(pid, "tmpfs", "paths", "listing", paths=(f"/{TOKEN}/token", "/run"), secrets=(f"/{TOKEN}",))
    assert names(taken["tmpfs"]) == names(taken["paths"]) == set()
    assert taken["tmpfs"].reasons() == {}
    assert taken["paths"].reasons() == {"Withheld": 1}
    assert "/run/secrets/kubernetes.io/serviceaccount/..1/token" in [line.get("path") for line in taken["listing"].lines]


def test_a_secret_of_one_key_alone_is_not_read(mounted: Mounted) -> None:
    key = "touch key && mount --bind kept/..1/token key && mount -o remount,bind,ro key && umount kept"
    with mounted(*secret("kept"), key) as pid:
        taken = of(pid, "tmpfs", secrets=("/key",))["tmpfs"]
    assert (names(taken), taken.reasons()) == (set(), {})


def test_a_secret_that_was_moved_or_made_writable_is_not_read_and_that_is_said(mounted: Mounted) -> None:
    moved = "mkdir elsewhere && mount --bind token elsewhere && mount -o remount,bind,rw token"
    with mounted(*secret("token"), moved) as pid:
        taken = of(pid, "tmpfs", secrets=("/token",))["tmpfs"]
    assert names(taken) == set()
    assert taken.end["missing"][0]["such"] == [
        "token: a Secret's place that can be written to, which is not how Kubernetes mounts one; not read",
        "elsewhere: the file system of a Secret in another place; not read",
    ]


def test_what_only_looks_like_a_secret_is_said_to_be_left_out_and_is_read_when_it_can_be_written_to(mounted: Mounted) -> None:
    with mounted(*secret("a"), memory("b"), ATOMIC.format("b")) as pid:
        taken = of(pid, "tmpfs")["tmpfs"]
    assert names(taken) == {"b/..1/token"}
    assert taken.end["missing"][0]["such"] == ["a: in the form of a Secret, but the pod has none there; not read"]
