"""The sheet of ContainmentPolicy: what an administrator may allow. It has no status, and any of it may be changed."""

from typing import Final

from firedoor.api.kinds import POLICY
from tests.e2e.api.pairs import ACTIONS, COUNT, DURATION, NAMESPACES, THING, TRUTH, Pairs, a_set, one_of, required, up_to
from tests.e2e.api.sheet import Cases, Json, Pair, Sheet

SPEC: Final[Json] = {
    "namespaces": ["shop"],
    "protectedNamespaces": ["billing"],
    "protectedLabels": ["team=payments"],
    "approval": {"actions": ["ScaleToZero"]},
    "budgets": {},
}

NAMESPACE: Final[Pairs] = up_to(63, at_least=1) | {"pattern": NAMESPACES}
MANY_NAMESPACES: Final[Pairs] = a_set(256, [f"shop-{n}" for n in range(257)])
BUDGET: Final[Pairs] = COUNT | {"maximum": Pair(100000, 100001)}

CASES: Final[Cases] = {
    "spec": THING | required({}),
    "spec.namespaces": MANY_NAMESPACES,
    "spec.namespaces[]": NAMESPACE,
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
    "spec.keepCordon": TRUTH,
    "spec.allowControlPlane": TRUTH,
    "spec.allowLastNode": TRUTH,
}

CONTAINMENT_POLICY: Final = Sheet(kind=POLICY, least={}, valid={"spec": SPEC}, cases=CASES)
