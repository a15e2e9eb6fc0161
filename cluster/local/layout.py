"""Where everything of the local cluster lies: addresses, folders, names. Constants only; every other file asks here.

State is in one folder (/var/lib/firedoor-cluster) and sockets and logs in another (/run/firedoor-cluster), outside
the repository, so that a checkout can go while the cluster stays.
"""

from dataclasses import dataclass
from pathlib import Path

STATE = Path("/var/lib/firedoor-cluster")
RUN = Path("/run/firedoor-cluster")
PKI = STATE / "pki"
LOGS = RUN / "logs"
PIDS = RUN / "pids"
VOLUMES = STATE / "volumes"
"""File systems mounted below it are seen by both nodes."""
MODE = RUN / "policy-mode"
ADMIN = PKI / "admin.kubeconfig"

BRIDGE = "firedoor0"
SERVER = "172.31.240.1"
PREFIX = 24
PODS = "10.240.0.0/16"
SERVICES = "10.96.240.0/20"
SERVICE = "10.96.240.1"
API = f"https://{SERVER}:6443"
ETCD = "https://127.0.0.1:23790"
ETCD_PEER = "https://127.0.0.1:23800"


@dataclass(frozen=True)
class Node:
    """One node: a network namespace, a mount namespace, a container runtime and a kubelet of its own."""

    name: str
    address: str

    @property
    def state(self) -> Path:
        return STATE / self.name

    @property
    def run(self) -> Path:
        return RUN / self.name

    @property
    def socket(self) -> Path:
        return self.run / "containerd.sock"

    @property
    def netns(self) -> Path:
        return Path("/run/netns") / self.name

    @property
    def veth(self) -> str:
        """The end of the node's cable at the bridge; interface names are 15 characters at most."""
        return f"fd-{self.name.removeprefix('firedoor-')}"


NODES = (Node("firedoor-a", "172.31.240.11"), Node("firedoor-b", "172.31.240.12"))
