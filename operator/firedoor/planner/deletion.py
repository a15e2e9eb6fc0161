"""The record that stays when evidence is deleted: who, when, why, and what it was. Pure.

Whoever deletes writes it first: a person by `kubectl firedoor evidence delete`, the controller when a retention period
is over. Nothing else deletes evidence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from firedoor.api import names
from firedoor.api.text import printable
from firedoor.planner.kept import Kept

Obj = dict[str, Any]
NOTE_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Deletion:
    """One claim with evidence that is about to go."""

    claim: str
    claim_uid: str
    incident: str
    incident_uid: str
    sealed: Mapping[str, str]
    """What the claim knew of its bag."""
    copied: Mapping[str, str]
    snapshot: Mapping[str, str]
    """And of a copy and a snapshot of it, which are still there."""
    who: str
    why: str
    at: datetime

    @classmethod
    def of(cls, kept: Kept, who: str, why: str, at: datetime) -> Self:
        """What is kept, about to go."""
        about = (kept.claim, kept.claim_uid, kept.incident, kept.incident_uid, kept.sealed, kept.copied, kept.snapshot)
        return cls(*about, who=who, why=why, at=at)

    def record(self, home: str) -> Obj:
        """An immutable ConfigMap; nobody of firedoor's ever deletes one."""
        told = {
            "claim": self.claim,
            "incident": self.incident,
            "incidentUid": self.incident_uid,
            "deletedBy": self.who,
            "deletedAt": self.at.isoformat(),
            "reason": self.why,
            "sealed": json.dumps(dict(self.sealed)),
            "copied": json.dumps(dict(self.copied)),
            "snapshot": json.dumps(dict(self.snapshot)),
        }
        labels = {**names.made_labels(self.incident_uid), names.COMPONENT: names.DELETION}
        metadata = {"name": names.deletion(self.claim_uid), "namespace": home, "labels": labels}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, "data": told}

    def event(self, home: str) -> Obj:
        """The same for those who look at events."""
        about = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": self.claim,
            "namespace": home,
            "uid": self.claim_uid,
        }
        head = self.sealed.get("custodyHead", "none")
        note = f"Evidence of {self.incident} deleted by {self.who}: {self.why} (custody head {head})"
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{names.deletion(self.claim_uid)}.{int(self.at.timestamp() * 1e6):x}", "namespace": home},
            "eventTime": self.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "reportingController": f"{names.GROUP}/evidence",
            "reportingInstance": "firedoor",
            "action": "Delete",
            "reason": "EvidenceDeleted",
            "type": "Warning",
            "note": printable(note)[:NOTE_LIMIT],
            "regarding": about,
        }
