"""What the controller itself needs beside what its actions bring; the chart's roles are made from this."""

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.controller.canary_objects import CANARIES
from firedoor.controller.probes import PROBES

RULES = (
    # get and create: an incident about a workload or a node makes one for each of its pods.
    Rule(groups=(names.GROUP,), resources=(names.INCIDENTS,), verbs=("get", "list", "watch", "create", "patch")),
    Rule(groups=(names.GROUP,), resources=(f"{names.INCIDENTS}/status",), verbs=("patch",)),
    Rule(groups=(names.GROUP,), resources=(names.POLICIES, names.APPROVALS), verbs=("list", "watch")),
    # Policies select namespaces by their labels.
    Rule(groups=("",), resources=("namespaces",), verbs=("get", "list", "watch")),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create",)),
    # Targets other than pods, and what stands between them and their pods.
    # list: the engine of each node is measured, and again when nodes or engines change.
    Rule(groups=("",), resources=("nodes",), verbs=("get", "list")),
    Rule(groups=("apps",), resources=("deployments", "statefulsets"), verbs=("get",)),
    Rule(groups=("apps",), resources=("daemonsets",), verbs=("get", "list")),
    Rule(groups=("apps",), resources=("replicasets",), verbs=("get", "list")),
    Rule(groups=("batch",), resources=("cronjobs",), verbs=("get",)),
    Rule(groups=("batch",), resources=("jobs",), verbs=("get", "list")),
    # What would become of a pod that it takes back by its labels.
    Rule(groups=("",), resources=("replicationcontrollers",), verbs=("get",)),
)
LEADING_TO_A_SUSPECT = (
    Rule(groups=("discovery.k8s.io",), resources=("endpointslices",), verbs=("list",)),
    Rule(groups=("cilium.io",), resources=("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies"), verbs=("list",)),
    Rule(
        groups=("crd.projectcalico.org", "projectcalico.org"),
        resources=("networkpolicies", "globalnetworkpolicies"),
        verbs=("list",),
    ),
    # Calico's own API server asks for these as well.
    Rule(groups=("projectcalico.org",), resources=("tiers",), verbs=("get",)),
    Rule(groups=("projectcalico.org",), resources=("tier.networkpolicies", "tier.globalnetworkpolicies"), verbs=("list",)),
    Rule(groups=("policy.networking.k8s.io",), resources=("adminnetworkpolicies", "clusternetworkpolicies"), verbs=("list",)),
)
"""What else may lead to a suspect: `Isolated` is not said before it was looked at."""
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
    Rule(groups=("",), resources=("pods/exec",), verbs=("create", "get"), names=(*PROBES, *CANARIES)),
    Rule(groups=(names.GROUP,), resources=(names.ENFORCEMENT,), verbs=("list", "create", "patch", "delete")),
    Rule(groups=(names.GROUP,), resources=(f"{names.ENFORCEMENT}/status",), verbs=("patch",)),
)
