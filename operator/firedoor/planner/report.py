"""The report: what the situation lets be said, as conditions. Pure; the controller writes it to status.

Every condition is there from the first sight on. `phase` is for the eye and says nothing that the conditions do not.
"""

from dataclasses import dataclass
from datetime import datetime

from firedoor.api.conditions import Condition, Reason, Type, merged
from firedoor.api.incident import EvidenceStatus, IncidentStatus, Isolation, PlanStatus
from firedoor.api.names import deny_policy, evidence_claim
from firedoor.planner.containment import wants_evidence
from firedoor.planner.credentials import required_actions
from firedoor.planner.enforcement import sentence
from firedoor.planner.given_back import given_back
from firedoor.planner.grants import MOST, grants
from firedoor.planner.holds import cordoned, frozen, scaled
from firedoor.planner.permits import Refusal, barred, paused
from firedoor.planner.receipts import ahead, receipts
from firedoor.planner.release import outstanding, waits_for_evidence, waits_for_workload
from firedoor.planner.situation import Situation
from firedoor.planner.summary import CONTAINMENTS, Trouble, holding, not_requested, phase, stated, summary, untouched
from firedoor.planner.verdict import Verdict, isolation


@dataclass(frozen=True, slots=True)
class Findings:
    """What the controller knows beside the situation."""

    refused: Refusal | None = None
    drift: tuple[str, ...] = ()
    trouble: Trouble | None = None
    closed_at: datetime | None = None
    plan: PlanStatus | None = None
    surplus: str = ""
    """What is to be said of a pod that its controller had replaced when it got its labels back."""


def status(s: Situation, findings: Findings) -> IncidentStatus:
    """The whole status of the incident."""
    before = s.incident.status
    found = conditions(s, findings.refused, findings.drift, findings.trouble, findings.surplus)
    return IncidentStatus(
        phase=phase(found),
        observed_generation=s.incident.metadata.generation,
        node=(s.pod.node if s.pod and s.pod.node else before.node),
        target_uid=before.target_uid or (s.pod.uid if s.pod and findings.refused is None else None),
        conditions=found,
        plan=findings.plan or before.plan,
        required_actions=before.required_actions if findings.refused else required_actions(s),
        isolation=before.isolation if findings.refused else _isolation_status(s, findings),
        evidence=s.around.capture.result or before.evidence,
        receipts=receipts(s),
        reverts=s.fight.reverts,
    )


def taken(s: Situation) -> IncidentStatus:
    """The status of an incident that was refused so far: nothing new but that its target is taken now, and what it was."""
    before = s.incident.status
    said = stated(s, Type.ACCEPTED, accepted(s, None))
    found = tuple(said if condition.type == said.type else condition for condition in before.conditions)
    target = s.pod.uid if s.pod else before.target_uid
    return before.model_copy(update={"conditions": found, "target_uid": target, "receipts": ahead(s)})


def _isolation_status(s: Situation, findings: Findings) -> Isolation | None:
    before = s.incident.status.isolation
    if s.incident.spec.containment.network == "None" or s.incident.leaving or barred(s):
        return before
    return Isolation(
        policy=deny_policy(s.incident.uid),
        closed_at=(before.closed_at if before else None) or findings.closed_at,
        verified_at=s.proof.at,
        reach=(*s.proof.reach, *s.proof.near, *s.proof.outward)[:MOST] or (before.reach if before else ()),
        flow=s.proof.flow,
        by_canary=s.proof.by_canary,
        engine=sentence(s.engine)[:1024] if s.engine else None,
        overlapping=(*grants(s.around.policies, s.pod.labels), *s.proof.residue.grants)[:MOST] if s.pod else (),
        endpoints=s.proof.residue.endpoints,
    )


def conditions(
    s: Situation,
    refused: Refusal | None,
    drift: tuple[str, ...] = (),
    trouble: Trouble | None = None,
    surplus: str = "",
) -> tuple[Condition, ...]:
    """All conditions of the incident; times of those that did not change are kept."""
    said = {Type.ACCEPTED: accepted(s, refused)}
    said |= untouched(s) if refused else _contained(s, drift, trouble, surplus)
    said |= summary(s, said, refused, trouble)
    now = (stated(s, about, verdict) for about, verdict in said.items())
    return merged(s.incident.status.conditions, now)


def repair(s: Situation, what: tuple[str, ...]) -> Condition:
    """What to tell when a closed door had to be closed again."""
    message = f"Somebody else changed {' and '.join(what)} of the suspect; put back."
    return stated(s, Type.ISOLATED, Verdict("False", Reason.REPAIRED, message))


def accepted(s: Situation, refused: Refusal | None) -> Verdict:
    """What is said of the target: refused by a guard, or taken."""
    if refused is not None:
        return Verdict("False", refused.reason, refused.message)
    target = s.incident.spec.target
    name = target.name if target else ""
    return Verdict("True", Reason.ACCEPTED, f"The target is pod {s.incident.target_namespace}/{name}.")


def _contained(s: Situation, drift: tuple[str, ...], trouble: Trouble | None, surplus: str) -> dict[Type, Verdict]:
    given_back = released(s, drift, trouble, surplus)
    if given_back.status == "True":
        over = Verdict("False", Reason.RELEASED, "Released.")
        found = dict.fromkeys(CONTAINMENTS, over)
    else:
        found = {
            Type.ISOLATED: _isolated(s),
            Type.NODE_CORDONED: cordoned(s),
            Type.WORKLOAD_SCALED: scaled(s),
            Type.IDENTITY_FROZEN: frozen(s),
        }
    return found | {Type.EVIDENCE_SEALED: evidence(s), Type.RELEASED: given_back}


def _isolated(s: Situation) -> Verdict:
    if s.incident.spec.containment.network == "None":
        return not_requested("Network isolation")
    if (refused := barred(s)) is not None:
        return Verdict("False", refused.reason, refused.message)
    return isolation(s)


def evidence(s: Situation) -> Verdict:
    """The verdict on the bag; what is not under way when everything is given back begins no more."""
    if not wants_evidence(s):
        return not_requested("Evidence")
    capture = s.around.capture
    if capture.state == "Sealed" and capture.result is not None:
        return _sealed(capture.why, capture.result)
    if capture.state == "Failed":
        return Verdict("False", Reason.COLLECTOR_FAILED, capture.why)
    if s.incident.leaving and capture.state in ("Absent", "Queued"):
        kept = f"What there is lies on claim {evidence_claim(s.incident.uid)}, if that exists."
        return Verdict("False", Reason.RELEASED, f"Released while no collector was at work. {kept}")
    if capture.state == "Absent" and (waits := paused(s)) is not None:
        return Verdict("False", waits.reason, waits.message)
    return Verdict("False", Reason.CAPTURING, capture.why or "The collector is about to start.")


def _sealed(why: str, kept: EvidenceStatus) -> Verdict:
    """The custody head stands in the message, and with it in an event: a second place outside the volume."""
    signed = f"signed by key {kept.key_id}" if kept.key_id else f"not signed ({kept.unsigned})"
    where = f"on claim {kept.claim}, custody head {kept.custody_head}, {signed}"
    if kept.status == "Complete":
        return Verdict("True", Reason.SEALED, f"Sealed {where}.")
    reason = Reason.VOLUME_FULL if why == Reason.VOLUME_FULL else Reason.PARTIAL
    return Verdict("True", reason, f"Sealed with gaps {where}: {' '.join(kept.gaps)}")


def released(s: Situation, drift: tuple[str, ...], trouble: Trouble | None, surplus: str = "") -> Verdict:
    """How far giving back is, where anybody asked for it."""
    if not s.incident.leaving:
        return holding()
    if trouble is not None:
        return Verdict("False", Reason.RELEASING, f"Not everything can be given back: {trouble.message}")
    if waits_for_evidence(s):
        return Verdict("False", Reason.RELEASING, "Waits until the evidence of the suspect pod is sealed.")
    if waiting := waits_for_workload(s):
        return Verdict("False", Reason.RELEASING, f"Waits with the pod's labels: {waiting}")
    if outstanding(s):
        return Verdict("False", Reason.RELEASING, "What was closed is being opened again.")
    return given_back(s, drift, surplus)
