"""The ground that cyclonus stands on: its image's name on both nodes, and its namespaces gone before and after.

The program calls it. Removes only namespaces that carry cyclonus's label, and refuses to start on foreign ones of the
same names.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import build
from cluster.local.layout import ADMIN, MODE, NODES

REGISTRY = "firedoor.test"
AGNHOST = f"{REGISTRY}/agnhost:1"
EXPECTED = f"{REGISTRY}/e2e-test-images/agnhost:2.43"
"""How cyclonus spells its worker image; only the registry can be set."""
NAMESPACES = ("w", "x", "y", "y-2", "z")
OWN = "ns in (w,x,y,z)"
"""The label that cyclonus gives its namespaces; y-2 has y's."""
SWEEP_SECONDS = 60.0
ENVIRONMENT = os.environ | {"KUBECONFIG": str(ADMIN)}


@contextmanager
def prepared() -> Iterator[None]:
    """The image has cyclonus's name while this lasts."""
    for node in NODES:
        _images(str(node.socket), "tag", "--force", AGNHOST, EXPECTED)
    try:
        yield
    finally:
        for node in NODES:
            _images(str(node.socket), "rm", EXPECTED)


@contextmanager
def cleared() -> Iterator[None]:
    """cyclonus's namespaces are gone before and after."""
    sweep()
    foreign = _kubectl("get", "namespace", *NAMESPACES, "--ignore-not-found", "-o", "name").split()
    if foreign:
        raise RuntimeError(f"cyclonus uses the names {', '.join(NAMESPACES)}, and {foreign[0]} is there and not cyclonus's.")
    try:
        yield
    finally:
        sweep()


def sweep() -> None:
    """Removes cyclonus's namespaces and waits until they are gone; an API server that starts again is waited for."""
    deadline = time.monotonic() + SWEEP_SECONDS
    while True:
        try:
            _kubectl("delete", "namespace", "-l", OWN, "--wait", "--timeout=120s")
            return
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def strict_since() -> int:
    """When the engine's mode was last written, as a stamp; refuses when it is another than the one that is judged."""
    if not MODE.exists():
        raise RuntimeError("The local cluster does not stand; `make cluster` raises it.")
    mode = MODE.read_text().strip()
    if mode != "strict":
        raise RuntimeError(f"The policy engine is in mode {mode} and is judged in mode strict; `make cluster-policy` sets it.")
    return MODE.stat().st_mtime_ns


def _images(socket: str, *arguments: str) -> None:
    command = [str(build.program("ctr")), "-a", socket, "-n", "k8s.io", "images", *arguments]
    _run(command, "ctr images")


def _kubectl(*arguments: str) -> str:
    return _run([str(build.program("kubectl")), *arguments], f"kubectl {arguments[0]}")


def _run(command: list[str], title: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        raise RuntimeError(f"{title} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
