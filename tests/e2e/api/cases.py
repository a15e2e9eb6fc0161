"""For every constraint in the SecurityIncident's CRD, a value that the API server takes and one that it refuses.

Keyed by the field's path in the schema and the word that constrains it. tests/unit/api holds the table against the
schema, so a new constraint without a case is a failing test; test_crd_constraints.py holds it against a real server.
"""

from dataclasses import dataclass
from typing import Any, Final

ABSENT: Final = object()
"""Stands for a field that is not there."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values of one field."""

    taken: Any
    refused: Any


@dataclass(frozen=True, slots=True)
class Change:
    """Merge patches of the spec `before`, one that is taken and those that are refused; without `before`, creations."""

    before: dict[str, Any] | None
    taken: dict[str, Any]
    refused: tuple[dict[str, Any], ...]


CONDITION: Final = {
    "type": "Contained",
    "status": "Unknown",
    "reason": "Pending",
    "message": "Nothing is known yet.",
    "lastTransitionTime": "2026-01-02T03:04:05Z",
    "observedGeneration": 1,
}
REACH: Final = {"probe": "firedoor-probe-0", "node": "node-a", "port": 80, "before": "Open", "after": "Timeout"}
RECEIPT: Final = {"object": "Pod web", "uid": "1", "change": "isolated", "prior": "{}", "at": "2026-01-02T03:04:05Z"}
INCIDENT: Final[dict[str, Any]] = {
    "spec": {
        "title": "Shell in the web container",
        "target": {"name": "web"},
        "containment": {},
        "evidence": {"paths": ["/var/www"], "storage": {}},
        "release": {"reason": "false positive"},
        "source": {"name": "falco"},
    },
    "status": {
        "conditions": [CONDITION],
        "isolation": {"reach": [REACH], "overlapping": ["allow-all"]},
        "evidence": {"gaps": ["logs of web: container is gone"]},
        "receipts": [RECEIPT],
    },
}
"""A valid incident in which every case is one replaced value."""

NAMES: Final = Pair("web-7f45.x", "Web_1")
WORDS: Final = Pair("words", 5)
THING: Final = {"type": Pair({}, "none")}
TRUTH: Final = {"type": Pair(False, "no")}
TIME: Final = {"type": Pair("2026-01-02T03:04:05Z", 5), "format": Pair("2026-01-02T03:04:05.678901Z", "yesterday")}
COUNT: Final = {"type": Pair(3, "3"), "minimum": Pair(0, -1)}
ANSWER: Final = {"type": Pair("Open", 5), "enum": Pair("Refused", "Perhaps")}


def _up_to(limit: int, *, at_least: int = 0, letter: str = "x") -> dict[str, Pair]:
    bounds = {"type": WORDS, "maxLength": Pair(letter * limit, letter * (limit + 1))}
    return bounds | ({"minLength": Pair(letter * at_least, letter * (at_least - 1))} if at_least else {})


def _one_of(*words: str) -> dict[str, Pair]:
    return {"type": Pair(words[0], 5), "enum": Pair(words[-1], "Sideways")}


def _required(taken: Any) -> dict[str, Pair]:
    return {"required": Pair(taken, ABSENT)}


def _list(limit: int, entries: list[Any], wrong: Any = "none") -> dict[str, Pair]:
    return {"type": Pair(entries[:1], wrong), "maxItems": Pair(entries[:limit], entries[: limit + 1])}


CASES: Final[dict[str, dict[str, Pair]]] = {
    "spec": {"type": Pair({"target": {"name": "web"}}, "web"), **_required({"target": {"name": "web"}})},
    "spec.title": _up_to(256),
    "spec.severity": _one_of("critical", "info"),
    "spec.target": {"type": Pair({"name": "web"}, "web")},
    "spec.target.kind": {"type": Pair("Pod", 5), "enum": Pair("Pod", "Secret")},
    "spec.target.namespace": _up_to(63, at_least=1) | {"pattern": Pair("shop-1", "shop.1")},
    "spec.target.name": _up_to(253, at_least=1) | {"pattern": NAMES} | _required("web"),
    "spec.target.uid": _up_to(64, at_least=1) | {"pattern": Pair("7f45-00aF", "7f45/00af")},
    "spec.containment": THING,
    "spec.containment.network": _one_of("Isolate", "None"),
    "spec.containment.node": _one_of("Cordon", "None"),
    "spec.containment.workload": _one_of("ScaleToZero", "None"),
    "spec.evidence": THING,
    "spec.evidence.enabled": TRUTH,
    "spec.evidence.paths": _list(64, [f"/{n}" for n in range(65)])
    | {"x-kubernetes-list-type": Pair(["/var/www", "/tmp"], ["/tmp", "/tmp"])},
    "spec.evidence.paths[]": {
        "type": Pair("/var/www", 5),
        "minLength": Pair("/v", "/"),
        "maxLength": Pair("/" * 1024, "/" * 1025),
        "pattern": Pair("/tmp/**", "tmp/**"),
    },
    "spec.evidence.storage": THING,
    "spec.evidence.storage.size": {
        "type": Pair("10Gi", 10),
        "maxLength": Pair("1" * 32, "1" * 33),
        "pattern": Pair("1.5Gi", "0Gi"),
    },
    "spec.evidence.storage.storageClassName": _up_to(253, at_least=1) | {"pattern": NAMES},
    "spec.release": {"type": Pair({"reason": "false positive"}, "false positive")},
    "spec.release.reason": _up_to(1024, at_least=1) | _required("false positive"),
    "spec.release.mode": _one_of("Discard", "Restore"),
    "spec.source": {"type": Pair({"name": "falco"}, "falco")},
    "spec.source.name": _up_to(63, at_least=1) | _required("falco"),
    "spec.source.rule": _up_to(256),
    "spec.source.fingerprint": _up_to(128),
    "spec.source.receivedAt": TIME,
    "spec.source.summary": _up_to(1024),
    "status": THING,
    "status.phase": _up_to(32),
    "status.observedGeneration": COUNT,
    "status.node": _up_to(253),
    "status.targetUid": _up_to(64),
    "status.conditions": _list(16, [CONDITION | {"type": f"Type{n}"} for n in range(17)])
    | {"x-kubernetes-list-type": Pair([CONDITION, CONDITION | {"type": "Ready"}], [CONDITION, CONDITION])},
    "status.conditions[]": {"type": Pair(CONDITION, "Contained")},
    "status.conditions[].type": _up_to(64) | _required("Contained"),
    "status.conditions[].status": _one_of("True", "Unknown") | _required("False"),
    "status.conditions[].reason": _up_to(64) | _required("Pending"),
    "status.conditions[].message": _up_to(1024) | _required("Nothing is known yet."),
    "status.conditions[].lastTransitionTime": TIME | _required("2026-01-02T03:04:05Z"),
    "status.conditions[].observedGeneration": COUNT | _required(1),
    "status.isolation": THING,
    "status.isolation.policy": _up_to(253),
    "status.isolation.closedAt": TIME,
    "status.isolation.verifiedAt": TIME,
    "status.isolation.reach": _list(64, [REACH] * 65),
    "status.isolation.reach[]": {"type": Pair(REACH, "Open")},
    "status.isolation.reach[].probe": _up_to(253) | _required("firedoor-probe-0"),
    "status.isolation.reach[].node": _up_to(253) | _required("node-a"),
    "status.isolation.reach[].port": _required(80)
    | {"type": Pair(80, "80"), "minimum": Pair(1, 0), "maximum": Pair(65535, 65536)},
    "status.isolation.reach[].before": ANSWER,
    "status.isolation.reach[].after": ANSWER,
    "status.isolation.flow": _one_of("Cut", "Unknown"),
    "status.isolation.byCanary": TRUTH,
    "status.isolation.overlapping": _list(64, ["allow-all"] * 65),
    "status.isolation.overlapping[]": _up_to(253),
    "status.evidence": THING,
    "status.evidence.claim": _up_to(253),
    "status.evidence.bundle": _up_to(253),
    "status.evidence.status": _up_to(32),
    "status.evidence.sealedAt": TIME,
    "status.evidence.tagManifestSHA256": _up_to(64),
    "status.evidence.custodyHead": _up_to(64),
    "status.evidence.payloadOxum": _up_to(64),
    "status.evidence.gaps": _list(32, ["logs of web: container is gone"] * 33),
    "status.evidence.gaps[]": _up_to(4096),
    "status.receipts": _list(32, [RECEIPT] * 33),
    "status.receipts[]": {"type": Pair(RECEIPT, "Pod web")},
    "status.receipts[].object": _up_to(600) | _required("Pod web"),
    "status.receipts[].uid": _up_to(64) | _required("1"),
    "status.receipts[].change": _up_to(256) | _required("isolated"),
    "status.receipts[].prior": _up_to(16384) | _required("{}"),
    "status.receipts[].at": TIME | _required("2026-01-02T03:04:05Z"),
    "status.receipts[].returned": TRUTH,
}

ALERT: Final = {"source": {"name": "falco", "rule": "Terminal shell in container"}}
POD: Final = {"target": {"name": "no-such-pod"}}
RELEASED: Final = POD | {"release": {"reason": "false positive"}}

CHANGES: Final[dict[str, Change]] = {
    "target is required, unless an alert (source) made the incident": Change(
        before=None, taken=ALERT, refused=({"title": "no target"},)
    ),
    "target cannot be changed; make another incident for another target": Change(
        before=POD,
        taken={"severity": "low"},
        refused=({"target": {"name": "another-pod"}}, {"target": {"uid": "7f45"}}),
    ),
    "source is written when the incident is made, and never changed": Change(
        before=ALERT,
        taken=POD,
        refused=({"source": {"rule": None}}, POD | {"source": None}),
    ),
    "release cannot be taken back or changed; make another incident to contain the target again": Change(
        before=RELEASED,
        taken={"severity": "low"},
        refused=({"release": None}, {"release": {"mode": "Discard"}}),
    ),
}
"""By the sentence that the rule gives to whoever breaks it."""
