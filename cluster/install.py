"""`make install`: the operator's image and chart into the cluster, with values for a small one, and tokens for both sources.

The tests, the demo and the benchmarks start from it. Installing twice changes nothing but what is new.
"""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from cluster import build
from cluster.images import operator
from cluster.providers import Provider, chosen

ROOT = Path(__file__).parents[1]
HOME = "firedoor-system"
TOKENS = "firedoor-tokens"
SOURCES = ("falco", "alertmanager")


def install(provider: Provider, extra: tuple[str, ...] = ()) -> None:
    """Installs the chart and waits until everything runs."""
    began = time.monotonic()
    image = os.environ.get("IMAGE", "")
    if not image:
        image = operator.image()
        archive = operator.archive()
        if not _is_installed(provider, image):
            provider.load(archive)
    _namespace(provider)
    _tokens(provider)
    chart = ["upgrade", "--install", "firedoor", str(ROOT / "charts/firedoor"), "--namespace", HOME]
    values = ["-f", str(ROOT / "charts/firedoor/values-small.yaml"), *image_values(image)]
    # A bench or a story that was killed may have left its own hand on an object; here the chart is right.
    _helm(provider, *chart, *values, *extra, "--force-conflicts", "--wait", "--timeout", "120s")
    print(f"firedoor is installed and ready after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def image_values(image: str) -> list[str]:
    """Helm's arguments that name an image, as text: a tag of digits alone would become a number, which the chart refuses."""
    repository, _, tag = image.rpartition(":")
    return ["--set-string", f"image.repository={repository},image.tag={tag}"]


def _is_installed(provider: Provider, image: str) -> bool:
    query = ("get", "deployment", "firedoor-controller", "-o", "jsonpath={..image}", "--ignore-not-found")
    found = _kubectl(provider, "-n", HOME, *query, check=False)
    return image in found


def _namespace(provider: Provider) -> None:
    labels = "\n".join(f"    pod-security.kubernetes.io/{mode}: restricted" for mode in ("enforce", "warn"))
    document = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {HOME}\n  labels:\n{labels}\n"
    _kubectl(provider, "apply", "--server-side", "-f", "-", text=document)


def _tokens(provider: Provider) -> None:
    """A random token for each source, made once."""
    if _kubectl(provider, "-n", HOME, "get", "secret", TOKENS, "--ignore-not-found", "-o", "name"):
        return
    pairs = [f"--from-literal={source}={secrets.token_urlsafe(32)}" for source in SOURCES]
    _kubectl(provider, "-n", HOME, "create", "secret", "generic", TOKENS, *pairs)


def _helm(provider: Provider, *arguments: str) -> None:
    command = [str(build.program("helm")), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=_environment(provider))
    if done.returncode:
        raise RuntimeError(f"helm could not install firedoor: {done.stderr.strip()[-2000:]}")


def _kubectl(provider: Provider, *arguments: str, text: str = "", check: bool = True) -> str:
    command = [str(build.program("kubectl")), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=text, env=_environment(provider))
    if done.returncode and check:
        raise RuntimeError(f"kubectl {' '.join(arguments[:4])}: {done.stderr.strip()}")
    return done.stdout


def _environment(provider: Provider) -> dict[str, str]:
    return os.environ | {"KUBECONFIG": str(provider.kubeconfig())}


def main() -> int:
    """Installs into the chosen cluster; an error is one sentence."""
    try:
        install(chosen())
    except (RuntimeError, build.CannotBuild) as error:
        print(f"install: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
