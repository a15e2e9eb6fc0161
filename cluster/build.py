"""Building the cluster's programs: pinned Go tool modules, once, into a cache outside the repository.

The cluster and `make` call it. A family is one go.mod under cluster/tools; its cache folder is keyed by the checksums,
so a changed pin builds anew beside the old. Downloads nothing but Go modules, and writes nothing into the repository.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).parent / "tools"
KUBERNETES = "v1.35.4"
_VERSION = "k8s.io/component-base/version"
_KUBERNETES_FLAGS = f"-X {_VERSION}.gitVersion={KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=35"


class CannotBuild(Exception):
    """A program is missing or a build failed; the message says which and what to do."""


@dataclass(frozen=True)
class Family:
    """Programs of one Go module tree."""

    name: str
    programs: tuple[str, ...]
    ldflags: str = ""
    tags: str = ""
    cgo: bool = False


FAMILIES = (
    Family(
        "kubernetes",
        ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl", "agnhost"),
        ldflags=_KUBERNETES_FLAGS,
    ),
    Family("etcd", ("server", "etcdctl")),
    Family("containerd", ("containerd", "containerd-shim-runc-v2", "ctr"), tags="no_btrfs"),
    Family("runc", ("runc",), tags="seccomp", cgo=True),
    Family("cni", ("ptp", "loopback", "host-local", "portmap")),
    Family("helm", ("helm",)),
)
EXTRA = (
    Family("cyclonus", ("cyclonus",)),
    Family("kwok", ("kwok",)),
    Family("versitygw", ("versitygw",)),
)
"""Built only when asked for: conformance, large-scale benchmarks, and the object store of the stories about copies."""


def cache() -> Path:
    """The cache folder: FIREDOOR_CACHE, else firedoor/ in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return Path(os.environ.get("FIREDOOR_CACHE", f"{base}/firedoor"))


def folder(family: Family) -> Path:
    """Where a family's programs are, built or not."""
    module = TOOLS / family.name
    content = b"".join((module / name).read_bytes() for name in ("go.mod", "go.sum"))
    key = hashlib.sha256(content + repr(family).encode()).hexdigest()[:12]
    return cache() / "bin" / f"{family.name}-{key}"


def program(name: str) -> Path:
    """The path of a program, built first if it has to be."""
    family = next((family for family in (*FAMILIES, *EXTRA) if name in family.programs), None)
    if family is None:
        raise CannotBuild(f"{name} is not one of the cluster's programs.")
    ensure((family,))
    return folder(family) / name


def ensure(families: tuple[Family, ...] = FAMILIES) -> None:
    """Builds what is not built yet, with progress; two callers never build at the same time."""
    missing = [family for family in families if not folder(family).exists()]
    if not missing:
        return
    if shutil.which("go") is None:
        raise CannotBuild("Go is not on the PATH; install Go 1.25 or newer.")
    with _alone():
        missing = [family for family in missing if not folder(family).exists()]
        for number, family in enumerate(missing, start=1):
            _build(family, f"[{number}/{len(missing)}] {family.name}")


def _build(family: Family, title: str) -> None:
    target = folder(family)
    target.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    _say(f"{title}: building {', '.join(family.programs)}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{family.name}-") as work:
        _run_go(family, Path(work), title, began)
        Path(work).chmod(0o755)
        shutil.copytree(work, f"{target}.new", dirs_exist_ok=True)
        Path(f"{target}.new").rename(target)
    _say(f"{title}: built in {time.monotonic() - began:.0f} s")


def _run_go(family: Family, out: Path, title: str, began: float) -> None:
    flags = ["-trimpath", "-ldflags", f"-s -w {family.ldflags}", "-tags", _tags(family), "-o", f"{out}/"]
    environment = os.environ | {"CGO_ENABLED": "1" if family.cgo else "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            ["go", "build", *flags, "tool"], cwd=TOOLS / family.name, env=environment, stdout=log, stderr=log
        )
        while _still_running(process):
            _say(f"{title}: still building after {time.monotonic() - began:.0f} s")
        if process.returncode:
            log.seek(0)
            raise CannotBuild(f"{family.name} could not be built: {log.read()[-2000:]}")


def _tags(family: Family) -> str:
    wants_seccomp = family.tags == "seccomp"
    has_seccomp = subprocess.run(["pkg-config", "--exists", "libseccomp"], check=False).returncode == 0 if wants_seccomp else True
    return family.tags if has_seccomp else ""


def _still_running(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> bool:
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        return True
    return False


@contextmanager
def _alone() -> Iterator[None]:
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
