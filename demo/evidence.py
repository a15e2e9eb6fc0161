"""The evidence as an auditor gets it: the bag read from its volume, listed, and judged by tools that are not firedoor's."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cluster.install import HOME
from demo import terminal
from demo.shop import Kubectl

READER = "evidence-reader"


def judge(kubectl: Kubectl, incident: Any) -> None:
    """Fetches the bag, shows what is in it and what bagit.py and sha256sum say."""
    evidence = incident["status"]["evidence"]
    with tempfile.TemporaryDirectory() as folder:
        bag = _fetch(kubectl, evidence["claim"], evidence["bundle"], Path(folder))
        terminal.show("\n".join(str(file.relative_to(bag)) for file in sorted(bag.rglob("*")) if file.is_file()))
        terminal.run([sys.executable, "-m", "bagit", "--validate", str(bag)], said="bagit.py --validate bag")
        terminal.verdict(True, "bagit.py: the bag is valid")
        sums = "sha256sum -c --quiet manifest-sha256.txt tagmanifest-sha256.txt"
        terminal.run(["sh", "-c", f"cd '{bag}' && {sums}"], said=sums)
        terminal.verdict(True, "sha256sum: every file is as it was sealed")
        index = (bag / "data/03-filesystem/web/index.jsonl").read_text()
        terminal.verdict("shell.php" in index, "the dropped file shell.php is in the bag")


def _fetch(kubectl: Kubectl, claim: str, bundle: str, folder: Path) -> Path:
    deployment = kubectl.json("-n", HOME, "deployment", "firedoor-controller")
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    kubectl("apply", "--server-side", "-f", "-", text=json.dumps(_reader(claim, image)))
    try:
        kubectl("-n", HOME, "wait", "--for=condition=Ready", f"pod/{READER}", "--timeout=60s")
        kubectl("-n", HOME, "cp", f"{READER}:/evidence/{bundle}", str(folder / bundle))
    finally:
        kubectl("-n", HOME, "delete", "pod", READER, "--wait=true")
    return folder / bundle


def _reader(claim: str, image: str) -> dict[str, Any]:
    container = {
        "name": "reader",
        "image": image,
        "args": ["probe", "--stand"],
        "volumeMounts": [{"name": "evidence", "mountPath": "/evidence", "readOnly": True}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "evidence", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": READER, "namespace": HOME}, "spec": spec}
