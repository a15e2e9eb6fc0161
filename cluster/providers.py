"""The three ways to a cluster behind one small interface: one that exists, kind, or the local one.

`chosen` picks by PROVIDER=, else by what is there: KUBECONFIG, a container engine that answers, this machine.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

from cluster.local import up as local
from cluster.local.layout import ADMIN
from cluster.which import NUMBER, SUFFIX

KUBECONFIG = Path(f".cluster/kubeconfig{SUFFIX}")
KIND_NAME = f"firedoor{SUFFIX}"


class Provider(Protocol):
    """A way to a cluster."""

    name: str

    def up(self) -> Path:
        """Sees to it that the cluster is there; its kubeconfig."""

    def down(self) -> None:
        """Removes what `up` made."""

    def kubeconfig(self) -> Path:
        """Where the kubeconfig is."""

    def load(self, archive: Path) -> None:
        """Makes an image archive known to every node."""

    def policy(self, mode: str) -> None:
        """Switches the policy engine's mode."""

    def control(self, verb: str, part: str) -> None:
        """Starts, stops or restarts one part."""

    def parts(self) -> list[str]:
        """The parts that `control` knows."""

    def leftovers(self) -> list[str]:
        """What `down` should have removed and is still there."""


class Local:
    """Two nodes on this machine."""

    name = "local"

    def up(self) -> Path:
        local.up()
        KUBECONFIG.parent.mkdir(exist_ok=True)
        shutil.copyfile(ADMIN, KUBECONFIG)
        KUBECONFIG.chmod(0o600)
        return self.kubeconfig()

    def down(self) -> None:
        local.down()
        KUBECONFIG.unlink(missing_ok=True)

    def kubeconfig(self) -> Path:
        return KUBECONFIG.resolve()

    def load(self, archive: Path) -> None:
        local.load([(archive, "")])

    def policy(self, mode: str) -> None:
        local.mode(mode)

    def control(self, verb: str, part: str) -> None:
        if verb in ("stop", "restart"):
            local.stop_part(part)
        if verb in ("start", "restart"):
            local.start_part(part)

    def parts(self) -> list[str]:
        return local.parts()

    def leftovers(self) -> list[str]:
        return local.leftovers()


class _Foreign:
    """What clusters that firedoor did not build have in common: nothing of them can be switched from here."""

    name = "foreign"

    def policy(self, mode: str) -> None:
        raise RuntimeError(f"The {self.name} cluster brings its own policy engine; modes are the local cluster's alone.")

    def control(self, verb: str, part: str) -> None:
        raise RuntimeError(f"Parts of the {self.name} cluster cannot be controlled from here; only the local one's can.")

    def parts(self) -> list[str]:
        return []

    def leftovers(self) -> list[str]:
        return []


class Existing(_Foreign):
    """A cluster that somebody else looks after; nothing of it is raised or removed."""

    name = "existing"

    def up(self) -> Path:
        return self.kubeconfig()

    def down(self) -> None:
        return

    def kubeconfig(self) -> Path:
        return Path(os.environ.get("KUBECONFIG", Path.home() / ".kube" / "config")).resolve()

    def load(self, archive: Path) -> None:
        message = f"Image {archive.name} cannot be loaded into an existing cluster from here; push it to the cluster's registry"
        raise RuntimeError(f"{message} and set IMAGE= to its name.")


class Kind(_Foreign):
    """A kind cluster in the container engine of this machine; its network enforces policies from kind 0.24 on."""

    name = "kind"

    def up(self) -> Path:
        existing = subprocess.run(["kind", "get", "clusters"], check=True, capture_output=True, text=True).stdout.split()
        KUBECONFIG.parent.mkdir(exist_ok=True)
        if KIND_NAME not in existing:
            config = Path(__file__).parent / "kind.yaml"
            command = ["kind", "create", "cluster", "--name", KIND_NAME, "--config", str(config), "--wait", "120s"]
            subprocess.run([*command, "--kubeconfig", str(KUBECONFIG)], check=True)
        else:
            subprocess.run(["kind", "export", "kubeconfig", "--name", KIND_NAME, "--kubeconfig", str(KUBECONFIG)], check=True)
        return self.kubeconfig()

    def down(self) -> None:
        subprocess.run(["kind", "delete", "cluster", "--name", KIND_NAME], check=True)
        KUBECONFIG.unlink(missing_ok=True)

    def kubeconfig(self) -> Path:
        return KUBECONFIG.resolve()

    def load(self, archive: Path) -> None:
        subprocess.run(["kind", "load", "image-archive", str(archive), "--name", KIND_NAME], check=True)


def chosen() -> Provider:
    """The provider that PROVIDER names, or the one that what is there suggests."""
    providers: dict[str, type[Provider]] = {"existing": Existing, "kind": Kind, "local": Local}
    name = os.environ.get("PROVIDER") or _suggested()
    if name == "existing" and NUMBER > 1:
        raise RuntimeError(f"CLUSTER={NUMBER} is none: of clusters that exist there is one, which KUBECONFIG names.")
    if name not in providers:
        raise RuntimeError(f"PROVIDER={name} is none; the providers are {', '.join(providers)}.")
    return providers[name]()


def _suggested() -> str:
    own = str(KUBECONFIG.resolve())
    if os.environ.get("KUBECONFIG") and str(Path(os.environ["KUBECONFIG"]).resolve()) != own:
        return "existing"
    return "kind" if shutil.which("kind") and _engine_answers() else "local"


def _engine_answers() -> bool:
    engines = [name for name in ("docker", "podman") if shutil.which(name)]
    return any(subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0 for name in engines)
