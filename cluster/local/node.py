"""One node: containerd, kubelet and kube-proxy inside the node's own network and mount namespaces.

`up` starts nodes, `stop` and `start` single parts. Entered with nsenter, never `ip netns exec`: that remounts /sys and
the kubelet dies of it.
"""

import json
import subprocess
import time
from itertools import pairwise
from pathlib import Path

from cluster import build
from cluster.local import processes
from cluster.local.layout import API, PKI, PODS, RUN, STATE, VOLUMES, Node

PAUSE = "firedoor.test/pause:1"
READY_SECONDS = 20


def start(node: Node, part: str) -> None:
    """Starts one part of a node: holder, containerd, kubelet or kube-proxy."""
    match part:
        case "holder":
            _start_holder(node)
        case "containerd":
            _start_containerd(node)
        case "kubelet":
            _configure_kubelet(node)
            processes.start(f"kubelet-{node.name}", [*_enter(node), *_kubelet(node)])
        case _:
            _configure_proxy(node)
            config = f"--config={node.state}/proxy.yaml"
            processes.start(f"kube-proxy-{node.name}", [*_enter(node), str(build.program("kube-proxy")), config])


def _start_holder(node: Node) -> None:
    """A process that keeps the node's mount namespace, in which /var/log/pods is the node's own folder."""
    logs = node.state / "pod-logs"
    for folder in (logs, node.state / "kubelet", node.state / "containerd", node.run, Path("/var/log/pods")):
        folder.mkdir(parents=True, exist_ok=True)
    script = f"mount --bind {logs} /var/log/pods && touch {node.run}/held && exec sleep infinity"
    (node.run / "held").unlink(missing_ok=True)
    processes.start(f"holder-{node.name}", ["unshare", "-m", "--propagation", "slave", "sh", "-c", script])
    _wait_for(node.run / "held")


def _enter(node: Node) -> list[str]:
    holder = processes.running(f"holder-{node.name}")
    if holder is None:
        raise RuntimeError(f"the holder of node {node.name}'s mount namespace is gone; run `make cluster-down` and start again")
    return ["nsenter", f"--target={holder}", "--mount", f"--net={node.netns}"]


def _start_containerd(node: Node) -> None:
    node.socket.unlink(missing_ok=True)
    config = node.state / "containerd.toml"
    config.write_text(_containerd_config(node))
    _configure_cni(node)
    path = f"{build.program('containerd').parent}:{build.program('runc').parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    command = [*_enter(node), str(build.program("containerd")), "--config", str(config), "--log-level=warn"]
    processes.start(f"containerd-{node.name}", command, {"PATH": path})
    _wait_for(node.socket)


def _containerd_config(node: Node) -> str:
    return f"""version = 3
root = "{node.state}/containerd"
state = "{node.run}/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
address = "{node.socket}"

[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{PAUSE}"

[plugins.'io.containerd.cri.v1.runtime']
netns_mounts_under_state_dir = true
restrict_oom_score_adj = true
enable_unprivileged_ports = true
[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = "runc"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = "{build.program("runc")}"
SystemdCgroup = false
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["{build.program("ptp").parent}"]
conf_dir = "{node.state}/cni"
"""


def _configure_cni(node: Node) -> None:
    from cluster.local.control import pod_networks

    folder = node.state / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": pod_networks()[node.name]}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": f"{node.run}/ipam",
    }
    plugins = [{"type": "ptp", "mtu": 1450, "ipam": ipam}, {"type": "portmap", "capabilities": {"portMappings": True}}]
    document = {"cniVersion": "1.0.0", "name": "firedoor", "plugins": plugins}
    (folder / "10-firedoor.conflist").write_text(json.dumps(document, indent=1))


def _configure_kubelet(node: Node) -> None:
    (node.state / "kubelet.yaml").write_text(f"""apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true, cacheTTL: 10s}}
  x509: {{clientCAFile: {PKI}/ca.crt}}
authorization: {{mode: Webhook}}
tlsCertFile: {PKI}/serving-{node.name}.crt
tlsPrivateKeyFile: {PKI}/serving-{node.name}.key
containerRuntimeEndpoint: unix://{node.socket}
cgroupDriver: cgroupfs
cgroupRoot: /{node.name}
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
localStorageCapacityIsolation: false
imageGCHighThresholdPercent: 100
evictionHard: {{memory.available: 100Mi, nodefs.available: "0%", imagefs.available: "0%"}}
podLogsDir: /var/log/pods
clusterDNS: []
address: {node.address}
healthzBindAddress: 127.0.0.1
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
maxPods: 250
nodeStatusReportFrequency: 1m
""")


def _kubelet(node: Node) -> list[str]:
    return [
        str(build.program("kubelet")),
        f"--config={node.state}/kubelet.yaml",
        f"--kubeconfig={PKI}/kubelet-{node.name}.kubeconfig",
        f"--root-dir={node.state}/kubelet",
        f"--cert-dir={node.state}/kubelet-pki",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
    ]


def _configure_proxy(node: Node) -> None:
    (node.state / "proxy.yaml").write_text(f"""apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {{kubeconfig: {PKI}/proxy.kubeconfig}}
clusterCIDR: {PODS}
hostnameOverride: {node.name}
bindAddress: {node.address}
healthzBindAddress: {node.address}:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
""")


def share_volumes() -> None:
    """A folder whose later mounts reach the nodes; to be made before their mount namespaces are."""
    VOLUMES.mkdir(parents=True, exist_ok=True)
    if str(VOLUMES) not in mounts():
        subprocess.run(["mount", "--bind", str(VOLUMES), str(VOLUMES)], check=True)
        subprocess.run(["mount", "--make-shared", str(VOLUMES)], check=True)


def load_image(node: Node, archive: Path) -> None:
    """Imports an OCI archive into the node's container runtime."""
    command = [
        str(build.program("ctr")),
        "-a",
        str(node.socket),
        "-n",
        "k8s.io",
        "images",
        "import",
        "--no-unpack=false",
        str(archive),
    ]
    command = [part for part in command if not part.startswith("--no-unpack")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"image {archive.name} could not be loaded on {node.name}: {done.stderr.strip()[-500:]}")


def end_containers(node: Node) -> None:
    """Ends the containers' shims, which outlive containerd; their processes end with the node's cgroups."""
    for pid in shims(node):
        processes.kill(pid)


def shims(node: Node) -> list[int]:
    """Pids of the shims that were started for this node's containerd: only they name its socket as their address."""
    return [pid for pid, arguments in processes.all_running() if ("-address", str(node.socket)) in pairwise(arguments)]


def mounts() -> list[str]:
    """Mount points below the cluster's folders, the deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    ours = [point for point in points if point.startswith((f"{STATE}/", f"{RUN}/"))]
    return sorted(ours, key=len, reverse=True)


def unmount() -> None:
    """Unmounts everything below the cluster's folders."""
    for point in mounts():
        subprocess.run(["umount", "-l", point], check=False, capture_output=True)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} did not appear within {READY_SECONDS} s; see the logs in {RUN}/logs")
        time.sleep(0.02)


def server() -> str:
    """The API server's address as nodes see it."""
    return API
