"""The report of an incident about a workload or a node: what its children say, summed up, and what it holds itself.

Pure. One suspect that is not isolated is enough to say so, with that suspect's reason. A suspect that a person released
by itself no longer counts, and the sentence says that.
"""

from collections import Counter
from dataclasses import dataclass

from firedoor.api.conditions import Condition, Reason, Type, merged
from firedoor.api.incident import REQUIRED_LIMIT, IncidentStatus, PlanStatus
from firedoor.api.member import MemberStatus
from firedoor.planner.containment import wants_cordon, wants_evidence
from firedoor.planner.family import GONE, TAKEN, Kin, own
from firedoor.planner.family_guards import title
from firedoor.planner.family_sum import released_note, summed
from firedoor.planner.given_back import held_on
from firedoor.planner.holds import cordoned, scaled
from firedoor.planner.identity import wants_freeze
from firedoor.planner.permits import Refusal
from firedoor.planner.receipts import receipts
from firedoor.planner.release import outstanding
from firedoor.planner.situation import Situation
from firedoor.planner.summary import CONTAINMENTS, Trouble, going_back, holding, not_requested, phase, stated, summary, untouched
from firedoor.planner.verdict import Verdict
from firedoor.planner.workload import wants_scale

MORE_ACTIONS = "There is more to do: see the required actions of the incidents about the suspects."
NAMED = 8
"""Pods that a sentence names; more are counted."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the controller knows beside the situation."""

    refused: Refusal | None = None
    drift: tuple[str, ...] = ()
    trouble: Trouble | None = None
    plan: PlanStatus | None = None


def status(s: Situation, family: tuple[Kin, ...], findings: Findings) -> IncidentStatus:
    """The whole status of the incident."""
    before, target = s.incident.status, s.incident.spec.target
    found = conditions(s, family, findings)
    return IncidentStatus(
        phase=phase(found),
        observed_generation=s.incident.metadata.generation,
        node=target.name if target and target.kind == "Node" else None,
        target_uid=before.target_uid,
        targets=tuple(_member(one) for one in family),
        conditions=found,
        plan=findings.plan or before.plan,
        required_actions=_required_actions(before, family),
        receipts=receipts(own(s)),
        reverts=s.fight.reverts,
    )


def _member(one: Kin) -> MemberStatus:
    if one.taken:
        return one.member.model_copy(update={"phase": TAKEN, "isolated": "False"})
    if one.child is None:
        return one.member.model_copy(update={"phase": GONE if one.released else None, "isolated": "Unknown"})
    said = one.child.status
    return one.member.model_copy(update={"phase": said.phase or "Pending", "isolated": said.truth(Type.ISOLATED)})


def _required_actions(before: IncidentStatus, family: tuple[Kin, ...]) -> tuple[str, ...]:
    """What a person should do, first about most of the suspects; of one whose incident is gone, what it said stays."""
    known = before.required_actions if any(one.child is None for one in family) else ()
    said = Counter(action for one in family if one.child is not None for action in one.child.status.required_actions)
    found = sorted(dict.fromkeys((*known, *said)), key=lambda action: -said[action])
    found = [action for action in found if action != MORE_ACTIONS]
    return tuple(found) if len(found) <= REQUIRED_LIMIT else (*found[: REQUIRED_LIMIT - 1], MORE_ACTIONS)


def conditions(s: Situation, family: tuple[Kin, ...], findings: Findings) -> tuple[Condition, ...]:
    """All conditions of the incident; times of those that did not change are kept."""
    refused = findings.refused
    said = {Type.ACCEPTED: _accepted(s, refused)}
    said |= untouched(s) if refused and not family else _contained(s, family, findings.drift)
    said |= summary(s, said, refused, findings.trouble)
    said[Type.CONTAINED] = _with_note(said[Type.CONTAINED], family)
    now = (stated(s, about, verdict) for about, verdict in said.items())
    return merged(s.incident.status.conditions, now)


def _with_note(contained: Verdict, family: tuple[Kin, ...]) -> Verdict:
    if contained.reason != Reason.CONTAINED:
        return contained
    return Verdict(contained.status, contained.reason, contained.message + released_note(family))


def _accepted(s: Situation, refused: Refusal | None) -> Verdict:
    if refused is not None:
        return Verdict("False", refused.reason, refused.message)
    count, plan = len(s.incident.status.targets), s.incident.status.plan
    pods = "one suspect pod" if count == 1 else f"{count} suspect pods"
    left_out = plan.warnings if plan is not None and not plan.steps else ()
    told = " ".join(("", *left_out[:NAMED], *((f"{len(left_out) - NAMED} more are.",) if len(left_out) > NAMED else ())))
    return Verdict("True", Reason.ACCEPTED, f"The target is {title(s.incident)} with {pods}.{told.rstrip()}")


def _contained(s: Situation, family: tuple[Kin, ...], drift: tuple[str, ...]) -> dict[Type, Verdict]:
    released = _released(s, family, drift)
    found = dict.fromkeys(CONTAINMENTS, Verdict("False", Reason.RELEASED, "Released."))
    if released.status != "True":
        found = _holding(s, family)
    evidence = summed(Type.EVIDENCE_SEALED, family) if wants_evidence(s) else not_requested("Evidence")
    return found | {Type.EVIDENCE_SEALED: evidence, Type.RELEASED: released}


def _holding(s: Situation, family: tuple[Kin, ...]) -> dict[Type, Verdict]:
    isolates = s.incident.spec.containment.network != "None"
    return {
        Type.ISOLATED: summed(Type.ISOLATED, family) if isolates else not_requested("Network isolation"),
        Type.NODE_CORDONED: _cordoned(s, family),
        Type.WORKLOAD_SCALED: _scaled(s, family),
        Type.IDENTITY_FROZEN: _summed(Type.IDENTITY_FROZEN, family, "Freezing the identity", asked=wants_freeze(s)),
    }


def _cordoned(s: Situation, family: tuple[Kin, ...]) -> Verdict:
    """A node is held by the incident itself; those of a workload's pods by the children."""
    if s.incident.spec.target is not None and s.incident.spec.target.kind == "Node":
        return cordoned(own(s))
    return _summed(Type.NODE_CORDONED, family, "A cordon", asked=wants_cordon(s))


def _scaled(s: Situation, family: tuple[Kin, ...]) -> Verdict:
    """The workload that the incident is about it holds itself; those of a node's pods are held by the children."""
    if s.incident.spec.target is not None and s.incident.spec.target.kind == "Node":
        return _summed(Type.WORKLOAD_SCALED, family, "Scaling to zero", asked=wants_scale(s))
    return scaled(s)


def _summed(about: Type, family: tuple[Kin, ...], what: str, *, asked: bool) -> Verdict:
    """What the children say; where it is no longer asked for, which of them have yet to give it back."""
    if asked:
        return summed(about, family)
    holding = [one.member.incident for one in family if one.child is not None and _holds(one.child.status, about)]
    return going_back(f"what {', '.join(holding[:NAMED])} held") if holding else not_requested(what)


def _holds(said: IncidentStatus, about: Type) -> bool:
    found = next((condition for condition in said.conditions if condition.type == about), None)
    return found is not None and (found.status == "True" or found.reason == Reason.RELEASING)


def _released(s: Situation, family: tuple[Kin, ...], drift: tuple[str, ...]) -> Verdict:
    if not s.incident.leaving:
        return holding()
    waiting = [one.member.incident for one in family if not one.over]
    if waiting:
        more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
        return Verdict("False", Reason.RELEASING, f"Waits until they are released: {', '.join(waiting[:NAMED])}{more}.")
    if outstanding(own(s)):
        return Verdict("False", Reason.RELEASING, "What was closed is being opened again.")
    return _given_back(s, family, drift)


def _given_back(s: Situation, family: tuple[Kin, ...], drift: tuple[str, ...]) -> Verdict:
    """All is given back; what a child could not, or was to keep, is told in its words."""
    others = " ".join(held_on(own(s)))
    if drift:
        message = f"Given back, but left alone as somebody else changed it: {' '.join(drift)} {others}"
        return Verdict("True", Reason.DRIFTED, message.strip())
    for one in family:
        said = next((c for c in one.child.status.conditions if c.type == Type.RELEASED), None) if one.child else None
        if said is not None and said.reason != Reason.RELEASED:
            return Verdict("True", Reason(said.reason), f"pod {one.member.name}: {said.message} {others}".strip())
    if others:
        return Verdict("True", Reason.STILL_HELD, f"This incident holds nothing any more. {others}")
    return Verdict("True", Reason.RELEASED, "Everything is as it was.")
