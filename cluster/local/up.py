"""The local cluster as a whole: raised, stopped, asked how it is, and swept away without a trace.

The provider calls it. A crashed start is cleaned up by the next one: whatever is recorded and does not run is made anew.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cluster import build, prerequisites
from cluster.images import test
from cluster.local import cgroups, control, network, node, pki, processes, volumes
from cluster.local.layout import ADMIN, API, LOGS, MODE, NODES, PKI, RUN, STATE, Node

MODES = ("strict", "established", "ingress", "off", "slow")
READY_SECONDS = 120
SOURCES = {"PYTHONPATH": str(Path(__file__).parents[2])}
STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kubernetes.io/host-path",
    "reclaimPolicy": "Delete",
}


def up() -> None:
    """Raises the cluster; one that stands is left as it is."""
    if os.geteuid() != 0:
        raise RuntimeError("The local cluster needs root, for network namespaces and cgroups; use sudo, or set KUBECONFIG.")
    prerequisites.ensure(prerequisites.CLUSTER)
    build.ensure()
    if standing():
        _say("the cluster stands already")
        return
    if STATE.exists() and not _all_running():
        _say("what is left of an earlier cluster is swept away first")
        down()
    began = time.monotonic()
    _raise()
    _say(f"the cluster is ready after {time.monotonic() - began:.0f} s")


def _raise() -> None:
    RUN.mkdir(parents=True, exist_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    MODE.write_text("strict")
    pki.make()
    network.make()
    cgroups.make()
    control.start("etcd")
    control.start("apiserver")
    node.share_volumes()
    for one in NODES:
        node.start(one, "holder")
        node.start(one, "containerd")
    load([(archive, "") for archive in test.archives()])
    _wait("the API server", _api_answers)
    for part in ("controller-manager", "scheduler", "volumes"):
        start_part(part)
    _join_nodes()
    network.route(control.pod_networks())
    _kubectl("apply", "--server-side", "-f", "-", text=json.dumps(STORAGE_CLASS))
    _wait("both nodes", _nodes_ready)
    _wait("the default service account", lambda: _kubectl_ok("-n", "default", "get", "serviceaccount", "default"))


def _join_nodes() -> None:
    networks = control.pod_networks()
    for one in NODES:
        # Made with its pod network from the start, so that routes are known before the controller manager is asked.
        spec = {"podCIDR": networks[one.name], "podCIDRs": [networks[one.name]]}
        labels = {"kubernetes.io/hostname": one.name, "kubernetes.io/os": "linux"}
        document = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": one.name, "labels": labels}, "spec": spec}
        _kubectl("apply", "--server-side", "-f", "-", text=json.dumps(document))
        for part in ("kubelet", "kube-proxy", "policy"):
            start_part(f"{part}-{one.name}")


def down() -> None:
    """Sweeps the cluster away: processes, containers, mounts, cgroups, network and state."""
    for name in reversed(_stop_order()):
        processes.stop(name)
    for one in NODES:
        node.end_containers(one)
    cgroups.remove()
    node.unmount()
    network.remove()
    for folder in (RUN, STATE):
        shutil.rmtree(folder, ignore_errors=True)
    if not list(STATE.parent.glob("firedoor-cluster*")):
        shutil.rmtree(volumes.FOLDER, ignore_errors=True)  # Kubernetes has one place for the volumes of all clusters


def _stop_order() -> list[str]:
    """Recorded processes, the control plane first, so that they end in the reverse order."""
    first = [name for name in control.PARTS if name in processes.recorded()]
    holders = [name for name in processes.recorded() if name.startswith("holder-")]
    return first + holders + [name for name in processes.recorded() if name not in first and name not in holders]


def leftovers() -> list[str]:
    """What of the cluster is still on the machine."""
    running = [f"process {name}" for name in processes.recorded() if processes.running(name)]
    shims = [f"container shim {pid}" for one in NODES for pid in node.shims(one)]
    folders = [f"folder {folder}" for folder in (STATE, RUN) if folder.exists()]
    mounts = [f"mount {point}" for point in node.mounts()]
    return [*running, *shims, *network.leftovers(), *mounts, *cgroups.leftovers(), *folders]


def parts() -> list[str]:
    """Names of the parts that can be stopped and started."""
    return [
        *control.PARTS,
        "volumes",
        *(f"{part}-{one.name}" for one in NODES for part in ("containerd", "kubelet", "kube-proxy", "policy")),
    ]


def start_part(name: str) -> None:
    """Starts one part."""
    if name in control.PARTS:
        control.start(name)
        return
    if name == "volumes":
        processes.start(name, [sys.executable, "-m", "cluster.local.volumes"], SOURCES)
        return
    part, one = _part_of(name)
    if part == "policy":
        command = [
            sys.executable,
            "-m",
            "cluster.policy",
            "--node",
            one.name,
            "--kubeconfig",
            str(ADMIN),
            "--mode-file",
            str(MODE),
        ]
        processes.start(name, command, SOURCES)
    else:
        node.start(one, part)


def stop_part(name: str) -> None:
    """Stops one part."""
    if name not in parts():
        _part_of(name)
    processes.stop(name)


def _part_of(name: str) -> tuple[str, Node]:
    found = next(((name.removesuffix(f"-{one.name}"), one) for one in NODES if name.endswith(f"-{one.name}")), None)
    if found is None or name not in parts():
        raise RuntimeError(f"{name} is not a part of the cluster; its parts are {', '.join(parts())}.")
    return found


def load(images: list[tuple[Path, str]]) -> None:
    """Loads image archives on every node."""
    for archive, _ in images:
        for one in NODES:
            node.load_image(one, archive)


def mode(name: str) -> None:
    """Switches the policy engine's mode."""
    if name not in MODES:
        raise RuntimeError(f"{name} is not a mode of the policy engine; its modes are {', '.join(MODES)}.")
    part = MODE.with_suffix(".new")
    part.write_text(name)
    part.rename(MODE)


def standing() -> bool:
    """Whether the whole cluster runs and answers."""
    return _all_running() and _api_answers() and _nodes_ready()


def _all_running() -> bool:
    return all(processes.running(name) for name in parts()) and all(processes.running(f"holder-{one.name}") for one in NODES)


def _api_answers() -> bool:
    return _kubectl_ok("get", "--raw", "/readyz")


def _nodes_ready() -> bool:
    done = _try_kubectl("get", "nodes", "-o", "json")
    if done.returncode:
        return False
    nodes = json.loads(done.stdout)["items"]
    ready = [n for n in nodes for c in n["status"].get("conditions", []) if c["type"] == "Ready" and c["status"] == "True"]
    return len(ready) == len(NODES)


def _wait(what: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not become ready within {READY_SECONDS} s at {API}; see the logs in {LOGS}")
        time.sleep(0.1)


def _kubectl_ok(*arguments: str) -> bool:
    return _try_kubectl(*arguments).returncode == 0


def _kubectl(*arguments: str, text: str = "") -> None:
    done = _try_kubectl(*arguments, text=text)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")


def _try_kubectl(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    command = [str(build.program("kubectl")), f"--kubeconfig={PKI}/admin.kubeconfig", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, input=text, timeout=30)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
