"""What the controller itself needs beside what its actions bring; the chart's roles are made from this."""

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.controller.probes import PROBES

RULES = (
    Rule(groups=(names.GROUP,), resources=(names.INCIDENTS,), verbs=("get", "list", "watch", "patch")),
    Rule(groups=(names.GROUP,), resources=(f"{names.INCIDENTS}/status",), verbs=("get", "patch")),
    Rule(groups=(names.GROUP,), resources=(f"{names.INCIDENTS}/finalizers",), verbs=("update",)),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create", "patch")),
)
HOME_RULES = (
    Rule(groups=("coordination.k8s.io",), resources=("leases",), verbs=("create",)),
    Rule(
        groups=("coordination.k8s.io",),
        resources=("leases",),
        verbs=("get", "update", "patch"),
        names=("firedoor-controller",),
    ),
    Rule(groups=("",), resources=("pods/exec",), verbs=("create", "get"), names=PROBES),
)
