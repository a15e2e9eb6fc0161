"""The report of an incident that is over before its evidence is settled: that alone is told anew. Pure.

Giving back does not wait for a collector where the pod stays; what its status says of it stays as it was told.
"""

from firedoor.api.conditions import Condition, Reason, Type
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
    now = stated(s, Type.EVIDENCE_SEALED, evidence)
    before = s.incident.status
    stalled = bool(s.around.capture.trouble)
    found = tuple(_instead(one, now) for one in before.conditions if stalled or one.type != Type.STALLED)
    return before.model_copy(update={"conditions": found, "evidence": kept or before.evidence})


def _instead(before: Condition, now: Condition) -> Condition:
    if before.type != now.type:
        return before
    unchanged = {"last_transition_time": before.last_transition_time} if before.status == now.status else {}
    return now.model_copy(update=unchanged)
