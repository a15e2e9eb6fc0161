"""What is said of every incident, whatever it is about: the conditions that sum up the others, and one word for the eye.

Pure. The report of a pod's incident and that of a family call it.
"""

from dataclasses import dataclass

from firedoor.api.conditions import MESSAGE_LIMIT, Condition, Reason, Truth, Type
from firedoor.planner.permits import Refusal
from firedoor.planner.situation import Situation
from firedoor.planner.verdict import Verdict

PHASE_OF_REFUSAL: dict[str, str] = {
    Reason.DRY_RUN: "Planned",
    **dict.fromkeys((Reason.AWAITING_APPROVAL, Reason.PAUSED, Reason.FORBIDDEN, Reason.INVALID), "Waiting"),
}
CONTAINMENTS = (Type.ISOLATED, Type.NODE_CORDONED, Type.WORKLOAD_SCALED, Type.IDENTITY_FROZEN)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person must see to: the API server refuses something that firedoor needs."""

    reason: Reason
    message: str


def phase(found: tuple[Condition, ...]) -> str:
    """One word for the eye."""
    status = {condition.type: condition for condition in found}
    if status[Type.RELEASED].status == "True":
        return "Released"
    if status[Type.RELEASED].reason == Reason.RELEASING:
        return "Releasing"
    if status[Type.ACCEPTED].status != "True":
        return PHASE_OF_REFUSAL.get(status[Type.ACCEPTED].reason, "Refused")
    return "Contained" if status[Type.CONTAINED].status == "True" else "Containing"


def stated(s: Situation, about: Type, verdict: Verdict) -> Condition:
    """The verdict as a condition of the incident."""
    return Condition(
        type=about,
        status=verdict.status,
        reason=verdict.reason,
        message=verdict.message[:MESSAGE_LIMIT],
        last_transition_time=s.now.replace(microsecond=0),
        observed_generation=s.incident.metadata.generation,
    )


def untouched(s: Situation) -> dict[Type, Verdict]:
    """Nothing is touched while the incident is refused, so there is nothing to give back either."""
    idle = Verdict("Unknown", Reason.PENDING, "Nothing is touched while the incident is not accepted.")
    released = Verdict("True", Reason.RELEASED, "Nothing had been touched.") if s.incident.leaving else holding()
    return dict.fromkeys((*CONTAINMENTS, Type.EVIDENCE_SEALED), idle) | {Type.RELEASED: released}


def holding() -> Verdict:
    """Released, while nobody has asked for it."""
    return Verdict("False", Reason.HOLDING, "No release was asked for.")


def not_requested(what: str) -> Verdict:
    """What is said of a containment that nobody wants."""
    return Verdict("False", Reason.NOT_REQUESTED, f"{what} was not asked for, or is switched off.")


def going_back(what: str) -> Verdict:
    """What is said of a containment that still holds though nobody wants it any longer."""
    return Verdict("False", Reason.RELEASING, f"It is no longer asked for; {what} is being given back.")


def summary(s: Situation, said: dict[Type, Verdict], refused: Refusal | None, trouble: Trouble | None) -> dict[Type, Verdict]:
    """What the other conditions come to: Contained, Ready, Reconciling, and Stalled where a person is needed."""
    contained = _all_contained(said)
    ready = _ready(said, contained)
    settled = refused is not None and not refused.waits
    busy: Truth = "True" if ready.status != "True" and not settled else "False"
    found = {
        Type.CONTAINED: contained,
        Type.READY: ready,
        Type.RECONCILING: Verdict(busy, ready.reason, ready.message),
    }
    if trouble is not None:
        found[Type.STALLED] = Verdict("True", trouble.reason, trouble.message)
    elif s.around.capture.trouble:
        found[Type.STALLED] = Verdict("True", Reason.FORBIDDEN, s.around.capture.trouble)
    elif refused is not None and not refused.curable and not s.incident.leaving:
        found[Type.STALLED] = Verdict("True", refused.reason, refused.message)
    return found


def _all_contained(said: dict[Type, Verdict]) -> Verdict:
    wanted = [about for about in CONTAINMENTS if said[about].reason != Reason.NOT_REQUESTED]
    missing = next((said[about] for about in wanted if said[about].status != "True"), None)
    if missing is not None:
        return missing
    if not wanted:
        return not_requested("Containment")
    return Verdict("True", Reason.CONTAINED, "Every requested containment holds.")


def _ready(said: dict[Type, Verdict], contained: Verdict) -> Verdict:
    released, evidence = said[Type.RELEASED], said[Type.EVIDENCE_SEALED]
    if released.status == "True" or released.reason == Reason.RELEASING:
        return released
    if said[Type.ACCEPTED].status != "True":
        return said[Type.ACCEPTED]
    if contained.status != "True" and contained.reason != Reason.NOT_REQUESTED:
        return contained
    if evidence.status != "True" and evidence.reason not in (Reason.NOT_REQUESTED, Reason.COLLECTOR_FAILED):
        return evidence
    return Verdict("True", Reason.READY, "All that was asked for holds.")
