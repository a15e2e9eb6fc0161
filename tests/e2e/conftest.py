"""What the stories stand on: kubectl, a namespace of their own, a shop in it, and incidents whose end they can wait for.

Each story runs on the real cluster that `make e2e` raised and installed firedoor in. Namespaces go when the story ends.
"""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import build
from cluster.providers import Provider, chosen
from cluster.which import NUMBER
from tests.e2e import turns
from tests.e2e.eyes import Eyes

HOME = "firedoor-system"
PATIENCE_SECONDS = 60.0

Json = dict[str, Any]


class Kubectl:
    """kubectl, as a person would use it."""

    def __init__(self, kubeconfig: str) -> None:
        self.kubeconfig = kubeconfig
        self._environment = os.environ | {"KUBECONFIG": kubeconfig}
        self._eyes = Eyes(kubeconfig)
        self._program = str(build.program("kubectl")) if shutil.which("go") else "kubectl"

    def __call__(self, *arguments: str, text: str = "", check: bool = True) -> str:
        """Runs it; its output. A failure is told with what it said."""
        done = subprocess.run(
            [self._program, *arguments], check=False, capture_output=True, text=True, input=text, env=self._environment
        )
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else done.stderr

    def following(self, *arguments: str) -> "subprocess.Popen[str]":
        """kubectl at work beside the story, such as a watch; whoever starts it ends it."""
        command = [self._program, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self._environment)

    def json(self, *arguments: str) -> Json:
        """An object or a list, in the words of `kubectl get`."""
        return self._eyes.get(*arguments)

    def apply(self, *documents: Json) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self("apply", "--server-side", "-f", "-", text=json.dumps(listed))

    def exists(self, *arguments: str) -> bool:
        return self._eyes.sees(*arguments)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = turns.in_order(items)


@pytest.fixture(scope="session")
def turns_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share which play on the same cluster."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"cluster-{NUMBER}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def turn(request: pytest.FixtureRequest, turns_folder: Path) -> Iterator[None]:
    """Each story begins when it is its turn on the cluster."""
    with turns.turn(turns_folder, request.node):
        yield


@pytest.fixture(scope="session")
def provider() -> Provider:
    return chosen()


@pytest.fixture(scope="session")
def kubectl(provider: Provider) -> Kubectl:
    return Kubectl(str(provider.kubeconfig()))


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    name = f"story-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    eventually(lambda: kubectl.exists("-n", name, "serviceaccount", "default"), "the namespace is ready for pods")
    yield name
    release_all(kubectl, name)
    kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def release_all(kubectl: Kubectl, namespace: str) -> None:
    """Deletes the namespace's incidents and waits until they have given everything back."""
    kubectl("-n", namespace, "delete", "secinc", "--all", "--timeout=60s")


def eventually(claim: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until a claim holds."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)


class Story:
    """A namespace with a suspect in it, and verbs that read like the story."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self.kubectl = kubectl
        self.namespace = namespace

    def deployment(self, name: str = "web", replicas: int = 2) -> None:
        """A web Deployment whose pods listen on port 8080 and have a shell."""
        self.kubectl.apply(deployment(self.namespace, name, replicas))
        self.kubectl("-n", self.namespace, "rollout", "status", f"deployment/{name}", "--timeout=60s")

    def pod(self, name: str = "suspect", **spec: Any) -> Json:
        """A bare pod, running."""
        self.kubectl.apply(pod(self.namespace, name, **spec))
        self.kubectl("-n", self.namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        return self.get("pod", name)

    def pods(self, app: str = "web") -> list[Json]:
        found = self.kubectl.json("-n", self.namespace, "pods", "-l", f"app={app}")["items"]
        return [one for one in found if "deletionTimestamp" not in one["metadata"]]

    def get(self, kind: str, name: str) -> Json:
        return self.kubectl.json("-n", self.namespace, kind, name)

    def incident(self, suspect: str, name: str = "incident", **spec: Any) -> None:
        """An incident about a pod; keyword arguments are fields of its spec."""
        document = {
            "apiVersion": "firedoor.dev/v1alpha1",
            "kind": "SecurityIncident",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"target": {"kind": "Pod", "name": suspect}, "evidence": {"enabled": False}, **spec},
        }
        self.kubectl.apply(document)

    def ask(self, name: str = "incident", **spec: Any) -> None:
        """Another wish, in place of what an incident asked for before."""
        self.kubectl("-n", self.namespace, "patch", "secinc", name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def condition(self, about: str, name: str = "incident") -> Json:
        found = self.get("secinc", name).get("status", {}).get("conditions", [])
        return next((c for c in found if c["type"] == about), {"status": "", "reason": "", "message": ""})

    def wait(self, about: str, status: str = "True", reason: str = "", name: str = "incident", seconds: float = 60.0) -> Json:
        """Waits for a condition; the condition."""

        def holds() -> bool:
            condition = self.condition(about, name)
            return condition["status"] == status and reason in ("", condition["reason"])

        try:
            eventually(holds, f"{about}={status} {reason}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.condition(about, name)}") from None
        return self.condition(about, name)

    def release(self, name: str = "incident", **fields: str) -> None:
        self.ask(name, release={"reason": "the story ends", **fields})

    def reaches(self, source: str, address: str, port: int = 8080) -> bool:
        """Whether a pod can open a new connection."""
        words = f"echo | nc -w 2 {address} {port} >/dev/null 2>&1 && echo reached"
        return "reached" in self.kubectl("-n", self.namespace, "exec", source, "--", "sh", "-c", words, check=False)


@pytest.fixture
def story(kubectl: Kubectl, namespace: str) -> Story:
    return Story(kubectl, namespace)


@pytest.fixture
def home_incidents(kubectl: Kubectl) -> Iterator[None]:
    """Removes, when the story ends, the incidents that alerts made."""
    yield
    release_all(kubectl, HOME)


def deployment(namespace: str, name: str, replicas: int) -> Json:
    labels = {"app": name, "tier": "front"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec()},
        },
    }


def pod(namespace: str, name: str, **spec: Any) -> Json:
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name, "team": "shop"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**pod_spec(), **spec}}


def pod_spec() -> Json:
    container = {
        "name": "web",
        "image": "firedoor.test/agnhost:1",
        "args": ["netexec", "--http-port=8080"],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
    }
    return {"terminationGracePeriodSeconds": 1, "containers": [container]}
