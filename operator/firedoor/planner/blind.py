"""The report of an incident whose target may not be looked at: what was asked for is Unknown, and the reason is said.

Pure. Nothing that was known before is claimed to hold still, and a release is not over before somebody could look.
"""

from firedoor.api.conditions import Reason, Type, merged
from firedoor.api.incident import IncidentStatus
from firedoor.planner.containment import wants_cordon, wants_evidence
from firedoor.planner.identity import wants_freeze
from firedoor.planner.report import accepted, released
from firedoor.planner.situation import Situation
from firedoor.planner.summary import Trouble, not_requested, phase, stated, summary
from firedoor.planner.verdict import Verdict
from firedoor.planner.workload import wants_scale


def status(s: Situation, trouble: Trouble, drift: tuple[str, ...] = ()) -> IncidentStatus:
    """The whole status of the incident; what it tells beside conditions stays as it was."""
    said = {Type.ACCEPTED: _accepted(s, trouble), **_unknown(s, trouble), Type.RELEASED: released(s, drift, trouble)}
    said |= summary(s, said, None, trouble)
    found = merged(s.incident.status.conditions, (stated(s, about, verdict) for about, verdict in said.items()))
    news = {"phase": phase(found), "observed_generation": s.incident.metadata.generation, "conditions": found}
    return s.incident.status.model_copy(update=news)


def _accepted(s: Situation, trouble: Trouble) -> Verdict:
    if s.incident.status.truth(Type.ACCEPTED) == "True":
        return accepted(s, None)  # only of a pod: of others this report is made until they are accepted
    return Verdict("Unknown", trouble.reason, f"Whether the target is there cannot be told: {trouble.message}")


def _unknown(s: Situation, trouble: Trouble) -> dict[Type, Verdict]:
    unknown = Verdict("Unknown", trouble.reason, f"The target cannot be looked at: {trouble.message}")
    wanted = {
        Type.ISOLATED: (s.incident.spec.containment.network != "None", "Network isolation"),
        Type.NODE_CORDONED: (wants_cordon(s), "A cordon"),
        Type.WORKLOAD_SCALED: (wants_scale(s), "Scaling to zero"),
        Type.IDENTITY_FROZEN: (wants_freeze(s), "Freezing the identity"),
        Type.EVIDENCE_SEALED: (wants_evidence(s), "Evidence"),
    }
    said = {about: unknown if asked else not_requested(what) for about, (asked, what) in wanted.items()}
    return said | _sealed(s)


def _sealed(s: Situation) -> dict[Type, Verdict]:
    """Evidence that was sealed stays so, whatever may be looked at now."""
    before = s.incident.status.conditions
    found = next((c for c in before if c.type == Type.EVIDENCE_SEALED and c.status == "True"), None)
    return {Type.EVIDENCE_SEALED: Verdict(found.status, Reason(found.reason), found.message)} if found else {}
