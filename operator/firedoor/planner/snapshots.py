"""Snapshots of evidence volumes: what is known of each, and which may be asked for. Pure.

The storage keeps a snapshot whatever happens in the cluster only where its class says Retain; any other class is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from firedoor.api import names
from firedoor.api.copies import Copy
from firedoor.api.text import printable
from firedoor.planner.kept import Kept
from firedoor.planner.retention import moment

SAID_MOST = 1000
RETAIN = "Retain"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """A VolumeSnapshot, as it stands."""

    name: str
    incident_uid: str
    claim: str
    """The claim that it is of."""
    ready: bool
    content: str
    """The VolumeSnapshotContent that it is bound to; empty while it is bound to none."""
    made_at: str
    error: str

    @classmethod
    def read(cls, snapshot: Json) -> Self:
        metadata, status = snapshot["metadata"], snapshot.get("status") or {}
        return cls(
            name=metadata["name"],
            incident_uid=metadata.get("labels", {}).get(names.INCIDENT_UID, ""),
            claim=snapshot.get("spec", {}).get("source", {}).get("persistentVolumeClaimName", ""),
            ready=status.get("readyToUse") is True,
            content=status.get("boundVolumeSnapshotContentName") or "",
            made_at=status.get("creationTime") or "",
            error=(status.get("error") or {}).get("message") or "",
        )


@dataclass(frozen=True, slots=True)
class ContentView:
    """What a snapshot is in the storage."""

    handle: str
    policy: str

    @classmethod
    def read(cls, content: Json) -> Self:
        return cls((content.get("status") or {}).get("snapshotHandle") or "", content.get("spec", {}).get("deletionPolicy", ""))


def refused(name: str, found: Json | None) -> tuple[str, str] | None:
    """Why no snapshot is asked for of this class: a word and a sentence; None: it may be."""
    if found is None:
        return "ClassMissing", f"There is no VolumeSnapshotClass {name}; make it, with deletionPolicy {RETAIN}."
    if (policy := found.get("deletionPolicy")) != RETAIN:
        sentence = f"VolumeSnapshotClass {name} has deletionPolicy {policy}: whoever deletes the VolumeSnapshot would delete the"
        return "ClassDeletes", f"{sentence} evidence in the storage. Name a class with deletionPolicy {RETAIN}."
    return None


def snapshot_copy(kept: Kept, home: str, snapshot: SnapshotView | None, content: ContentView | None) -> Copy:
    """What is known of the snapshot of a sealed bag's volume. content: None where there is none, or it was not looked at."""
    told = _State(f"volumesnapshot {home}/{names.evidence_snapshot(kept.incident_uid)}")
    if (noted := _noted(kept, told.where)) is not None:
        return noted if snapshot is not None else told.gone(noted)
    if snapshot is None:
        return told.now("Pending", "Pending", "It is asked for once the bag is settled.")
    if (snapshot.incident_uid, snapshot.claim) != (kept.incident_uid, kept.claim):
        return told.now("Failed", "NameTaken", f"A VolumeSnapshot {snapshot.name} is there that is of claim {snapshot.claim}.")
    if not snapshot.ready:
        if snapshot.error:
            return told.now("Failed", "SnapshotFailed", snapshot.error)
        return told.now("Copying", "Copying", "The storage makes it.")
    if content is None or not content.handle:
        return told.now("Copying", "Copying", "It is ready; what it is called in the storage is not said yet.")
    if content.policy != RETAIN:
        message = f"VolumeSnapshotContent {snapshot.content} has deletionPolicy {content.policy}; set it to {RETAIN}."
        return told.now("Failed", "ContentDeletes", message)
    made_at = moment(snapshot.made_at)
    message = "The storage has it, and keeps it when the VolumeSnapshot is deleted."
    return told.now("Kept", "Kept", message).model_copy(update={"handle": printable(content.handle)[:1024], "kept_at": made_at})


def wanted(kept: Kept, copy: Copy, *, settled: bool) -> bool:
    """Whether a snapshot of this bag's volume is to be asked for."""
    return copy.state == "Pending" and settled


def snapshot_note(copy: Copy) -> dict[str, Any]:
    """What the claim is to know of a snapshot that was made."""
    return {"metadata": {"annotations": {names.SNAPSHOT: copy.model_dump_json(by_alias=True, exclude_none=True)}}}


@dataclass(frozen=True, slots=True)
class _State:
    where: str

    def now(self, state: str, reason: str, message: str) -> Copy:
        about = {"kind": "VolumeSnapshot", "where": self.where, "state": state, "reason": reason}
        return Copy.read({**about, "message": printable(message)[:SAID_MOST]})

    def gone(self, noted: Copy) -> Copy:
        message = f"Somebody deleted the VolumeSnapshot; by its class the storage still has it as {noted.handle}."
        return self.now("Failed", "SnapshotGone", message).model_copy(update={"handle": noted.handle, "kept_at": noted.kept_at})


def refusal(copy: Copy, why: tuple[str, str]) -> Copy:
    """The same copy, which is not asked for because of its class."""
    return copy.model_copy(update={"state": "Failed", "reason": why[0], "message": why[1]})


def _noted(kept: Kept, where: str) -> Copy | None:
    try:
        noted = Copy.read(kept.snapshot)
    except ValueError:
        return None
    return noted if (noted.where, noted.state) == (where, "Kept") else None
