"""What other NetworkPolicies would still allow a pod, with the peers and ports in words. Pure.

Policies are additive: one forgotten allow undoes a deny (kubernetes.io, Network Policies). So every policy of the
namespace is evaluated against the labels that the pod has, or will have. Words come from strangers and are cut to size.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from firedoor.api.incident import Grant
from firedoor.planner.selectors import selects
from firedoor.planner.views import PolicyView

Json = Mapping[str, Any]
Direction = Literal["Ingress", "Egress"]
MOST = 64
"""Grants that a status may hold."""


def grants(policies: Iterable[PolicyView], labels: Mapping[str, str]) -> tuple[Grant, ...]:
    """What the policies that select a pod with these labels allow it, by name."""
    selecting = (policy for policy in policies if selects(policy.spec.get("podSelector") or {}, labels))
    found = (grant for policy in selecting for grant in _of(policy))
    return tuple(sorted(found, key=lambda grant: (grant.name, grant.direction, grant.peers, grant.ports)))[:MOST]


def named(found: Iterable[Grant]) -> str:
    """The grants as a list for people."""
    return "; ".join(f"{g.kind} {g.name} ({g.direction.lower()}: {g.peers}, {g.ports})" for g in found)


def _of(policy: PolicyView) -> Iterator[Grant]:
    for direction in _types(policy.spec):
        for rule in policy.spec.get(direction.lower()) or ():
            peers, ports = _peers(rule.get("from" if direction == "Ingress" else "to")), _ports(rule.get("ports"))
            yield Grant(kind="NetworkPolicy", name=policy.name, direction=direction, peers=peers[:512], ports=ports[:256])


def _types(spec: Json) -> tuple[Direction, ...]:
    implied: tuple[Direction, ...] = ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)
    stated = spec.get("policyTypes")
    every: tuple[Direction, ...] = ("Ingress", "Egress")
    return tuple(direction for direction in every if direction in stated) if stated else implied


def _peers(peers: Iterable[Json] | None) -> str:
    return ", ".join(_peer(peer) for peer in peers) if peers else "anybody"


def _peer(peer: Json) -> str:
    if block := peer.get("ipBlock"):
        excepted = block.get("except")
        return f"{block['cidr']}" + (f" but {' '.join(excepted)}" if excepted else "")
    pods = f"pods {_selector(peer.get('podSelector') or {})}"
    if "namespaceSelector" not in peer:
        return f"{pods} of the namespace"
    return f"{pods} in namespaces {_selector(peer['namespaceSelector'] or {})}"


def _selector(selector: Json) -> str:
    exact = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    expressions = (
        f"{e['key']} {e['operator']} {'|'.join(e.get('values') or ())}".rstrip() for e in selector.get("matchExpressions") or ()
    )
    return f"[{', '.join((*exact, *expressions)) or 'all'}]"


def _ports(ports: Iterable[Json] | None) -> str:
    return "ports " + " ".join(_port(port) for port in ports) if ports else "every port"


def _port(port: Json) -> str:
    number = str(port.get("port", "all"))
    return f"{port.get('protocol', 'TCP')}/{number}" + (f"-{port['endPort']}" if "endPort" in port else "")
