"""What the collector may do: read, run a command in a container, and where that is switched on, put a helper beside it.

Logs on nodes are read by an account of their own, because kubelets see its token, and nodes may be the attacker's.
"""

from firedoor.api import names
from firedoor.api.rbac import Rule

RULES = (
    Rule(groups=("",), resources=("pods", "pods/log"), verbs=("get",)),
    # Exec over websockets needs get, and create from Kubernetes 1.35 on (KEP-4006).
    Rule(groups=("",), resources=("pods/exec",), verbs=("get", "create")),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("list",)),
    # What the cluster knows of the suspect: owners, identity and what it may do, policies, services, node.
    Rule(groups=("",), resources=("serviceaccounts", "nodes", "replicationcontrollers"), verbs=("get",)),
    Rule(groups=("apps",), resources=("deployments", "replicasets", "statefulsets", "daemonsets"), verbs=("get",)),
    Rule(groups=("batch",), resources=("jobs", "cronjobs"), verbs=("get",)),
    Rule(groups=("",), resources=("services",), verbs=("list",)),
    Rule(groups=("networking.k8s.io",), resources=("networkpolicies",), verbs=("list",)),
    Rule(groups=("rbac.authorization.k8s.io",), resources=("rolebindings", "clusterrolebindings"), verbs=("list",)),
    Rule(groups=("rbac.authorization.k8s.io",), resources=("roles", "clusterroles"), verbs=("get",)),
)

HELPER_RULES = (
    # What may be added by it is narrowed by an admission policy of the chart.
    Rule(groups=("",), resources=("pods/ephemeralcontainers",), verbs=("patch",)),
)

NODE_LOG_RULES = (
    # Everything below /var/log of every node: RBAC cannot narrow it to the pods' own folders.
    Rule(groups=("",), resources=("nodes/log",), verbs=("get",)),
)

NODE_LOG_TOKEN = (Rule(groups=("",), resources=("serviceaccounts/token",), verbs=("create",), names=(names.NODE_LOGS,)),)
