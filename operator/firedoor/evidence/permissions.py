"""What the collector may do: read, run a command in a container, and where that is switched on, put a helper beside it."""

from firedoor.api.rbac import Rule

RULES = (
    Rule(groups=("",), resources=("pods", "pods/log"), verbs=("get",)),
    # Exec over websockets needs get, and create from Kubernetes 1.35 on (KEP-4006).
    Rule(groups=("",), resources=("pods/exec",), verbs=("get", "create")),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("list",)),
)

HELPER_RULES = (
    # What may be added by it is narrowed by an admission policy of the chart.
    Rule(groups=("",), resources=("pods/ephemeralcontainers",), verbs=("patch",)),
)
