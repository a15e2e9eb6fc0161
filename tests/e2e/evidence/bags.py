"""A bag, read from its volume by a pod that mounts it, and judged by strangers' tools."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.conftest import HOME, Json, Kubectl


def fetch(kubectl: Kubectl, incident: Json, folder: Path) -> Path:
    """The bag, read from its volume by a pod that mounts it."""
    evidence, reader = incident["status"]["evidence"], f"reader-{incident['metadata']['uid'][:8]}"
    bag = folder / str(evidence["bundle"])
    kubectl.apply(_reader(reader, evidence["claim"], image(kubectl)))
    try:
        kubectl("-n", HOME, "wait", "--for=condition=Ready", f"pod/{reader}", "--timeout=60s")
        kubectl("-n", HOME, "cp", "--retries=10", f"{reader}:/evidence/{evidence['bundle']}", str(bag))  # exec is cut at times
    finally:
        kubectl("-n", HOME, "delete", "pod", reader, "--wait=false")
    return bag


def judged(bag: Path) -> None:
    """Strangers' tools accept it."""
    subprocess.run([sys.executable, "-m", "bagit", "--validate", str(bag)], check=True, capture_output=True)
    sums = ["sha256sum", "-c", "--quiet", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    subprocess.run(sums, check=True, cwd=bag)


def artifacts(bag: Path, kind: str) -> list[dict[str, Any]]:
    """What capture.json tells of the artifacts of a kind."""
    told: list[dict[str, Any]] = json.loads((bag / "capture.json").read_bytes())["artifacts"]
    return [artifact for artifact in told if artifact["source"].get("kind") == kind]


def lines(bag: Path, kind: str) -> list[dict[str, Any]]:
    """The JSON lines of the artifacts of a kind."""
    files = [bag / artifact["path"] for artifact in artifacts(bag, kind)]
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def image(kubectl: Kubectl) -> str:
    """The image that firedoor runs from."""
    found = kubectl.json("-n", HOME, "deployment", "firedoor-controller")
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def _reader(name: str, claim: str, image: str) -> Json:
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "reader",
        "image": image,
        "args": ["probe", "--stand"],
        "volumeMounts": [{"name": "evidence", "mountPath": "/evidence", "readOnly": True}],
        "securityContext": restricted,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": HOME},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [{"name": "evidence", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}],
        },
    }
