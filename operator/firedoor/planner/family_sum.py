"""Summing up: one condition of an incident from the same condition of all its children.

Pure. Any False is False with that child's reason, else any Unknown is Unknown, else True; a child that is refused counts
as False with the reason of its refusal.
"""

from collections.abc import Iterator

from firedoor.api.conditions import Condition, Reason, Truth, Type
from firedoor.planner.family import Kin
from firedoor.planner.verdict import Verdict

HOLDS = {
    Type.ISOLATED: (Reason.ISOLATED, "isolated"),
    Type.NODE_CORDONED: (Reason.CORDONED, "on cordoned nodes"),
    Type.WORKLOAD_SCALED: (Reason.SCALED, "under a workload at rest"),
    Type.IDENTITY_FROZEN: (Reason.FROZEN, "without an identity"),
    Type.EVIDENCE_SEALED: (Reason.SEALED, "kept as sealed evidence"),
}
"""The reason and the words for what holds of every suspect."""


def summed(about: Type, family: tuple[Kin, ...]) -> Verdict:
    """What all suspects together let be said."""
    if not family:
        return Verdict("Unknown", Reason.NO_PODS, "The target had no suspect pods when the incident was accepted.")
    counting = _counting(about, family)
    if not counting:
        return Verdict("False", Reason.RELEASED, "Every suspect was released by itself.")
    told = _concerned([(one, _said(about, one)) for one in counting])
    return _worst(told, "False") or _worst(told, "Unknown") or _all_hold(about, told, family)


def released_note(family: tuple[Kin, ...]) -> str:
    """The end of a sentence about those that no longer count."""
    count = sum(1 for one in family if one.released)
    return f" Released by themselves and no longer counted: {count} of {len(family)}." if count else ""


def _counting(about: Type, family: tuple[Kin, ...]) -> tuple[Kin, ...]:
    """A released pod is held no more, but its evidence stays."""
    if about is Type.EVIDENCE_SEALED:
        return tuple(one for one in family if one.child is not None or not one.released)
    return tuple(one for one in family if not one.released)


def _concerned(told: list[tuple[Kin, Verdict]]) -> list[tuple[Kin, Verdict]]:
    """A suspect without a workload has none to put to rest, and speaks only where none of them has one."""
    return [(one, said) for one, said in told if said.reason != Reason.NO_WORKLOAD] or told


def _said(about: Type, one: Kin) -> Verdict:
    if one.taken:
        message = f"SecurityIncident {one.member.incident} exists and is not about it; delete that one, and its own is made."
        return Verdict("False", Reason.NAME_TAKEN, message)
    if one.child is None:
        return Verdict("Unknown", Reason.PENDING, f"SecurityIncident {one.member.incident} about it is being made.")
    known: dict[str, Condition] = {condition.type: condition for condition in one.child.status.conditions}
    accepted, said = known.get(Type.ACCEPTED), known.get(about)
    if accepted is not None and accepted.status == "False":
        return _verdict(accepted)
    return Verdict("Unknown", Reason.PENDING, "Nothing is known yet.") if said is None else _verdict(said)


def _verdict(condition: Condition) -> Verdict:
    return Verdict(condition.status, Reason(condition.reason), condition.message)


def _worst(told: list[tuple[Kin, Verdict]], status: Truth) -> Verdict | None:
    found = next(((one, said) for one, said in told if said.status == status), None)
    if found is None:
        return None
    one, said = found
    return Verdict(status, said.reason, f"pod {one.member.name}: {said.message}")


def _all_hold(about: Type, told: list[tuple[Kin, Verdict]], family: tuple[Kin, ...]) -> Verdict:
    reason, words = HOLDS[about]
    whole = f"The suspect is {words}." if len(told) == 1 else f"All {len(told)} suspects are {words}."
    message = " ".join((whole, *_peculiar(reason, told))) + (released_note(family) if about is not Type.EVIDENCE_SEALED else "")
    other = next((said.reason for _, said in told if said.reason != reason), reason)
    return Verdict("True", other, message)


def _peculiar(usual: Reason, told: list[tuple[Kin, Verdict]]) -> Iterator[str]:
    yield from (f"pod {one.member.name}: {said.message}" for one, said in told if said.reason != usual)
