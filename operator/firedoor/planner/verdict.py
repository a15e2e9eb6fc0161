"""What may be said about the isolation: True only when it was proved, with the evidence for each rung.

Static: the deny policy stands unmodified, the label is on the pod, the pod is free of other labels and no other policy
allows it anything. Probe: a probe pod that got an answer before now gets none; where none had an answer before (a
policy of the namespace kept it out, or there was none to ask), a canary on the suspect's node has shown since that the
engine denies there. Flows: the connection that the probe kept open across the deny is dead. A refusal is an answer:
packets pass.
"""

from dataclasses import dataclass

from firedoor.api.conditions import Reason, Truth
from firedoor.api.incident import Reach
from firedoor.planner.selectors import denies_all, overlapping
from firedoor.planner.situation import Situation

ANSWERS = ("Open", "Refused")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, its reason and a sentence."""

    status: Truth
    reason: Reason
    message: str


def isolation(s: Situation) -> Verdict:
    """The verdict on the suspect's isolation; the first rung that does not hold decides."""
    if s.pod is None:
        return Verdict("Unknown", Reason.POD_GONE, "The suspect pod is gone; there is nothing left to isolate.")
    return _static(s) or _probe(s) or _flows(s) or _proved(s)


def proved_shut(reach: Reach) -> bool:
    """Whether this probe got an answer before and none after."""
    return reach.before in ANSWERS and reach.after == "Timeout"


def shown_by_canary(s: Situation) -> bool:
    """Whether the suspect is silent, and a canary on its node was reached, denied and reached no more."""
    silent = any(reach.after == "Timeout" for reach in s.proof.reach)
    return silent and s.proof.by_canary and s.proof.flow != "Unknown"


def _static(s: Situation) -> Verdict | None:
    deny = s.around.deny(s.incident.uid)
    if deny is None or not denies_all(deny, s.label):
        return Verdict("False", Reason.POLICY_MISSING, "The deny policy is not in place as firedoor wrote it.")
    if s.pod is None or not s.suspect_held:
        return Verdict("False", Reason.LABEL_MISSING, "The suspect pod does not carry the quarantine label.")
    others = overlapping(s.around.policies, s.pod.labels)
    if others:
        message = f"NetworkPolicies that select the suspect still allow traffic: {', '.join(others)}."
        return Verdict("False", Reason.OVERLAPPING_ALLOW_POLICIES, message)
    return None


def _probe(s: Situation) -> Verdict | None:
    passing = [reach for reach in s.proof.reach if reach.after in ANSWERS]
    if passing:
        names = ", ".join(f"{reach.probe} still reaches port {reach.port}" for reach in passing)
        return Verdict("False", Reason.TRAFFIC_PASSES, f"Traffic still passes: {names}.")
    if s.proof.missing:
        return Verdict("Unknown", Reason.NOT_VERIFIED, s.proof.missing)
    if s.proof.at is None:
        return Verdict("Unknown", Reason.VERIFYING, "The door is closed; the probes are being asked whether it holds.")
    if not any(proved_shut(reach) for reach in s.proof.reach) and not shown_by_canary(s):
        message = (
            "No probe had an answer from the suspect before the door closed, and no canary on its node has shown that "
            "the engine denies there; so silence now proves nothing."
        )
        return Verdict("Unknown", Reason.NOT_VERIFIED, message)
    return None


def _flows(s: Situation) -> Verdict | None:
    match s.proof.flow:
        case "Cut":
            return None
        case "Alive":
            message = "New connections are blocked, but one that a probe had open before still passes traffic."
            return Verdict("False", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE, message)
        case "Unknown":
            message = "New connections are blocked; whether connections that were open before still pass could not be tried."
            return Verdict("Unknown", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE, message)


def _proved(s: Situation) -> Verdict:
    shut = [reach for reach in s.proof.reach if proved_shut(reach)]
    names = ", ".join(f"{reach.probe} (port {reach.port})" for reach in shut)
    cut = "Open connections are cut" + (", as a canary on the same node showed." if s.proof.by_canary else ".")
    if not shut:
        message = f"No probe reaches the suspect, and a canary on its node was reached before a deny and not after. {cut}"
        return Verdict("True", Reason.ISOLATED, message)
    return Verdict("True", Reason.ISOLATED, f"Reached the suspect before and not any more: {names}. {cut}")
