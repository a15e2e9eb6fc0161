"""What may be said about the isolation: True only when it was proved, with the evidence for each rung.

Static: the deny policy stands unmodified, the label is on the pod, the pod is free of other labels and owners, no
EndpointSlice leads to it and no other policy, of whatever kind, allows it anything. Enforcement: a canary has shown that
the engine of the node denies both directions. Probe: a probe pod that got an answer before now gets none; where none had
an answer before (a policy of the namespace kept it out, or there was none to ask), the canary on the suspect's own node
has to speak of a time after the door closed. Flows: the connection that the probe kept open across the deny is dead, and
so was the canary's. A refusal is an answer: packets pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from firedoor.api.conditions import Reason, Truth
from firedoor.api.incident import Reach
from firedoor.planner.enforcement import failing, sentence
from firedoor.planner.grants import grants, named
from firedoor.planner.pod_view import family
from firedoor.planner.selectors import denies_all
from firedoor.planner.situation import KEEP_LABELS, Situation

ANSWERS = ("Open", "Refused")
STALE = timedelta(minutes=5)
"""After this long without a new try an old one proves nothing; they come once a minute."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, its reason and a sentence."""

    status: Truth
    reason: Reason
    message: str


Rung = Callable[[Situation], Verdict | None]


def isolation(s: Situation) -> Verdict:
    """The verdict on the suspect's isolation; the first rung that does not hold decides."""
    if s.pod is None:
        return Verdict("Unknown", Reason.POD_GONE, "The suspect pod is gone; there is nothing left to isolate.")
    rungs: tuple[Rung, ...] = (
        _closed,
        _allowed,
        _passing,
        _tried,
        _since,
        _let_go,
        _alive,
        _enforced,
        _controlled,
        _from_near,
        _flows,
    )
    return next((verdict for rung in rungs if (verdict := rung(s)) is not None), None) or _proved(s)


def leads_past(s: Situation) -> bool:
    """Whether the door is open now, or something else is seen to lead past it."""
    return s.pod is not None and any(rung(s) is not None for rung in (_closed, _allowed))


def measured_since(s: Situation, at: datetime) -> bool:
    """Whether the engine of the suspect's own node was measured by a measurement that began later."""
    return s.pod is not None and s.engine is not None and s.engine.node == s.pod.node and s.engine.began > at


def proved_shut(reach: Reach) -> bool:
    """Whether this probe got an answer before and none after. Silence over UDP proves nothing: answers are rationed there."""
    return reach.before in ANSWERS and reach.after == "Timeout" and reach.protocol == "TCP"


def shown_by_canary(s: Situation, address: str) -> bool:
    """Whether an address of the suspect is silent, and a canary on its node was reached, denied and reached no more that way."""
    silent = any(reach.after == "Timeout" for reach in s.proof.reach if reach.address == address)
    measured = s.engine is not None and family(address) in s.engine.families
    return silent and measured and s.proof.by_canary and s.proof.flow != "Unknown"


def _closed(s: Situation) -> Verdict | None:
    deny = s.around.deny(s.incident.uid)
    if deny is None or not denies_all(deny, s.label):
        return Verdict("False", Reason.POLICY_MISSING, "The deny policy is not in place as firedoor wrote it.")
    if s.pod is None or not s.suspect_held:
        return Verdict("False", Reason.LABEL_MISSING, "The suspect pod does not carry the quarantine label.")
    return None


def _allowed(s: Situation) -> Verdict | None:
    assert s.pod is not None
    found = (*grants(s.around.policies, s.pod.labels), *s.proof.residue.grants)
    if found:
        message = f"Other policies that select the suspect still allow traffic: {named(found)}."
        return Verdict("False", Reason.OVERLAPPING_ALLOW_POLICIES, message)
    return None


def _passing(s: Situation) -> Verdict | None:
    passing = [reach for reach in (*s.proof.reach, *s.proof.near, *_outward(s)) if reach.after in ANSWERS]
    if not passing:
        return None
    names = ", ".join(_still(reach) for reach in passing)
    engine = f" {sentence(s.engine)}" if s.engine is not None and s.engine.passes else ""
    return Verdict("False", Reason.TRAFFIC_PASSES, f"Traffic still passes: {names}.{engine}")


def _tried(s: Situation) -> Verdict | None:
    if s.proof.missing:
        return Verdict("Unknown", Reason.NOT_VERIFIED, s.proof.missing)
    if s.proof.at is None:
        return Verdict("Unknown", Reason.VERIFYING, "The door is closed; the probes are being asked whether it holds.")
    if s.now - s.proof.at > STALE:
        message = f"The last try ended at {s.proof.at:%H:%M:%S} UTC, which is too long ago; it is tried anew."
        return Verdict("Unknown", Reason.NOT_VERIFIED, message)
    return None


def _since(s: Situation) -> Verdict | None:
    """After the door was open, nothing counts that was tried or measured before: an engine follows changes in their order."""
    if s.seen_open is None or s.pod is None:
        return None
    tried = s.proof.began is not None and s.proof.began > s.seen_open
    if tried and measured_since(s, s.seen_open):
        return None
    message = (
        f"The door was seen open at {s.seen_open:%H:%M:%S} UTC; whether it holds since then is tried anew, and what the "
        f"network engine of node {s.pod.node} does is measured anew."
    )
    return Verdict("Unknown", Reason.VERIFYING, message)


def _let_go(s: Situation) -> Verdict | None:
    """A pod whose labels were taken off has neither owner nor endpoint; one that keeps them has both, by design."""
    residue = s.proof.residue
    if residue.unread:
        return Verdict("Unknown", Reason.NOT_VERIFIED, f"What else leads to the suspect could not be read: {residue.unread}")
    if s.pod is None or (s.prior.owner is not None and s.prior.owner.kind in KEEP_LABELS):
        return None
    if s.pod.owner is not None:
        owner = f"{s.pod.owner.kind} {s.pod.owner.name}"
        return Verdict("False", Reason.STILL_OWNED, f"{owner} has not let go of the suspect, although its labels are off.")
    if residue.endpoints:
        return Verdict("False", Reason.ENDPOINTS_REMAIN, f"EndpointSlices still lead to it: {', '.join(residue.endpoints)}.")
    return None


def _alive(s: Situation) -> Verdict | None:
    """The silence of a pod that does not run, or whose node is away, proves nothing."""
    assert s.pod is not None
    node = s.around.node(s.pod.node)
    if node is not None and not node.ready:
        message = f"Node {node.name} is not ready, so silence proves nothing and nobody can tell whether its engine works."
        return Verdict("Unknown", Reason.NODE_NOT_READY, message)
    if s.pod.phase != "Running":
        return Verdict("Unknown", Reason.POD_NOT_RUNNING, f"The suspect is {s.pod.phase}, so its silence proves nothing.")
    return None


def _enforced(s: Situation) -> Verdict | None:
    if s.engine is None or not s.engine.trusted(s.now):
        message = f"New connections are blocked; the network engine of node {_node(s)} is still being measured."
        return Verdict("Unknown", Reason.VERIFYING, message)
    reason = failing(s.engine)
    if reason is None:
        return None
    if reason is Reason.CNI_STOPPED:
        return Verdict("Unknown", reason, f"{_silence(s)} {sentence(s.engine)}")
    return Verdict("False" if s.engine.passes else "Unknown", reason, sentence(s.engine))


def _silence(s: Situation) -> str:
    """What the silence of a suspect means behind an engine that has stopped."""
    if any(proved_shut(reach) for reach in s.proof.reach):
        return "The suspect is still silent, but nobody keeps it so."
    return "The suspect is silent, but no probe had an answer from it before either, and its deny may never have arrived."


def _controlled(s: Situation) -> Verdict | None:
    """Each address by itself: an engine may filter one family and not the other."""
    assert s.pod is not None
    shut = {reach.address for reach in s.proof.reach if proved_shut(reach)}
    for address in s.pod.addresses:
        if address not in shut and not shown_by_canary(s, address):
            message = (
                f"No probe had an answer from the suspect at {address} before the door closed, and no canary on its node has "
                f"shown since that the engine denies there over {family(address)}; so silence now proves nothing."
            )
            return Verdict("Unknown", Reason.NOT_VERIFIED, message)
    return None


def _from_near(s: Situation) -> Verdict | None:
    """An engine may filter what comes from other nodes and not what stays on one (a bridge without br_netfilter)."""
    assert s.pod is not None
    near = (reach for reach in (*s.proof.reach, *s.proof.near) if reach.node == _node(s) and reach.protocol == "TCP")
    silent = {reach.address for reach in near if reach.after == "Timeout"}
    missing = next((address for address in s.pod.addresses if address not in silent), None)
    if missing is None:
        return None
    message = (
        f"Silent to other nodes; nothing on its own node {_node(s)} has tried to reach the suspect at {missing} since the "
        "door closed."
    )
    return Verdict("Unknown", Reason.NOT_VERIFIED, message)


def _flows(s: Situation) -> Verdict | None:
    engine = s.engine.open_connections if s.engine is not None else "Unknown"
    if s.proof.flow == "Alive":
        message = "New connections are blocked, but one that a probe had open before still passes traffic."
        return Verdict("False", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE, message)
    if engine == "Alive":
        message = f"New connections are blocked, but the engine of node {_node(s)} lets open ones go on."
        return Verdict("False", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE, message)
    if s.proof.by_canary and not s.watched:
        message = (
            "New connections are blocked. No probe had a connection to the suspect whose end could be seen, and the canary on "
            f"node {_node(s)} that is watched in its place does not stand yet."
        )
        return Verdict("Unknown", Reason.VERIFYING, message)
    if s.proof.flow == "Unknown":
        message = "New connections are blocked; whether connections that were open before still pass could not be tried."
        return Verdict("Unknown", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE, message)
    return None


def _proved(s: Situation) -> Verdict:
    shut = [reach for reach in s.proof.reach if proved_shut(reach)]
    names = ", ".join(f"{reach.probe} ({_port(reach)})" for reach in shut)
    engine = sentence(s.engine) if s.engine is not None else ""
    cut = "" if s.proof.by_canary else "The connection that a probe had open is cut. "
    if not shut:
        message = f"No probe reaches the suspect, and a canary on its node was reached before a deny and not after. {engine}"
        return Verdict("True", Reason.ISOLATED, message)
    return Verdict("True", Reason.ISOLATED, f"Reached the suspect before and not any more: {names}. {cut}{engine}")


def _outward(s: Situation) -> tuple[Reach, ...]:
    """The outbound probe tries once; a later measurement of the suspect's own node knows better than it."""
    at, engine = s.proof.outward_at, s.engine
    newer = at is not None and engine is not None and engine.denies and engine.node == _node(s) and engine.began > at
    return () if newer else s.proof.outward


def _still(reach: Reach) -> str:
    if reach.direction == "Egress":
        return f"the suspect still reaches {reach.probe} ({_port(reach)})"
    return f"{reach.probe} still reaches {_port(reach)}"


def _node(s: Situation) -> str:
    return s.pod.node if s.pod else ""


def _port(reach: Reach) -> str:
    return f"port {reach.port}" if reach.protocol == "TCP" else f"UDP port {reach.port}"
