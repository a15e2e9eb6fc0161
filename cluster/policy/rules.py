"""From pods, namespaces and policies to one nftables ruleset. Pure; the engine hands the text to nft.

Every packet is judged by who began the connection: `ct original saddr` is the initiator and `ct reply saddr` the real
destination behind a Service, for packets of both directions. So replies pass with what they answer, and in strict mode
a new policy cuts what is already open. Traffic of the node itself to its pods never crosses the forward hook.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cluster.policy.model import Json, Pod, World, selects

TABLE = "inet firedoor_policy"
PREAMBLE = f"table {TABLE}\ndelete table {TABLE}\n"
INITIATOR, DESTINATION = "ct original ip saddr", "ct reply ip saddr"


@dataclass(frozen=True)
class Direction:
    """Ingress or egress, with how a pod and its peer appear in a packet's connection."""

    name: str
    short: str
    own: str
    peer: str
    peers: str
    """The field of a rule that lists its peers."""


INGRESS = Direction("Ingress", "in", own=DESTINATION, peer=INITIATOR, peers="from")
EGRESS = Direction("Egress", "out", own=INITIATOR, peer=DESTINATION, peers="to")


def ruleset(world: World, node: str, mode: str) -> str:
    """The whole ruleset of a node; in mode `off` an empty one, in mode `ingress` one that lets everything out."""
    if mode == "off":
        return PREAMBLE
    directions = (INGRESS,) if mode == "ingress" else (EGRESS, INGRESS)
    isolated = [(d, pod) for d in directions for pod in world.pods if pod.node == node and _isolating(world, pod, d)]
    chains = "".join(_chain(world, direction, pod) for direction, pod in isolated)
    return f"{PREAMBLE}table {TABLE} {{\n{chains}{_forward(isolated, mode)}}}\n"


def _forward(isolated: list[tuple[Direction, Pod]], mode: str) -> str:
    lines = ["  chain forward {", "    type filter hook forward priority 0; policy accept;"]
    if mode == "established":
        lines.append("    ct state established,related accept")
    addresses = sorted({pod.address for _, pod in isolated})
    if addresses:
        lines.append(f"    ct state invalid ip saddr {{ {', '.join(addresses)} }} drop")
        lines.append(f"    ct state invalid ip daddr {{ {', '.join(addresses)} }} drop")
    for direction in (EGRESS, INGRESS):
        verdicts = [f"{pod.address} : jump {_name(direction, pod)}" for d, pod in isolated if d is direction]
        if verdicts:
            lines.append(f"    {direction.own} vmap {{ {', '.join(verdicts)} }}")
    return "\n".join([*lines, "  }\n"])


def _chain(world: World, direction: Direction, pod: Pod) -> str:
    allowed = "".join(f"    {line} return\n" for line in _allowed(world, direction, pod))
    itself = f"    {direction.peer} {pod.address} return\n"
    return f"  chain {_name(direction, pod)} {{\n{itself}{allowed}    drop\n  }}\n"


def _name(direction: Direction, pod: Pod) -> str:
    return f"{direction.short}_{pod.address.replace('.', '_')}"


def _isolating(world: World, pod: Pod, direction: Direction) -> list[Json]:
    return [
        policy["spec"]
        for policy in world.policies
        if policy["metadata"]["namespace"] == pod.namespace
        and selects(policy["spec"].get("podSelector") or {}, pod.labels)
        and direction.name in _types(policy["spec"])
    ]


def _types(spec: Json) -> tuple[str, ...]:
    default = ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)
    return tuple(spec.get("policyTypes") or default)


def _allowed(world: World, direction: Direction, pod: Pod) -> Iterator[str]:
    for spec in _isolating(world, pod, direction):
        for rule in spec.get(direction.name.lower()) or ():
            yield from _rule(world, direction, pod, rule, namespace=pod.namespace)


def _rule(world: World, direction: Direction, pod: Pod, rule: Json, namespace: str) -> Iterator[str]:
    if not rule.get(direction.peers):
        yield from _to_any(world, direction, pod, rule)
        return
    for peer in rule[direction.peers]:
        if "ipBlock" in peer:
            where = _block(direction, peer["ipBlock"])
            yield from (f"{where}{port}" for port in _ports(rule, pod if direction is INGRESS else None))
        else:
            chosen = [other for other in world.pods if _is_peer(world, peer, other, namespace)]
            yield from _to_pods(direction, pod, chosen, rule)


def _to_any(world: World, direction: Direction, pod: Pod, rule: Json) -> Iterator[str]:
    yield from (port.strip() for port in _ports(rule, pod if direction is INGRESS else None))
    if direction is EGRESS and _has_named(rule):
        yield from _to_pods(direction, pod, world.pods, {"ports": [p for p in rule["ports"] if _is_named(p)]})


def _to_pods(direction: Direction, pod: Pod, peers: Iterable[Pod], rule: Json) -> Iterator[str]:
    """Named ports are the destination's: the pod's own on ingress, each peer's on egress."""
    if direction is INGRESS or not _has_named(rule):
        addresses = ", ".join(sorted({peer.address for peer in peers}))
        where = f"{direction.peer} {{ {addresses} }}"
        yield from (f"{where}{port}" for port in _ports(rule, pod) if addresses)
        return
    for peer in peers:
        yield from (f"{direction.peer} {peer.address}{port}" for port in _ports(rule, peer))


def _is_peer(world: World, peer: Json, other: Pod, namespace: str) -> bool:
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"] or {}, world.namespaces.get(other.namespace, {})):
            return False
    elif other.namespace != namespace:
        return False
    return selects(peer.get("podSelector") or {}, other.labels)


def _block(direction: Direction, block: Json) -> str:
    if ":" in block["cidr"]:
        return f"{direction.peer} != 0.0.0.0/0"  # an IPv6 block matches nothing on a cluster without IPv6
    excepted = block.get("except") or ()
    return f"{direction.peer} {block['cidr']}" + (f" {direction.peer} != {{ {', '.join(excepted)} }}" if excepted else "")


def _ports(rule: Json, destination: Pod | None) -> Iterator[str]:
    """The port parts of a rule's matches; one empty part when every port is allowed."""
    if not rule.get("ports"):
        yield ""
        return
    for port in rule["ports"]:
        yield from _port(port, destination)


def _port(port: Json, destination: Pod | None) -> Iterator[str]:
    protocol = port.get("protocol", "TCP")
    number = port.get("port")
    if isinstance(number, str):
        number = destination.ports.get((number, protocol)) if destination else None
        if number is None:
            return
    base = f" meta l4proto {protocol.lower()}"
    if number is None:
        yield base
    else:
        yield (
            f"{base} ct reply proto-src {number}-{port['endPort']}"
            if "endPort" in port
            else f"{base} ct reply proto-src {number}"
        )


def _is_named(port: Json) -> bool:
    return isinstance(port.get("port"), str)


def _has_named(rule: Json) -> bool:
    return any(_is_named(port) for port in rule.get("ports") or ())
