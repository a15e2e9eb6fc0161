"""The evidence as an auditor gets it: fetched by the command for people, listed, and judged by tools that are not firedoor's."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from demo import terminal
from demo.shop import Kubectl


def judge(kubectl: Kubectl, incident: Any) -> None:
    """Fetches the bag, shows what is in it and what bagit.py, sha256sum and openssl say."""
    evidence = incident["status"]["evidence"]
    with tempfile.TemporaryDirectory() as folder:
        # By its claim: evidence outlives incidents, so that of an earlier demo has the same incident's name.
        bag = _fetch(kubectl, evidence["claim"], evidence["bundle"], Path(folder))
        terminal.show("\n".join(str(file.relative_to(bag)) for file in sorted(bag.rglob("*")) if file.is_file()))
        terminal.run([sys.executable, "-m", "bagit", "--validate", str(bag)], said="bagit.py --validate bag")
        terminal.verdict(True, "bagit.py: the bag is valid")
        _sums(bag)
        _signature(bag, f"{evidence['keyId']}.pem")
        index = (bag / "data/03-filesystem/web/index.jsonl").read_text()
        terminal.verdict("shell.php" in index, "the dropped file shell.php is in the bag")


def _fetch(kubectl: Kubectl, name: str, bundle: str, folder: Path) -> Path:
    program = str(Path(sys.executable).with_name("kubectl-firedoor"))
    fetch = ["evidence", "fetch", name, "--into", str(folder)]
    command = ["env", f"KUBECONFIG={kubectl.kubeconfig}", program, *fetch]
    terminal.show(terminal.run(command, said=f"kubectl firedoor evidence fetch {name}"))
    return folder / bundle


def _sums(bag: Path) -> None:
    sums = "sha256sum -c --quiet manifest-sha256.txt tagmanifest-sha256.txt"
    terminal.run(["sh", "-c", f"cd '{bag}' && {sums}"], said=sums)
    terminal.verdict(True, "sha256sum: every file is as it was sealed")


def _signature(bag: Path, key: str) -> None:
    check = ["openssl", "dgst", "-sha256", "-verify", str(bag.parent / key), "-signature", str(bag / "signature.ecdsa")]
    said = f"openssl dgst -sha256 -verify {key[:8]}….pem -signature signature.ecdsa tagmanifest-sha256.txt"
    terminal.run([*check, str(bag / "tagmanifest-sha256.txt")], said=said)
    terminal.verdict(True, "openssl: the seal is signed by firedoor's key")
