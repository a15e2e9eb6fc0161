"""The operator's image from the project's Dockerfile: with docker where it answers, else with buildah on a Debian base.

`make image` calls it. Dependencies are fetched as wheels beforehand, with the machine's own pip settings, so that the
build itself needs no network; they are a layer of their own, so that a change of source builds in seconds.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cluster import build, prerequisites

ROOT = Path(__file__).parents[2]
NAME = "firedoor.test/firedoor"
BASE_PACKAGES = "python3-minimal,python3-venv,ca-certificates"
SUITE = "bookworm"
APART = ("unshare", "--mount", "--")
"""In a mount namespace of its own: buildah leaves its store mounted, and this way that goes with it."""


def image() -> str:
    """The image's name, tagged by what it is made of."""
    key = hashlib.sha256((ROOT / "Dockerfile").read_bytes() + (ROOT / "requirements/operator.txt").read_bytes())
    for file in sorted((ROOT / "operator/firedoor").rglob("*.py")):
        key.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return f"{NAME}:{key.hexdigest()[:12]}"


def archive() -> Path:
    """The image as an OCI archive, built if it has to be."""
    name = image()
    target = build.cache() / "images" / f"operator-{name.rpartition(':')[2]}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _say(f"building {name}")
        _with_docker(name, target) if _docker_answers() else _with_buildah(name, target)
    return target


def _docker_answers() -> bool:
    found = shutil.which("docker")
    return bool(found) and subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


def _with_docker(name: str, target: Path) -> None:
    _run(["docker", "build", "-q", "-t", name, str(ROOT)])
    _run(["docker", "save", "-o", str(target), name])


def _with_buildah(name: str, target: Path) -> None:
    prerequisites.ensure(prerequisites.IMAGE)
    base = _base()
    context = _context()
    arguments = ["--build-arg", f"BASE_IMAGE={base}", "--layers", "-q", "-t", name]
    _buildah("bud", *arguments, str(context))
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    _buildah("push", "-q", name, f"oci-archive:{part}:{name}")
    part.rename(target)


def _base() -> str:
    """A Debian with Python as an image, made once."""
    key = hashlib.sha256(f"{SUITE} {BASE_PACKAGES}".encode()).hexdigest()[:12]
    name = f"localhost/firedoor-base:{key}"
    if _has_image(name):
        return name
    tar = build.cache() / "images" / f"base-{key}.tar"
    if not tar.exists():
        _say("making a Debian base with Python")
        part = tar.with_suffix(".new.tar")
        _run(["mmdebstrap", "-q", "--variant=essential", f"--include={BASE_PACKAGES}", SUITE, str(part)])
        part.rename(tar)
    container = _buildah("from", "scratch").strip()
    _buildah("add", "-q", container, str(tar), "/")
    _buildah("commit", "-q", "--rm", container, name)
    return name


def _has_image(name: str) -> bool:
    command = [*APART, "buildah", *_storage(), "inspect", "--type", "image", name]
    return subprocess.run(command, check=False, capture_output=True, env=_environment()).returncode == 0


def _context() -> Path:
    """A build context of its own: the Dockerfile, the source and the wheels, and nothing else of the checkout."""
    context = build.cache() / "image-context"
    shutil.rmtree(context, ignore_errors=True)
    (context / "requirements").mkdir(parents=True)
    shutil.copy2(ROOT / "Dockerfile", context)
    shutil.copy2(ROOT / "requirements/operator.txt", context / "requirements")
    shutil.copytree(ROOT / "operator", context / "operator", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(_wheels(), context / "wheelhouse")
    return context


def _wheels() -> Path:
    """The locked dependencies as wheels, fetched once for each lock."""
    lock = ROOT / "requirements/operator.txt"
    folder = build.cache() / "wheels" / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    if not folder.exists():
        _say("fetching the operator's dependencies")
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        options = ["--require-hashes", "--only-binary", ":all:", "-q", "-r", str(lock), "-d", str(part)]
        _run([sys.executable, "-m", "pip", "download", *options])
        part.rename(folder)
    return folder


def _storage() -> list[str]:
    root = build.cache() / "buildah"
    return ["--root", str(root / "root"), "--runroot", str(root / "run"), "--storage-driver", "overlay"]


def _environment() -> dict[str, str]:
    return os.environ | {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "overlay"}


def _buildah(command: str, *arguments: str) -> str:
    return _run(["buildah", *_storage(), command, *arguments], within=APART)


def _run(command: list[str], within: tuple[str, ...] = ()) -> str:
    done = subprocess.run([*within, *command], check=False, capture_output=True, text=True, env=_environment(), cwd=ROOT)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise build.CannotBuild(f"{command[0]} {command[1] if len(command) > 1 else ''} failed: {said}")
    return done.stdout


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
