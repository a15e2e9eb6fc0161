"""What the controller remembers of each incident between two looks: the latest object and what the probes found.

Memory only: everything here can be found again from the cluster. The watch fills it, the reconciler reads it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import FINALIZER
from firedoor.planner.situation import Proof


@dataclass(slots=True)
class Record:
    """One incident."""

    incident: SecurityIncident
    closed_at: datetime | None = None
    drift: tuple[str, ...] = ()
    over: bool = False
    """Whether everything was given back, so that there is nothing left to do."""
    proof: Proof = field(default_factory=Proof)
    proof_loop_time: float | None = None


@dataclass(slots=True)
class Ledger:
    """All incidents by uid."""

    records: dict[str, Record] = field(default_factory=dict)

    def note(self, incident: SecurityIncident) -> Record:
        """Keeps the newest form of an incident."""
        record = self.records.get(incident.uid)
        if record is None:
            record = self.records[incident.uid] = Record(incident)
        else:
            record.incident = incident
        record.over = record.over or _is_over(incident)
        return record

    def gone(self, incident: SecurityIncident, at: datetime) -> Record:
        """Notes that an incident was deleted, so that what it held is given back."""
        metadata = incident.metadata
        if metadata.deletion_timestamp is None:
            metadata = metadata.model_copy(update={"deletion_timestamp": at})
        return self.note(incident.model_copy(update={"metadata": metadata.model_copy(update={"finalizers": ()})}))

    def forget(self, uid: str) -> None:
        self.records.pop(uid, None)


def _is_over(incident: SecurityIncident) -> bool:
    """Whether the incident says itself that it was released and let go."""
    released = incident.leaving and incident.status.truth("Released") == "True"
    return released and FINALIZER not in incident.metadata.finalizers
