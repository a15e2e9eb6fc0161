"""The machine's side of the cluster's network: a bridge for the nodes, a namespace and a cable for each, and routes.

Called by `up` and `down`. Only interfaces, namespaces and rules of our own names are made or removed.
"""

import subprocess

from cluster.local.layout import BRIDGE, NODES, PREFIX, SERVER, Node

TABLE = "firedoor_cluster"


def make() -> None:
    """Bridge, namespaces and cables; what is there already is left."""
    if not _exists(BRIDGE):
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{SERVER}/{PREFIX}", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
    _sysctl("net.ipv4.ip_forward", "1")
    for node in NODES:
        if not node.netns.exists():
            _join(node)


def route(networks: dict[str, str]) -> None:
    """Routes every node's pod network from the machine and from the other nodes."""
    for node in NODES:
        _ip("route", "replace", networks[node.name], "via", node.address)
        for other in NODES:
            if other != node:
                _in(node, "ip", "route", "replace", networks[other.name], "via", other.address)


def remove() -> None:
    """Takes everything away again; what is gone is well."""
    for node in NODES:
        _quietly("ip", "netns", "delete", node.name)
        _quietly("ip", "link", "delete", node.veth)
    _quietly("ip", "link", "delete", BRIDGE)


def leftovers() -> list[str]:
    """What of ours is still there."""
    found = [f"network namespace {node.name}" for node in NODES if node.netns.exists()]
    return found + [f"interface {name}" for name in (BRIDGE, *(node.veth for node in NODES)) if _exists(name)]


def _join(node: Node) -> None:
    _ip("netns", "add", node.name)
    _quietly("ip", "link", "delete", node.veth)
    _ip("link", "add", node.veth, "type", "veth", "peer", "name", "eth0", "netns", node.name)
    _ip("link", "set", node.veth, "master", BRIDGE, "up")
    _in(node, "ip", "link", "set", "lo", "up")
    _in(node, "ip", "addr", "add", f"{node.address}/{PREFIX}", "dev", "eth0")
    _in(node, "ip", "link", "set", "eth0", "up")
    _in(node, "ip", "route", "add", "default", "via", SERVER)
    _in(node, "sysctl", "-qw", "net.ipv4.ip_forward=1")


def _exists(interface: str) -> bool:
    return subprocess.run(["ip", "link", "show", interface], capture_output=True, check=False).returncode == 0


def _in(node: Node, *command: str) -> None:
    subprocess.run(["nsenter", f"--net={node.netns}", *command], check=True, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _sysctl(name: str, value: str) -> None:
    subprocess.run(["sysctl", "-qw", f"{name}={value}"], check=True, capture_output=True)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)
