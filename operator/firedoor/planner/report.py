"""The report: what the situation lets be said, as conditions. Pure; the controller writes it to status.

Every condition is there from the first sight on. `phase` is for the eye and says nothing that the conditions do not.
"""

from dataclasses import dataclass
from datetime import datetime

from firedoor.api.conditions import MESSAGE_LIMIT, Condition, Reason, Truth, Type, merged
from firedoor.api.incident import IncidentStatus, Isolation
from firedoor.api.names import cordon_holder, deny_policy
from firedoor.planner.containment import (
    cordon_refusal,
    holds_scale,
    may_scale,
    suspect_node,
    wants_cordon,
    wants_evidence,
    wants_scale,
)
from firedoor.planner.guards import Refusal
from firedoor.planner.receipts import receipts
from firedoor.planner.release import outstanding, waits_for_evidence
from firedoor.planner.selectors import overlapping
from firedoor.planner.situation import Situation
from firedoor.planner.verdict import Verdict, isolation

CONTAINMENTS = (Type.ISOLATED, Type.NODE_CORDONED, Type.WORKLOAD_SCALED)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person must see to: the API server refuses something that firedoor needs."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the controller knows beside the situation."""

    refused: Refusal | None = None
    drift: tuple[str, ...] = ()
    trouble: Trouble | None = None
    closed_at: datetime | None = None


def status(s: Situation, findings: Findings) -> IncidentStatus:
    """The whole status of the incident."""
    before = s.incident.status
    found = conditions(s, findings.refused, findings.drift, findings.trouble)
    return IncidentStatus(
        phase=phase(found),
        observed_generation=s.incident.metadata.generation,
        node=(s.pod.node if s.pod and s.pod.node else before.node),
        target_uid=before.target_uid or (s.pod.uid if s.pod and findings.refused is None else None),
        conditions=found,
        isolation=before.isolation if findings.refused else _isolation_status(s, findings),
        evidence=s.around.capture.result or before.evidence,
        receipts=receipts(s),
    )


def _isolation_status(s: Situation, findings: Findings) -> Isolation | None:
    before = s.incident.status.isolation
    if s.incident.spec.containment.network == "None" or s.incident.leaving:
        return before
    return Isolation(
        policy=deny_policy(s.incident.uid),
        closed_at=(before.closed_at if before else None) or findings.closed_at,
        verified_at=s.proof.at,
        reach=s.proof.reach or (before.reach if before else ()),
        flow=s.proof.flow,
        by_canary=s.proof.by_canary,
        overlapping=overlapping(s.around.policies, s.pod.labels) if s.pod else (),
    )


def conditions(
    s: Situation, refused: Refusal | None, drift: tuple[str, ...] = (), trouble: Trouble | None = None
) -> tuple[Condition, ...]:
    """All conditions of the incident; times of those that did not change are kept."""
    said = {Type.ACCEPTED: _accepted(s, refused)}
    said |= _untouched(s) if refused else _contained(s, drift)
    said |= _summary(s, said, refused, trouble)
    now = (_condition(s, about, verdict) for about, verdict in said.items())
    return merged(s.incident.status.conditions, now)


def phase(found: tuple[Condition, ...]) -> str:
    """One word for the eye."""
    status = {condition.type: condition for condition in found}
    if status[Type.RELEASED].status == "True":
        return "Released"
    if status[Type.RELEASED].reason == Reason.RELEASING:
        return "Releasing"
    if status[Type.ACCEPTED].status != "True":
        return "Refused"
    return "Contained" if status[Type.CONTAINED].status == "True" else "Containing"


def _condition(s: Situation, about: Type, verdict: Verdict) -> Condition:
    return Condition(
        type=about,
        status=verdict.status,
        reason=verdict.reason,
        message=verdict.message[:MESSAGE_LIMIT],
        last_transition_time=s.now.replace(microsecond=0),
        observed_generation=s.incident.metadata.generation,
    )


def _accepted(s: Situation, refused: Refusal | None) -> Verdict:
    if refused is not None:
        return Verdict("False", refused.reason, refused.message)
    target = s.incident.spec.target
    name = target.name if target else ""
    return Verdict("True", Reason.ACCEPTED, f"The target is pod {s.incident.target_namespace}/{name}.")


def _untouched(s: Situation) -> dict[Type, Verdict]:
    """Nothing is touched while the incident is refused, so there is nothing to give back either."""
    idle = Verdict("Unknown", Reason.PENDING, "Nothing is touched while the incident is not accepted.")
    released = Verdict("True", Reason.RELEASED, "Nothing had been touched.") if s.incident.leaving else _holding()
    return dict.fromkeys((*CONTAINMENTS, Type.EVIDENCE_SEALED), idle) | {Type.RELEASED: released}


def _contained(s: Situation, drift: tuple[str, ...]) -> dict[Type, Verdict]:
    released = _released(s, drift)
    if released.status == "True":
        over = Verdict("False", Reason.RELEASED, "Released.")
        found = dict.fromkeys(CONTAINMENTS, over)
    else:
        found = {Type.ISOLATED: _isolated(s), Type.NODE_CORDONED: _cordoned(s), Type.WORKLOAD_SCALED: _scaled(s)}
    return found | {Type.EVIDENCE_SEALED: _evidence(s), Type.RELEASED: released}


def _isolated(s: Situation) -> Verdict:
    if s.incident.spec.containment.network == "None":
        return _not_requested("Network isolation")
    return isolation(s)


def _cordoned(s: Situation) -> Verdict:
    if not wants_cordon(s):
        return _not_requested("A cordon")
    node = suspect_node(s)
    if node is None:
        return Verdict("False", Reason.NOT_SCHEDULED, "The suspect pod is on no node that is known.")
    if cordon_holder(s.incident.uid) in node.annotations:
        return _held(node.name, node.unschedulable, node.was_unschedulable)
    refused = cordon_refusal(s, node)
    if refused is not None:
        return Verdict("False", refused.reason, refused.message)
    return Verdict("Unknown", Reason.PENDING, f"Node {node.name} is being cordoned.")


def _held(name: str, unschedulable: bool, before: bool | None) -> Verdict:
    if not unschedulable:
        return Verdict("False", Reason.CORDON_DRIFT, f"Node {name} was uncordoned by somebody else while it is held.")
    if before:
        return Verdict("True", Reason.ALREADY_CORDONED, f"Node {name} was cordoned before and will stay so.")
    return Verdict("True", Reason.CORDONED, f"Node {name} is unschedulable, held by this incident.")


def _scaled(s: Situation) -> Verdict:
    if not wants_scale(s):
        return _not_requested("Scaling to zero")
    workload = s.around.workload
    if workload is None:
        return Verdict("False", Reason.NO_WORKLOAD, "No workload owns the suspect pod.")
    if workload.kind != "Deployment":
        message = f"{workload.kind} {workload.name} owns the suspect; only Deployments are scaled."
        return Verdict("False", Reason.UNSUPPORTED_WORKLOAD, message)
    if holds_scale(s):
        return Verdict("True", Reason.SCALED, f"Deployment {workload.name} has no replicas, held by this incident.")
    if not may_scale(s):
        message = f"Deployment {workload.name} still owns the suspect; it is scaled once the evidence is sealed."
        return Verdict("False", Reason.WAITING_FOR_EVIDENCE, message)
    return Verdict("Unknown", Reason.PENDING, f"Deployment {workload.name} is being scaled to zero.")


def _evidence(s: Situation) -> Verdict:
    if not wants_evidence(s):
        return _not_requested("Evidence")
    capture = s.around.capture
    if capture.state == "Sealed" and capture.result is not None:
        return _sealed(capture.why, capture.result.status, capture.result.claim, capture.result.gaps)
    if capture.state == "Failed":
        return Verdict("False", Reason.COLLECTOR_FAILED, capture.why)
    return Verdict("False", Reason.CAPTURING, capture.why or "The collector is about to start.")


def _sealed(why: str, status: str | None, claim: str | None, gaps: tuple[str, ...]) -> Verdict:
    if status == "Complete":
        return Verdict("True", Reason.SEALED, f"Sealed on claim {claim}.")
    reason = Reason.VOLUME_FULL if why == Reason.VOLUME_FULL else Reason.PARTIAL
    return Verdict("True", reason, f"Sealed with gaps on claim {claim}: {' '.join(gaps)}")


def _released(s: Situation, drift: tuple[str, ...]) -> Verdict:
    if not s.incident.leaving:
        return _holding()
    if waits_for_evidence(s):
        return Verdict("False", Reason.RELEASING, "Waits until the evidence of the suspect pod is sealed.")
    if outstanding(s):
        return Verdict("False", Reason.RELEASING, "What was closed is being opened again.")
    if drift:
        return Verdict("True", Reason.DRIFTED, f"Given back, but left alone as somebody else changed it: {' '.join(drift)}")
    return Verdict("True", Reason.RELEASED, "Everything is as it was.")


def _holding() -> Verdict:
    return Verdict("False", Reason.HOLDING, "No release was asked for.")


def _not_requested(what: str) -> Verdict:
    return Verdict("False", Reason.NOT_REQUESTED, f"{what} was not asked for, or is switched off.")


def _summary(s: Situation, said: dict[Type, Verdict], refused: Refusal | None, trouble: Trouble | None) -> dict[Type, Verdict]:
    contained = _all_contained(said)
    ready = _ready(said, contained)
    busy: Truth = "True" if ready.status != "True" and not (refused and not refused.curable) else "False"
    found = {
        Type.CONTAINED: contained,
        Type.READY: ready,
        Type.RECONCILING: Verdict(busy, ready.reason, ready.message),
    }
    if trouble is not None:
        found[Type.STALLED] = Verdict("True", trouble.reason, trouble.message)
    elif refused is not None and not refused.curable and not s.incident.leaving:
        found[Type.STALLED] = Verdict("True", refused.reason, refused.message)
    return found


def _all_contained(said: dict[Type, Verdict]) -> Verdict:
    wanted = [about for about in CONTAINMENTS if said[about].reason != Reason.NOT_REQUESTED]
    missing = next((said[about] for about in wanted if said[about].status != "True"), None)
    if missing is not None:
        return missing
    if not wanted:
        return _not_requested("Containment")
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
