"""Copies of sealed evidence: what is known of each, which is to be started next, and how an incident tells of it. Pure.

The claim's note is the record; the copier's Job is only how it came about. A copy that failed is tried again when its
Job is gone, and nothing else ever waits for one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firedoor.api import names
from firedoor.api.copies import Copy, ObjectStore
from firedoor.api.duration import parsed
from firedoor.api.incident import EvidenceStatus
from firedoor.api.text import printable
from firedoor.planner.kept import Kept
from firedoor.planner.retention import moment
from firedoor.planner.rules import Rules

SAID_MOST = 1000


@dataclass(frozen=True, slots=True)
class CopierView:
    """The Job that copies a bag, as it stands."""

    name: str
    over: bool
    complete: bool
    words: Mapping[str, Any]
    """What it said last."""


def ready(kept: Kept) -> bool:
    """Whether a claim tells of a sealed bag, in the words that a copy needs."""
    return kept.sealed.keys() >= {"bundle", "tagManifestSHA256"} and moment(kept.sealed.get("sealedAt", "")) is not None


def retain_until(kept: Kept, store: ObjectStore, rules: Rules) -> datetime:
    """Until when a copy is locked: from the seal on, for as long as the values or a policy say, whichever is longer."""
    sealed_at = moment(kept.sealed["sealedAt"])
    assert sealed_at is not None, "only what is ready is asked for"
    periods = [parsed(period) for period in (store.retention, rules.evidence_retention) if period]
    return (sealed_at + max(periods)).replace(microsecond=0)


def copy_of(kept: Kept, store: ObjectStore, job: CopierView | None, until: datetime, settled: bool, now: datetime) -> Copy:
    """What is known of the copy of a sealed bag. settled: whether nothing more will be written to the bag."""
    where = store.where(kept.incident_uid, kept.sealed["bundle"])
    if (noted := _noted(kept, where)) is not None:
        return noted
    if job is None and until <= now:
        return _state(where, "Failed", "RetentionOver", f"It would have been kept until {until.isoformat()}, which is over.")
    if job is None:
        return _state(where, "Pending", "Pending", "It waits for its turn." if settled else "The bag is not settled yet.")
    if not job.over:
        return _state(where, "Copying", "Copying", f"Job {job.name} is at work.")
    if job.complete:
        return _kept(where, job, now)
    return _failed(where, job)


def due(copies: Iterable[tuple[Kept, Copy, bool]], limit: int, tried: Mapping[str, float]) -> list[Kept]:
    """Whose turn it is: settled bags, as many as may be copied beside those that are.

    The newest goes first, because people are at work on it, and whoever was tried before waits for those that were not.
    tried: when a copy of an incident's bag was last begun.
    """
    newest = sorted(copies, key=lambda one: (one[0].created, one[0].claim), reverse=True)
    every = sorted(newest, key=lambda one: tried.get(one[0].incident_uid, float("-inf")))
    free = limit - sum(copy.state == "Copying" for _, copy, _ in every)
    return [kept for kept, copy, settled in every if copy.state == "Pending" and settled][: max(0, free)]


def beside(evidence: EvidenceStatus | None, before: EvidenceStatus | None, copies: tuple[Copy, ...]) -> EvidenceStatus | None:
    """What an incident tells of its evidence, with these copies in the place of an earlier word about them."""
    if evidence is None:
        return None
    kinds = {copy.kind for copy in copies}
    others = tuple(one for one in (before.copies if before else ()) if one.kind not in kinds)
    every = sorted((*others, *copies), key=lambda one: one.kind)
    return evidence.model_copy(update={"copies": tuple(every)})


def news(before: EvidenceStatus | None, copy: Copy) -> bool:
    """Whether people should hear of it: it was made, or it failed in another way than they were told."""
    told = next((one for one in (before.copies if before else ()) if one.kind == copy.kind), None)
    known = (told.where, told.state, told.reason) if told else None
    return copy.state in ("Kept", "Failed") and (copy.where, copy.state, copy.reason) != known


def _noted(kept: Kept, where: str) -> Copy | None:
    """The claim's note; one that is not firedoor's, or about another store, says nothing."""
    try:
        noted = Copy.read(kept.copied)
    except ValueError:
        return None
    return noted if (noted.where, noted.state) == (where, "Kept") else None


def _kept(where: str, job: CopierView, now: datetime) -> Copy:
    replaced = str(job.words.get("replaced") or "")
    message = "It is there, whole and locked."
    if replaced:
        message += f" In the place of {replaced} lay something else, which the store still has as an older version."
    about = {"kind": "ObjectStore", "where": where, "state": "Kept", "reason": "Kept", "message": _said(message)}
    try:
        told = {key: job.words[key] for key in ("objects", "bytes", "mode", "retainUntil")}
        return Copy.read({**about, **told, "keptAt": now.replace(microsecond=0)})
    except (ValueError, KeyError):
        return _state(where, "Failed", "CopierFailed", f"Job {job.name} ended without a result that can be read.")


def _failed(where: str, job: CopierView) -> Copy:
    reason, message = str(job.words.get("reason") or "CopierFailed")[:64], str(job.words.get("message") or "")
    return _state(where, "Failed", reason, message or f"Job {job.name} failed without a word. It is tried again.")


def _state(where: str, state: str, reason: str, message: str) -> Copy:
    return Copy.read({"kind": "ObjectStore", "where": where, "state": state, "reason": reason, "message": _said(message)})


def _said(message: str) -> str:
    return printable(message)[:SAID_MOST]


def claim_note(copy: Copy) -> dict[str, Any]:
    """What the claim is to know of a copy that was made."""
    return {"metadata": {"annotations": {names.COPIED: copy.model_dump_json(by_alias=True, exclude_none=True)}}}
