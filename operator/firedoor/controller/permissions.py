"""What the controller itself needs beside what its actions bring; the chart's roles are made from this."""

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.controller.probes import PROBES

RULES = (
    Rule(groups=(names.GROUP,), resources=(names.INCIDENTS,), verbs=("list", "watch", "patch")),
    Rule(groups=(names.GROUP,), resources=(f"{names.INCIDENTS}/status",), verbs=("patch",)),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create",)),
)
HOME_RULES = (
    Rule(groups=("coordination.k8s.io",), resources=("leases",), verbs=("create",)),
    Rule(
        groups=("coordination.k8s.io",),
        resources=("leases",),
        verbs=("get", "patch"),
        names=("firedoor-controller",),
    ),
    # The canary: a pod and a policy of firedoor's own, made to measure the network engine and removed at once.
    Rule(groups=("",), resources=("pods",), verbs=("create", "get", "delete")),
    Rule(groups=("",), resources=("pods/exec",), verbs=("create", "get"), names=PROBES),
)
