"""ContainmentPolicy: what firedoor may do where, as the cluster's administrators say it. Decides nothing by itself.

Everyone may import it. Of several policies that match a namespace the strictest wins; `planner.policy` says how.
"""

from typing import Annotated, Literal

from pydantic import Field

from firedoor.api.base import Frozen
from firedoor.api.duration import Duration
from firedoor.api.incident import Metadata, NamespaceName
from firedoor.api.selector import LabelSelector

Action = Literal["Isolate", "Cordon", "ScaleToZero", "Freeze"]
LabelTerm = Annotated[
    str,
    Field(max_length=381, pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?(=[A-Za-z0-9_.-]*)?$"),
]


class Budgets(Frozen):
    """How much firedoor may hold at a time."""

    isolated_pods_per_workload: int | None = Field(
        default=None,
        ge=0,
        le=100000,
        description="Pods of one workload, isolated, each counted once. The workload is the pod's own controller; a Deployment's "
        "pods have its ReplicaSets, so that each revision counts for itself.",
    )
    isolated_pods_per_namespace: int | None = Field(
        default=None, ge=0, le=100000, description="Pods of one namespace, isolated, each counted once."
    )
    cordoned_nodes: int | None = Field(
        default=None, ge=0, le=100000, description="Nodes cordoned in the whole cluster; absent: a tenth of them, one at least."
    )
    scale_downs_per_hour: int | None = Field(
        default=None,
        ge=0,
        le=100000,
        description="Workloads of the whole cluster scaled to zero in an hour, each counted once. What was released or deleted "
        "since counts until the hour is over; holding a workload that is at rest already counts for nothing.",
    )


class Approval(Frozen):
    """What needs a second person."""

    actions: tuple[Action, ...] = Field(
        default=(),
        max_length=4,
        description="Actions that wait for an IncidentApproval.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    deadline: Duration = Field(default="15m", description="How long they wait, from the incident's creation.")
    after_deadline: Literal["Deny", "Allow"] = Field(default="Deny", description="What happens when nobody has decided by then.")


class ContainmentPolicySpec(Frozen):
    """What is allowed."""

    namespaces: tuple[NamespaceName, ...] = Field(
        default=(),
        max_length=256,
        description="Namespaces of targets that this policy speaks of, beside those that namespaceSelector selects; without "
        "either: every namespace.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    namespace_selector: LabelSelector | None = Field(
        default=None,
        description="Namespaces that this policy speaks of, by their labels. Whoever may label a namespace can take it out "
        "of the policy's reach.",
    )
    paused: bool = Field(
        default=False,
        description="True: nothing new is touched and no evidence begins; what is contained or under way stays so.",
    )
    protected_namespaces: tuple[NamespaceName, ...] = Field(
        default=(),
        max_length=256,
        description="Namespaces that firedoor never acts in, on top of Kubernetes' own and firedoor's.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    protected_labels: tuple[LabelTerm, ...] = Field(
        default=(),
        max_length=64,
        description="Pods with any of these labels are never touched: key or key=value.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    approval: Approval = Field(default=Approval(), description="What needs a second person.")
    budgets: Budgets = Field(default=Budgets(), description="How much may be held at a time.")
    release_after: Duration | None = Field(default=None, description="releaseAfter of incidents that say nothing of it.")
    evidence_retention: Duration | None = Field(
        default=None,
        description="How long sealed evidence is kept once its incident is over; the longest of all policies. Absent: for ever.",
    )
    keep_cordon: bool = Field(
        default=False, description="True: a node that somebody uncordons while an incident holds it is cordoned again."
    )
    allow_control_plane: bool = Field(default=False, description="True: nodes of the control plane may be cordoned.")
    allow_last_node: bool = Field(default=False, description="True: the last schedulable node may be cordoned.")


class ContainmentPolicy(Frozen):
    """What firedoor may do, and where."""

    metadata: Metadata
    spec: ContainmentPolicySpec = ContainmentPolicySpec()
