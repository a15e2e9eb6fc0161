"""The enforcement rung: what a measurement of a node's engine says, in words, and which nodes are due for one. Pure.

A canary was reached, denied, and reached no more, in both directions, and answered again when its deny was lifted:
then the engine denies. The controller measures; verdicts and reports read what it found.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from firedoor.api.conditions import Reason
from firedoor.api.enforcement import Enforcing, OpenConnections
from firedoor.planner.pod_view import Family
from firedoor.planner.views import NodeView

AT_REST = timedelta(minutes=10)
"""How old a finding may be where no suspect is held."""
HOLDING = timedelta(seconds=20)
"""How old it may be where one is: so soon an engine that died with its rules in place is found out."""
AGAINST = timedelta(minutes=1)
"""How old it may be there where it speaks against isolation; a canary on guard tells when that may be over."""
TRUSTED = timedelta(minutes=15)
"""What is older says nothing about now."""
AGAIN = timedelta(seconds=10)
"""How soon a node that could not be measured, or whose finding is new and speaks against isolation, is tried again."""
SLOW_SECONDS = 3.0
FAILING = {
    "NotEnforcing": Reason.CNI_NOT_ENFORCING,
    "Stopped": Reason.CNI_STOPPED,
    "IngressOnly": Reason.CNI_INGRESS_ONLY,
    "EgressOnly": Reason.CNI_EGRESS_ONLY,
    "NotMeasured": Reason.NOT_VERIFIED,
}
"""Why nothing is called isolated, by the word for what was found."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one measurement found."""

    node: str
    pool: str
    began: datetime
    at: datetime
    """When it ended."""
    ingress: Enforcing = "Unknown"
    egress: Enforcing = "Unknown"
    open_connections: OpenConnections = "Unknown"
    seconds: float | None = None
    """From the deny to the first silence in both directions."""
    denied_at: datetime | None = None
    """When this node's engine was last seen to deny both directions, by this measurement or an earlier one."""
    why: str = ""
    """Why something could not be measured; empty when all was."""
    families: frozenset[Family] = frozenset()
    """Over which it was measured: those over which the canary and the probes reached each other before the deny."""
    lets: frozenset[Family] = frozenset()
    """Over which something passed."""
    since: datetime | None = None
    """When this node was first found so, with nothing else found in between; None: by this measurement."""

    @property
    def denies(self) -> bool:
        """Whether both directions were seen to be denied."""
        return self.ingress == self.egress == "Denied"

    @property
    def passes(self) -> bool:
        """Whether something was seen to get through a deny."""
        return "Passes" in (self.ingress, self.egress)

    @property
    def speaks_against(self) -> bool:
        """Whether nothing on this node may be called isolated, because of what was found."""
        return not self.denies or self.open_connections == "Alive"

    def trusted(self, now: datetime) -> bool:
        return now - self.at <= TRUSTED

    def says_what(self, other: "Finding") -> bool:
        """Whether both say the same of the engine."""
        return (self.ingress, self.egress, self.open_connections) == (other.ingress, other.egress, other.open_connections)


def word(found: Finding) -> str:
    """The finding in one word."""
    if found.ingress == found.egress == "Passes":
        return "NotEnforcing" if found.denied_at is None else "Stopped"
    if found.passes:
        return "EgressOnly" if found.ingress == "Passes" else "IngressOnly"
    if not found.denies:
        return "NotMeasured"
    return "Slow" if (found.seconds or 0.0) > SLOW_SECONDS else "Enforcing"


def sentence(found: Finding) -> str:
    """The finding for people."""
    match word(found):
        case "NotEnforcing":
            what = f"does not enforce NetworkPolicies{_over(found)}: a denied canary is still reached"
            return f"The network engine of node {found.node} {what}."
        case "Stopped":
            return (
                f"The network engine of node {found.node} was last seen to deny at {found.denied_at:%Y-%m-%d %H:%M:%S} UTC; now "
                "a denied canary is still reached. It has stopped, or no longer follows changes; what it denied before may stand."
            )
        case "EgressOnly":
            return f"The network engine of node {found.node} denies connections from a pod, but not those to it{_over(found)}."
        case "IngressOnly":
            return f"The network engine of node {found.node} denies connections to a pod, but not those from it{_over(found)}."
        case "NotMeasured":
            return f"The network engine of node {found.node} could not be measured: {found.why}"
    took = f"within {found.seconds:.1f} s" if found.seconds is not None else "in time"
    return f"The network engine of node {found.node} denies both directions {took}; {_open(found)}"


def _over(found: Finding) -> str:
    """The family over which alone something passes, in words; empty where both or the only one are concerned."""
    return f" over {next(iter(found.lets))}" if len(found.lets) < len(found.families) and found.lets else ""


def _open(found: Finding) -> str:
    match found.open_connections:
        case "Cut":
            return "it cuts open connections."
        case "Alive":
            return "it lets open connections go on."
        case "Unknown":
            return "what it does with open connections could not be seen."


def worse(one: Finding, other: Finding) -> bool:
    """Whether anything passes in the first that does not pass in the other."""
    return (
        (one.ingress == "Passes" and other.ingress == "Denied")
        or (one.egress == "Passes" and other.egress == "Denied")
        or (one.open_connections == "Alive" and other.open_connections == "Cut")
    )


def failing(found: Finding) -> Reason | None:
    """Why nothing may be called isolated by this engine; None where it denies."""
    return None if found.denies else FAILING[word(found)]


def best(findings: Mapping[str, Finding], node: str, pool: str) -> Finding | None:
    """What is known of a node: measured on it, else the newest of its pool."""
    own = findings.get(node)
    if own is not None:
        return own
    shared = [found for found in findings.values() if found.pool == pool]
    return max(shared, key=lambda found: found.at, default=None)


def due(
    nodes: Iterable[NodeView], findings: Mapping[str, Finding], holding: Collection[str], asked: Collection[str], now: datetime
) -> tuple[str, ...]:
    """The nodes to measure now, those that hold suspects first. asked: nodes whose finding is doubted."""
    ready = {node.name: node for node in nodes if node.ready}
    held = sorted(name for name in ready if name in holding and _old(findings.get(name), HOLDING, now))
    doubted = sorted(name for name in ready if name in asked)
    pools = {node.pool: name for name, node in sorted(ready.items(), reverse=True) if not node.unschedulable}
    fresh = {found.pool for found in findings.values() if not _old(found, AT_REST, now)}
    resting = sorted(name for pool, name in pools.items() if pool not in fresh)
    return tuple(dict.fromkeys((*doubted, *held, *resting)))


def rest(findings: Mapping[str, Finding], holding: Collection[str], most: timedelta, now: datetime) -> timedelta:
    """How long nobody has to look which nodes are due: until the first finding of a node that holds a suspect is too old."""
    held = [findings[node] for node in holding if node in findings]
    return min((max(timedelta(0), found.at + _lasts(found, HOLDING) - now) for found in held), default=most)


def _old(found: Finding | None, age: timedelta, now: datetime) -> bool:
    return found is None or now - found.at >= _lasts(found, age)


def _lasts(found: Finding, age: timedelta) -> timedelta:
    """How long a finding is let stand: one that speaks against isolation as long as it has stood, because an engine that
    was always so is so tomorrow, and one that has just become so may be right again in a moment."""
    if not found.speaks_against:
        return age
    if word(found) == "NotMeasured" and age == HOLDING:
        return AGAIN  # somebody waits to know
    return min(max(age, AGAINST), max(AGAIN, found.at - (found.since or found.began)))
