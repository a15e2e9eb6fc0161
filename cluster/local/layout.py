"""Where everything of the local cluster lies: addresses, folders, names. Constants only; every other file asks here.

State is in one folder (/var/lib/firedoor-cluster) and sockets and logs in another (/run/firedoor-cluster), outside
the repository, so that a checkout can go while the cluster stays. A machine can hold several: CLUSTER= says which one is meant.
"""

from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

from cluster.which import NUMBER, SUFFIX

STATE = Path(f"/var/lib/firedoor-cluster{SUFFIX}")
RUN = Path(f"/run/firedoor-cluster{SUFFIX}")
PKI = STATE / "pki"
LOGS = RUN / "logs"
PIDS = RUN / "pids"
VOLUMES = STATE / "volumes"
"""File systems mounted below it are seen by both nodes."""
MODE = RUN / "policy-mode"
ADMIN = PKI / "admin.kubeconfig"

BRIDGE = f"firedoor{NUMBER - 1}"
NETWORK = f"172.31.{239 + NUMBER}"
SERVER = f"{NETWORK}.1"
PREFIX = 24
PODS = f"10.{239 + NUMBER}.0.0/16"
SERVICES = f"10.{95 + NUMBER}.240.0/20"
SERVICE = f"10.{95 + NUMBER}.240.1"
API = f"https://{SERVER}:6443"
ETCD = f"https://127.0.0.1:{23770 + 20 * NUMBER}"
ETCD_PEER = f"https://127.0.0.1:{23780 + 20 * NUMBER}"


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


NODES = tuple(
    Node(f"firedoor-{letter}", f"{NETWORK}.{number}")
    for number, letter in enumerate(ascii_lowercase[2 * NUMBER - 2 : 2 * NUMBER], start=11)
)
"""firedoor-a and firedoor-b; those of a second cluster are c and d."""
