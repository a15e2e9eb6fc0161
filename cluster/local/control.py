"""The control plane: etcd, API server, controller manager and scheduler, on the bridge's address in the host's network.

`up` starts it, `stop` and `start` single parts of it. Flags are those that were tried to matter; the rest are defaults.
"""

from pathlib import Path

from cluster import build
from cluster.local import processes
from cluster.local.layout import API, ETCD, ETCD_PEER, LOGS, NODES, PKI, PODS, SERVER, SERVICES, STATE

AUDIT_POLICY = Path(__file__).parent / "audit-policy.yaml"
AUDIT_LOG = LOGS / "audit.log"
PARTS = ("etcd", "apiserver", "controller-manager", "scheduler")
_ALONE = ("--leader-elect=false", "--secure-port=0")
"""One of each, and nobody asks for its health or metrics: the ports are the machine's, which may hold several clusters."""

AGAIN = """trap 'kill "$child"; wait "$child"; exit 0' TERM; while :; do "$@" & child=$!; wait "$child"; sleep 1; done"""
"""Starts a program again when it ends, as a kubelet does with a static pod: a scheduler that finds its cache corrupted ends
itself ("Pod updated on a different node than previously added to"), which happens after an absence of the API server."""


def start(part: str) -> None:
    """Starts one part of the control plane."""
    processes.start(part, _command(part))


def _command(part: str) -> list[str]:
    match part:
        case "etcd":
            return _etcd()
        case "apiserver":
            return _apiserver()
        case "controller-manager":
            return _controller_manager()
        case _:
            config = PKI / "scheduler.kubeconfig"
            scheduler = [str(build.program("kube-scheduler")), f"--kubeconfig={config}", *_ALONE]
            return ["sh", "-c", AGAIN, "scheduler", *scheduler]


def _etcd() -> list[str]:
    tls = [f"--cert-file={PKI}/etcd.crt", f"--key-file={PKI}/etcd.key", f"--trusted-ca-file={PKI}/ca.crt", "--client-cert-auth"]
    return [
        str(build.program("server")),
        f"--data-dir={STATE}/etcd",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={ETCD_PEER}",
        f"--initial-advertise-peer-urls={ETCD_PEER}",
        f"--initial-cluster=default={ETCD_PEER}",
        f"--peer-cert-file={PKI}/etcd.crt",
        f"--peer-key-file={PKI}/etcd.key",
        f"--peer-trusted-ca-file={PKI}/ca.crt",
        # A test cluster on one disk: nobody's data depends on a flushed write.
        "--unsafe-no-fsync",
        "--log-level=warn",
        *tls,
    ]


def _apiserver() -> list[str]:
    return [
        str(build.program("kube-apiserver")),
        f"--advertise-address={SERVER}",
        f"--bind-address={SERVER}",
        "--secure-port=6443",
        f"--etcd-servers={ETCD}",
        f"--etcd-cafile={PKI}/ca.crt",
        f"--etcd-certfile={PKI}/etcd.crt",
        f"--etcd-keyfile={PKI}/etcd.key",
        f"--client-ca-file={PKI}/ca.crt",
        f"--tls-cert-file={PKI}/apiserver.crt",
        f"--tls-private-key-file={PKI}/apiserver.key",
        f"--kubelet-client-certificate={PKI}/apiserver-kubelet.crt",
        f"--kubelet-client-key={PKI}/apiserver-kubelet.key",
        f"--kubelet-certificate-authority={PKI}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-cluster-ip-range={SERVICES}",
        f"--service-account-issuer={API}",
        f"--service-account-signing-key-file={PKI}/service-accounts.key",
        f"--service-account-key-file={PKI}/service-accounts.pub",
        "--allow-privileged=true",
        f"--audit-policy-file={AUDIT_POLICY}",
        f"--audit-log-path={AUDIT_LOG}",
        "--audit-log-maxsize=100",
        "--audit-log-maxbackup=2",
        # Two nodes and one tester: the limits for a shared cluster would only measure themselves.
        "--max-requests-inflight=1600",
        "--max-mutating-requests-inflight=800",
    ]


def _controller_manager() -> list[str]:
    config = PKI / "controller-manager.kubeconfig"
    return [
        str(build.program("kube-controller-manager")),
        f"--kubeconfig={config}",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={PKI}/service-accounts.key",
        f"--root-ca-file={PKI}/ca.crt",
        f"--cluster-cidr={PODS}",
        "--allocate-node-cidrs=true",
        "--node-cidr-mask-size=24",
        "--enable-hostpath-provisioner=true",
        "--node-monitor-grace-period=40s",
        *_ALONE,
    ]


def pod_networks() -> dict[str, str]:
    """Each node's pod network, in the order in which the controller manager hands them out; fixed by spec.podCIDR."""
    base = PODS.removesuffix(".0.0/16")
    return {node.name: f"{base}.{number}.0/24" for number, node in enumerate(NODES)}
