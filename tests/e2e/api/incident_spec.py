"""The cases of a SecurityIncident's spec: what may be asked for."""

from typing import Final

from tests.e2e.api.pairs import DURATION, NAMES, NAMESPACES, SELECTORS, THING, TIME, TRUTH, UIDS, a_set, one_of, required, up_to
from tests.e2e.api.sheet import Cases, Json, Pair

SPEC: Final[Json] = {
    "title": "Shell in the web container",
    "target": {"kind": "Node", "name": "web"},
    "containment": {},
    "evidence": {"paths": ["/var/www"], "storage": {}},
    "release": {"reason": "false positive"},
    "source": {"name": "falco"},
}

SPEC_CASES: Final[Cases] = {
    "spec": {"type": Pair({"target": {"name": "web"}}, "web"), **required({"target": {"name": "web"}})},
    "spec.title": up_to(256),
    "spec.severity": one_of("critical", "info"),
    "spec.target": {"type": Pair({"name": "web"}, "web")},
    "spec.target.kind": {"type": Pair("Pod", 5), "enum": Pair("CronJob", "Secret")},
    "spec.target.namespace": up_to(63, at_least=1) | {"pattern": NAMESPACES},
    "spec.target.name": up_to(253, at_least=1) | {"pattern": NAMES} | required("web"),
    "spec.target.uid": up_to(64, at_least=1) | {"pattern": UIDS},
    "spec.target.selector": up_to(1024, at_least=1) | {"pattern": SELECTORS},
    "spec.containment": THING,
    "spec.containment.network": one_of("Isolate", "None"),
    "spec.containment.node": one_of("Cordon", "None"),
    "spec.containment.workload": one_of("ScaleToZero", "None"),
    "spec.containment.identity": one_of("Freeze", "FreezeServiceAccount", "None"),
    "spec.evidence": THING,
    "spec.evidence.enabled": TRUTH,
    "spec.evidence.paths": a_set(64, [f"/{n}" for n in range(65)]),
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
    "spec.evidence.storage.storageClassName": up_to(253, at_least=1) | {"pattern": NAMES},
    "spec.requestedBy": up_to(253),
    "spec.dryRun": TRUTH,
    "spec.releaseAfter": DURATION,
    "spec.hold": TRUTH,
    "spec.release": {"type": Pair({"reason": "false positive"}, "false positive")},
    "spec.release.reason": up_to(1024, at_least=1) | required("false positive"),
    "spec.release.mode": one_of("Discard", "Restore", "Keep"),
    "spec.source": {"type": Pair({"name": "falco"}, "falco")},
    "spec.source.name": up_to(63, at_least=1) | required("falco"),
    "spec.source.rule": up_to(256),
    "spec.source.fingerprint": up_to(128),
    "spec.source.receivedAt": TIME,
    "spec.source.summary": up_to(1024),
}
