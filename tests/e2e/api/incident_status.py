"""The cases of a SecurityIncident's status: what firedoor may answer."""

from typing import Final

from tests.e2e.api.pairs import COUNT, THING, TIME, TRUTH, Pairs, a_list, one_of, required, up_to
from tests.e2e.api.sheet import Cases, Json, Pair

CONDITION: Final = {
    "type": "Contained",
    "status": "Unknown",
    "reason": "Pending",
    "message": "Nothing is known yet.",
    "lastTransitionTime": "2026-01-02T03:04:05Z",
    "observedGeneration": 1,
}
STEP: Final = {"action": "isolate", "object": "Pod shop/web"}
WARNING: Final = "Deployment web replaces the pod."
REVOCATION: Final = "Revoke the database password that the pod could read."
REACH: Final = {"probe": "firedoor-probe-0", "node": "node-a", "port": 80, "before": "Open", "after": "Timeout"}
GRANT: Final = {"kind": "NetworkPolicy", "name": "allow-all", "direction": "Ingress", "peers": "anybody", "ports": "every port"}
GAP: Final = "logs of web: container is gone"
COPY: Final = {"kind": "ObjectStore", "where": "https://store/evidence/1", "state": "Kept", "reason": "Kept", "message": "It is."}
RECEIPT: Final = {"object": "Pod web", "uid": "1", "change": "isolated", "prior": "{}", "at": "2026-01-02T03:04:05Z"}
MEMBER: Final = {"name": "web-7f45", "namespace": "shop", "uid": "7f45", "incident": "shell-0a1b2c3d"}

STATUS: Final[Json] = {
    "targets": [MEMBER],
    "conditions": [CONDITION],
    "plan": {"steps": [STEP], "warnings": [WARNING]},
    "requiredActions": [REVOCATION],
    "isolation": {"reach": [REACH], "overlapping": [GRANT], "endpoints": ["web-x2x9p"]},
    "evidence": {"gaps": [GAP], "copies": [COPY]},
    "receipts": [RECEIPT],
    "reverts": ["2026-01-02T03:04:05Z"],
}

ANSWER: Final[Pairs] = {"type": Pair("Open", 5), "enum": Pair("Refused", "Perhaps")}

STATUS_CASES: Final[Cases] = {
    "status": THING,
    "status.phase": up_to(32),
    "status.observedGeneration": COUNT,
    "status.node": up_to(253),
    "status.targetUid": up_to(64),
    "status.targets": a_list(256, [MEMBER] * 257),
    "status.targets[]": {"type": Pair(MEMBER, "web-7f45")},
    "status.targets[].name": up_to(253) | required("web-7f45"),
    "status.targets[].namespace": up_to(63) | required("shop"),
    "status.targets[].uid": up_to(64) | required("7f45"),
    "status.targets[].incident": up_to(253) | required("shell-0a1b2c3d"),
    "status.targets[].phase": up_to(32),
    "status.targets[].isolated": one_of("True", "Unknown"),
    "status.conditions": a_list(16, [CONDITION | {"type": f"Type{n}"} for n in range(17)])
    | {"x-kubernetes-list-type": Pair([CONDITION, CONDITION | {"type": "Ready"}], [CONDITION, CONDITION])},
    "status.conditions[]": {"type": Pair(CONDITION, "Contained")},
    "status.conditions[].type": up_to(64) | required("Contained"),
    "status.conditions[].status": one_of("True", "Unknown") | required("False"),
    "status.conditions[].reason": up_to(64) | required("Pending"),
    "status.conditions[].message": up_to(1024) | required("Nothing is known yet."),
    "status.conditions[].lastTransitionTime": TIME | required("2026-01-02T03:04:05Z"),
    "status.conditions[].observedGeneration": COUNT | required(1),
    "status.plan": THING,
    "status.plan.steps": a_list(64, [STEP] * 65),
    "status.plan.steps[]": {"type": Pair(STEP, "isolate")},
    "status.plan.steps[].action": up_to(64) | required("isolate"),
    "status.plan.steps[].object": up_to(600) | required("Pod shop/web"),
    "status.plan.steps[].detail": up_to(1024),
    "status.plan.warnings": a_list(64, [WARNING] * 65),
    "status.plan.warnings[]": up_to(1024),
    "status.plan.healthyReplicas": COUNT,
    "status.requiredActions": a_list(32, [REVOCATION] * 33),
    "status.requiredActions[]": up_to(1024),
    "status.isolation": THING,
    "status.isolation.policy": up_to(253),
    "status.isolation.closedAt": TIME,
    "status.isolation.verifiedAt": TIME,
    "status.isolation.reach": a_list(64, [REACH] * 65),
    "status.isolation.reach[]": {"type": Pair(REACH, "Open")},
    "status.isolation.reach[].probe": up_to(253) | required("firedoor-probe-0"),
    "status.isolation.reach[].node": up_to(253) | required("node-a"),
    "status.isolation.reach[].address": up_to(45),
    "status.isolation.reach[].direction": one_of("Ingress", "Egress"),
    "status.isolation.reach[].protocol": one_of("TCP", "UDP"),
    "status.isolation.reach[].port": required(80)
    | {"type": Pair(80, "80"), "minimum": Pair(1, 0), "maximum": Pair(65535, 65536)},
    "status.isolation.reach[].before": ANSWER,
    "status.isolation.reach[].after": ANSWER,
    "status.isolation.flow": one_of("Cut", "Unknown"),
    "status.isolation.byCanary": TRUTH,
    "status.isolation.engine": up_to(1024),
    "status.isolation.overlapping": a_list(64, [GRANT] * 65),
    "status.isolation.overlapping[]": {"type": Pair(GRANT, "allow-all")},
    "status.isolation.overlapping[].kind": up_to(63) | required("NetworkPolicy"),
    "status.isolation.overlapping[].name": up_to(253) | required("allow-all"),
    "status.isolation.overlapping[].direction": one_of("Ingress", "Egress") | required("Ingress"),
    "status.isolation.overlapping[].peers": up_to(512) | required("anybody"),
    "status.isolation.overlapping[].ports": up_to(256) | required("every port"),
    "status.isolation.endpoints": a_list(64, ["web-x2x9p"] * 65),
    "status.isolation.endpoints[]": up_to(253),
    "status.evidence": THING,
    "status.evidence.claim": up_to(253),
    "status.evidence.bundle": up_to(253),
    "status.evidence.status": up_to(32),
    "status.evidence.sealedAt": TIME,
    "status.evidence.tagManifestSHA256": up_to(64),
    "status.evidence.custodyHead": up_to(64),
    "status.evidence.payloadOxum": up_to(64),
    "status.evidence.keyId": up_to(64),
    "status.evidence.unsigned": up_to(256),
    "status.evidence.gaps": a_list(32, [GAP] * 33),
    "status.evidence.gaps[]": up_to(4096),
    "status.evidence.copies": a_list(16, [COPY] * 17),
    "status.evidence.copies[]": {"type": Pair(COPY, "Kept")},
    "status.evidence.copies[].kind": {"type": Pair("ObjectStore", 5), "enum": Pair("ObjectStore", "Tape")}
    | required("ObjectStore"),
    "status.evidence.copies[].where": up_to(1024) | required("https://store/evidence/1"),
    "status.evidence.copies[].state": one_of("Kept", "Failed") | required("Kept"),
    "status.evidence.copies[].reason": up_to(64) | required("Kept"),
    "status.evidence.copies[].message": up_to(1024) | required("It is."),
    "status.evidence.copies[].keptAt": TIME,
    "status.evidence.copies[].mode": up_to(32),
    "status.evidence.copies[].retainUntil": TIME,
    "status.evidence.copies[].objects": COUNT,
    "status.evidence.copies[].bytes": COUNT,
    "status.evidence.copies[].handle": up_to(1024),
    "status.receipts": a_list(32, [RECEIPT] * 33),
    "status.receipts[]": {"type": Pair(RECEIPT, "Pod web")},
    "status.receipts[].object": up_to(600) | required("Pod web"),
    "status.receipts[].uid": up_to(64) | required("1"),
    "status.receipts[].change": up_to(256) | required("isolated"),
    "status.receipts[].prior": up_to(16384) | required("{}"),
    "status.receipts[].at": TIME | required("2026-01-02T03:04:05Z"),
    "status.receipts[].returned": TRUTH,
    "status.reverts": a_list(16, ["2026-01-02T03:04:05Z"] * 17),
    "status.reverts[]": TIME,
}
