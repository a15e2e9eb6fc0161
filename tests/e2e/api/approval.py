"""The sheet of IncidentApproval: a decision, which says all of itself when it is made and never changes."""

from typing import Final

from firedoor.api.kinds import APPROVAL
from tests.e2e.api.pairs import ACTIONS, NAMES, UIDS, a_set, one_of, required, up_to
from tests.e2e.api.sheet import Cases, Change, Json, Pair, Sheet

SPEC: Final[Json] = {
    "incident": "shell-in-web",
    "incidentUid": "7f45",
    "decision": "Approve",
    "actions": ["ScaleToZero"],
    "approver": "bert",
}

CASES: Final[Cases] = {
    "spec": {"type": Pair(SPEC, "Approve")} | required(SPEC),
    "spec.incident": up_to(253, at_least=1) | {"pattern": NAMES} | required("shell-in-web"),
    "spec.incidentUid": up_to(64, at_least=1) | {"pattern": UIDS} | required("7f45"),
    "spec.decision": one_of("Approve", "Deny") | required("Approve"),
    "spec.actions": a_set(4, [*ACTIONS, "Isolate"]) | {"minItems": Pair(["Isolate"], [])} | required(["Isolate"]),
    "spec.actions[]": one_of(*ACTIONS),
    "spec.approver": up_to(253, at_least=1) | required("bert"),
    "spec.reason": up_to(1024),
}

CHANGES: Final = {
    "a decision is never changed; make another one": Change(
        before=SPEC,
        taken={"decision": "Approve"},
        refused=({"decision": "Deny"}, {"actions": ["ScaleToZero", "Freeze"]}, {"incidentUid": "8a56"}, {"reason": "seen"}),
    ),
}

INCIDENT_APPROVAL: Final = Sheet(kind=APPROVAL, least=SPEC, valid={"spec": SPEC}, cases=CASES, changes=CHANGES)
