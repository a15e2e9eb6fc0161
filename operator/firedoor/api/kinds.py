"""What the API server is told of each kind beside its fields: names, columns, and the rules that span fields.

The CRDs are made from this; nobody else needs it. A rule is CEL over the spec; `oldSelf` makes it a rule about updates.
"""

from dataclasses import dataclass
from typing import Literal

from firedoor.api import names
from firedoor.api.approval import IncidentApproval
from firedoor.api.base import Frozen
from firedoor.api.enforcement import EnforcementReport
from firedoor.api.incident import SecurityIncident
from firedoor.api.policy import ContainmentPolicy


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; a wide one is shown with `-o wide` only."""

    name: str
    path: str
    description: str
    wide: bool = False
    type: Literal["string", "date", "boolean", "number"] = "string"


@dataclass(frozen=True, slots=True)
class Law:
    """A CEL rule over the spec, the field that it speaks of, and the sentence for whoever breaks it."""

    rule: str
    field: str
    reason: Literal["FieldValueRequired", "FieldValueForbidden"]
    message: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as the API server shall serve it."""

    model: type[Frozen]
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    laws: tuple[Law, ...]
    namespaced: bool = True
    reported: bool = False
    """Whether it has a status, which the controller alone writes."""

    @property
    def name(self) -> str:
        return self.model.__name__


def _condition(type_: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{type_}")].{field}'


NOT_BEGUN = "!has(oldSelf.target) || oldSelf.dryRun"
"""Nothing was done yet: an alert without a workload, or a dry run."""

INCIDENT = Kind(
    model=SecurityIncident,
    plural=names.INCIDENTS,
    reported=True,
    short_names=("secinc",),
    columns=(
        Column("Target", ".spec.target.name", "What is compromised."),
        Column("Severity", ".spec.severity", "How bad it is."),
        Column("Isolated", _condition("Isolated", "status"), "Whether it was proved that no traffic can pass."),
        Column("Evidence", _condition("EvidenceSealed", "status"), "Whether the evidence is sealed."),
        Column("Phase", ".status.phase", "One word for the eye."),
        Column("Age", ".metadata.creationTimestamp", "How long the incident has been there.", type="date"),
        Column("Node", ".status.node", "Node that the target runs on.", wide=True),
        Column("Reason", _condition("Contained", "reason"), "Why it is contained, or not.", wide=True),
        Column("Source", ".spec.source.name", "Where the incident came from.", wide=True),
    ),
    laws=(
        Law(
            rule="has(self.target) || has(self.source)",
            field=".target",
            reason="FieldValueRequired",
            message="target is required, unless an alert (source) made the incident",
        ),
        Law(
            rule="!has(oldSelf.target) || (has(self.target) && self.target == oldSelf.target)",
            field=".target",
            reason="FieldValueForbidden",
            message="target cannot be changed; make another incident for another target",
        ),
        Law(
            rule="!has(self.target) || !has(self.target.selector) || self.target.kind == 'Node'",
            field=".target",
            reason="FieldValueForbidden",
            message="target.selector chooses among the pods of a Node; every other target has its own pods",
        ),
        Law(
            rule="has(self.source) == has(oldSelf.source) && (!has(self.source) || self.source == oldSelf.source)",
            field=".source",
            reason="FieldValueForbidden",
            message="source is written when the incident is made, and never changed",
        ),
        Law(
            rule="!has(oldSelf.release) || (has(self.release) && self.release == oldSelf.release)",
            field=".release",
            reason="FieldValueForbidden",
            message="release cannot be taken back or changed; make another incident to contain the target again",
        ),
        Law(
            rule="has(self.requestedBy) == has(oldSelf.requestedBy) && "
            "(!has(self.requestedBy) || self.requestedBy == oldSelf.requestedBy)",
            field=".requestedBy",
            reason="FieldValueForbidden",
            message="requestedBy is written when the incident is made, and never changed",
        ),
        Law(
            rule=f"{NOT_BEGUN} || oldSelf.containment.network == 'None' || self.containment.network == 'Isolate'",
            field=".containment.network",
            reason="FieldValueForbidden",
            message="the isolation is given back by a release of the incident alone, because all the rest stands on it",
        ),
        Law(
            rule=f"{NOT_BEGUN} || !oldSelf.evidence.enabled || self.evidence == oldSelf.evidence",
            field=".evidence",
            reason="FieldValueForbidden",
            message="evidence is captured as it was first asked for; make another incident to capture more",
        ),
        Law(
            rule="!has(oldSelf.dryRun) || oldSelf.dryRun || !self.dryRun",
            field=".dryRun",
            reason="FieldValueForbidden",
            message="an incident that has acted cannot become a dry run; release it instead",
        ),
    ),
)

POLICY = Kind(
    model=ContainmentPolicy,
    plural=names.POLICIES,
    short_names=("contpol",),
    columns=(
        Column("Paused", ".spec.paused", "Whether nothing new is touched.", type="boolean"),
        Column("Namespaces", ".spec.namespaces", "Namespaces that it names; empty, and without a selector: all."),
        Column("Approval", ".spec.approval.actions", "Actions that need a second person."),
        Column("Age", ".metadata.creationTimestamp", "How long the policy has been there.", type="date"),
        Column("Selector", ".spec.namespaceSelector.matchLabels", "Labels of the namespaces that it selects.", wide=True),
    ),
    laws=(
        Law(
            rule="!has(self.namespaceSelector) || self.namespaceSelector.matchExpressions.all(one, "
            "(one.operator in ['In', 'NotIn']) == (size(one.values) > 0))",
            field=".namespaceSelector",
            reason="FieldValueForbidden",
            message="In and NotIn need values; Exists and DoesNotExist take none",
        ),
    ),
    namespaced=False,
)

APPROVAL = Kind(
    model=IncidentApproval,
    plural=names.APPROVALS,
    short_names=("incapp",),
    columns=(
        Column("Incident", ".spec.incident", "The incident that is decided about."),
        Column("Decision", ".spec.decision", "Approve or Deny."),
        Column("Actions", ".spec.actions", "The actions that are decided."),
        Column("Approver", ".spec.approver", "Who decided."),
        Column("Age", ".metadata.creationTimestamp", "How long ago.", type="date"),
    ),
    laws=(
        Law(
            rule="self == oldSelf",
            field=".decision",
            reason="FieldValueForbidden",
            message="a decision is never changed; make another one",
        ),
    ),
)

ENFORCEMENT = Kind(
    model=EnforcementReport,
    plural=names.ENFORCEMENT,
    reported=True,
    short_names=("enforcement",),
    columns=(
        Column("Verdict", ".status.verdict", "What the engine does with a deny, in one word."),
        Column("Ingress", ".status.ingress", "New connections to a denied pod."),
        Column("Egress", ".status.egress", "New connections from a denied pod."),
        Column("Open", ".status.openConnections", "Connections that were open before."),
        Column("Seconds", ".status.seconds", "How long the engine took.", type="number"),
        Column("Checked", ".status.checkedAt", "How long ago it was measured.", type="date"),
        Column("Pool", ".spec.pool", "Pool that the node stands for.", wide=True),
        Column("Message", ".status.message", "The same as a sentence.", wide=True),
    ),
    laws=(),
)

KINDS = (INCIDENT, POLICY, APPROVAL, ENFORCEMENT)
