"""The report of an incident that is over before its evidence is settled: that alone is told anew. Pure.

Giving back does not wait for a collector where the pod stays; what its status says of it stays as it was told.
"""

from firedoor.api.conditions import Reason, Type, merged
from firedoor.api.incident import EvidenceStatus, IncidentStatus, SecurityIncident
from firedoor.planner.situation import Situation
from firedoor.planner.summary import stated
from firedoor.planner.verdict import Verdict


def is_owed(incident: SecurityIncident) -> bool:
    """Whether an incident that stays still says that its evidence is being captured."""
    said = next((c for c in incident.status.conditions if c.type == Type.EVIDENCE_SEALED), None)
    return incident.metadata.deletion_timestamp is None and said is not None and said.reason == Reason.CAPTURING


def status(s: Situation, evidence: Verdict, kept: EvidenceStatus | None) -> IncidentStatus:
    """The status as it was, but for its evidence. kept: where it lies; None where that is not known."""
    now, before = stated(s, Type.EVIDENCE_SEALED, evidence), s.incident.status
    kept_up = before.conditions if s.around.capture.trouble else [one for one in before.conditions if one.type != Type.STALLED]
    found = merged(before.conditions, (now if one.type == now.type else one for one in kept_up))
    return before.model_copy(update={"conditions": found, "evidence": kept or before.evidence})
