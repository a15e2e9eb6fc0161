"""kubectl against the cluster that KUBECONFIG names, or the one that the repository raised."""

import subprocess
from collections.abc import Callable

import pytest

from cluster import build
from cluster.providers import chosen


@pytest.fixture(scope="session")
def kubectl() -> Callable[..., str]:
    binary, kubeconfig = build.program("kubectl"), chosen().kubeconfig()

    def run(*arguments: str, input: str | None = None) -> str:
        command = [str(binary), f"--kubeconfig={kubeconfig}", *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    return run
