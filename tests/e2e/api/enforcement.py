"""The sheet of EnforcementReport: what was measured of a node's network engine, which firedoor alone writes."""

from typing import Final

from firedoor.api.kinds import ENFORCEMENT
from tests.e2e.api.pairs import TIME, one_of, required, up_to
from tests.e2e.api.sheet import Cases, Json, Pair, Sheet

SPEC: Final[Json] = {"node": "node-a", "pool": "workers"}
STATUS: Final[Json] = {
    "verdict": "Enforcing",
    "ingress": "Denied",
    "egress": "Denied",
    "openConnections": "Cut",
    "seconds": 0.5,
    "message": "The network engine of node node-a denies both directions.",
    "checkedAt": "2026-01-02T03:04:05Z",
}

CASES: Final[Cases] = {
    "spec": {"type": Pair(SPEC, "node-a")} | required(SPEC),
    "spec.node": up_to(253) | required("node-a"),
    "spec.pool": up_to(253) | required("workers"),
    "status": {"type": Pair(STATUS, "Enforcing")},
    "status.verdict": up_to(32) | required("Slow"),
    "status.ingress": one_of("Denied", "Passes") | required("Denied"),
    "status.egress": one_of("Denied", "Passes") | required("Denied"),
    "status.openConnections": one_of("Cut", "Alive") | required("Cut"),
    "status.seconds": {"type": Pair(1.5, "long"), "minimum": Pair(0, -1)},
    "status.lastDeniedAt": TIME,
    "status.message": up_to(1024) | required("It denies."),
    "status.checkedAt": TIME | required("2026-01-02T03:04:05Z"),
}

ENFORCEMENT_REPORT: Final = Sheet(kind=ENFORCEMENT, least=SPEC, valid={"spec": SPEC, "status": STATUS}, cases=CASES)
