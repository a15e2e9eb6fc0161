"""The sheet of ContainmentPolicy: what an administrator may allow. It has no status, and any of it may be changed."""

from typing import Final

from firedoor.api.kinds import POLICY
from tests.e2e.api.pairs import ACTIONS, COUNT, DURATION, NAMESPACES, THING, TRUTH, Pairs, a_list, a_set, one_of, required, up_to
from tests.e2e.api.sheet import Cases, Change, Json, Pair, Sheet

IN: Final[Json] = {"key": "tier", "operator": "In", "values": ["front"]}
SPEC: Final[Json] = {
    "namespaces": ["shop"],
    "namespaceSelector": {"matchLabels": {"team": "shop"}, "matchExpressions": [IN]},
    "protectedNamespaces": ["billing"],
    "protectedLabels": ["team=payments"],
    "approval": {"actions": ["ScaleToZero"]},
    "budgets": {},
}

NAMESPACE: Final[Pairs] = up_to(63, at_least=1) | {"pattern": NAMESPACES}
MANY_NAMESPACES: Final[Pairs] = a_set(256, [f"shop-{n}" for n in range(257)])
LABEL_VALUE: Final[Pairs] = up_to(63) | {"pattern": Pair("front-1", "-front")}
BUDGET: Final[Pairs] = COUNT | {"maximum": Pair(100000, 100001)}

CASES: Final[Cases] = {
    "spec": THING | required({}),
    "spec.namespaces": MANY_NAMESPACES,
    "spec.namespaces[]": NAMESPACE,
    "spec.namespaceSelector": THING,
    "spec.namespaceSelector.matchLabels": {
        "type": Pair({"team": "shop"}, "team=shop"),
        "maxProperties": Pair({f"k{n}": "v" for n in range(16)}, {f"k{n}": "v" for n in range(17)}),
    },
    "spec.namespaceSelector.matchLabels.*": LABEL_VALUE,
    "spec.namespaceSelector.matchExpressions": a_list(16, [IN] * 17),
    "spec.namespaceSelector.matchExpressions[]": {"type": Pair(IN, "tier in (front)")},
    "spec.namespaceSelector.matchExpressions[].key": up_to(317, at_least=1)
    | {"pattern": Pair("example.com/tier", "-tier")}
    | required("tier"),
    "spec.namespaceSelector.matchExpressions[].operator": one_of("In", "NotIn") | required("In"),
    "spec.namespaceSelector.matchExpressions[].values": a_set(64, [f"v{n}" for n in range(65)]),
    "spec.namespaceSelector.matchExpressions[].values[]": LABEL_VALUE,
    "spec.paused": TRUTH,
    "spec.protectedNamespaces": MANY_NAMESPACES,
    "spec.protectedNamespaces[]": NAMESPACE,
    "spec.protectedLabels": a_set(64, [f"team=team-{n}" for n in range(65)]),
    "spec.protectedLabels[]": up_to(381) | {"pattern": Pair("app.kubernetes.io/part-of=shop", "team in (payments)")},
    "spec.approval": THING,
    "spec.approval.actions": a_set(4, [*ACTIONS, "Isolate"]),
    "spec.approval.actions[]": one_of(*ACTIONS),
    "spec.approval.deadline": DURATION,
    "spec.approval.afterDeadline": one_of("Deny", "Allow"),
    "spec.budgets": THING,
    "spec.budgets.isolatedPodsPerWorkload": BUDGET,
    "spec.budgets.isolatedPodsPerNamespace": BUDGET,
    "spec.budgets.cordonedNodes": BUDGET,
    "spec.budgets.scaleDownsPerHour": BUDGET,
    "spec.releaseAfter": DURATION,
    "spec.evidenceRetention": DURATION,
    "spec.keepCordon": TRUTH,
    "spec.allowControlPlane": TRUTH,
    "spec.allowLastNode": TRUTH,
}


def selecting(operator: str, *values: str) -> Json:
    return {"namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": operator, "values": list(values)}]}}


CHANGES: Final = {
    "In and NotIn need values; Exists and DoesNotExist take none": Change(
        before=None,
        taken=selecting("DoesNotExist"),
        refused=(selecting("Exists", "front"), selecting("NotIn")),
    ),
}

CONTAINMENT_POLICY: Final = Sheet(kind=POLICY, least={}, valid={"spec": SPEC}, cases=CASES, changes=CHANGES)
