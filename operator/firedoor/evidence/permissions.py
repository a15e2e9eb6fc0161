"""What the collector may do: read, and run a command in a container. It writes nothing but its volume."""

from firedoor.api.rbac import Rule

RULES = (
    Rule(groups=("",), resources=("pods", "pods/log"), verbs=("get",)),
    # Exec over websockets needs get, and create from Kubernetes 1.35 on (KEP-4006).
    Rule(groups=("",), resources=("pods/exec",), verbs=("get", "create")),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("list",)),
)
