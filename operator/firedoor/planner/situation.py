"""The situation of one incident: everything that its plan and its report depend on, gathered once, frozen.

The controller observes it; guards, plans and verdicts read it. `None` stands for «there is none» unless the field
says that it stands for «not looked at».
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from firedoor.api import names
from firedoor.api.approval import IncidentApproval
from firedoor.api.incident import EvidenceStatus, SecurityIncident
from firedoor.planner.adoption import Adopter
from firedoor.planner.enforcement import Finding
from firedoor.planner.fight import NO_FIGHT, Fight
from firedoor.planner.identity_views import NOT_LOOKED, IdentityView
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import UNTRIED, Proof
from firedoor.planner.rules import BUILT_IN, Rules
from firedoor.planner.views import NodeView, PolicyView
from firedoor.planner.workload_view import WorkloadView

CaptureState = Literal["Absent", "Queued", "Running", "Signing", "Sealed", "Failed"]

KEEP_LABELS = ("StatefulSet", "DaemonSet")
"""Whose pods keep their labels in quarantine."""
PROTECTED_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True, slots=True)
class Capture:
    """How far the evidence is."""

    state: CaptureState = "Absent"
    result: EvidenceStatus | None = None
    why: str = ""
    trouble: str = ""
    """What the API server refuses of what the evidence needs; nothing else waits for it."""

    @property
    def settled(self) -> bool:
        """Whether nothing more will be captured."""
        return self.sealed or self.state == "Failed"

    @property
    def sealed(self) -> bool:
        """Whether the bag is sealed; its signature may still be on its way."""
        return self.state in ("Signing", "Sealed")

    @property
    def under_way(self) -> bool:
        """Whether there is going to be news."""
        return self.state in ("Running", "Signing")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the pod; looked at only after the door has closed."""

    policies: tuple[PolicyView, ...] = ()
    nodes: tuple[NodeView, ...] = ()
    workload: WorkloadView | None = None
    capture: Capture = Capture()
    sheltered: bool | None = None
    """Whether the incident's disruption budget is there; None: not known."""
    identity: IdentityView = NOT_LOOKED
    cordoners: tuple[SecurityIncident, ...] = ()
    """Other incidents whose receipts say that they hold a node which this one holds, or is to hold; not all of many."""
    job: WorkloadView | None = None
    """The suspect's own Job, where the workload is the CronJob above it: that starts new ones, this one a new pod."""
    adopter: Adopter | None = None
    """Of a release: who would own the pod again if it had its labels back."""

    def node(self, name: str) -> NodeView | None:
        return next((node for node in self.nodes if node.name == name), None)

    def deny(self, incident_uid: str) -> PolicyView | None:
        """The incident's own policy; one that merely has its name is none of ours."""
        own = (p for p in self.policies if p.name == names.deny_policy(incident_uid) and p.incident_uid == incident_uid)
        return next(own, None)


@dataclass(frozen=True, slots=True)
class Census:
    """What budgets count, as far as they ask."""

    isolated_in_namespace: frozenset[str] = frozenset()
    """Uids of the pods that other incidents isolate, or are about to."""
    isolated_of_workload: frozenset[str] = frozenset()
    """The same, of the pods that the suspect's own owner had."""
    scaled_in_last_hour: frozenset[str] = frozenset()
    """Uids of the workloads that were put to rest, or are about to be."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One incident and the world around it at one moment."""

    incident: SecurityIncident
    home: str
    now: datetime
    pod: PodView | None = None
    around: Surroundings = Surroundings()
    proof: Proof = UNTRIED
    engine: Finding | None = None
    """What the network engine of the suspect's node was last measured to do; None: not measured yet."""
    watched: bool = False
    """Whether a canary on guard would tell at once if the engine of that node let anything through."""
    seen_open: datetime | None = None
    """When the door was last seen open after it had been closed, or something else to lead past it; None: never."""
    fight: Fight = NO_FIGHT
    """What happened so far where somebody sets the held workload up again."""
    actions: frozenset[str] = frozenset({"network", "cordon", "scaleToZero", "identity", "evidence"})

    rules: Rules = BUILT_IN
    approvals: tuple[IncidentApproval, ...] = ()
    census: Census = Census()
    neighbours: tuple[SecurityIncident, ...] = ()
    """Other incidents about the same pod that are not over, or that keep it cut off."""
    answers_to: str | None = None
    """Uid of the incident that made this one for one of its pods, where that one says so too; its approvals count here."""
    members_clear: bool = True
    """Of an incident about a workload: whether putting it to rest loses none of its suspects."""

    @property
    def label(self) -> str:
        return names.quarantine_label(self.incident.uid)

    @property
    def protected(self) -> frozenset[str]:
        return PROTECTED_NAMESPACES | {self.home} | self.rules.protected_namespaces

    @property
    def suspect_held(self) -> bool:
        """Whether this incident holds the pod."""
        return self.pod is not None and _holds(self.incident, self.pod)

    @property
    def other_holders(self) -> tuple[SecurityIncident, ...]:
        """The other incidents that hold the pod."""
        return () if self.pod is None else tuple(other for other in self.neighbours if _holds(other, self.pod))

    @property
    def held_by_others(self) -> tuple[str, ...]:
        """The quarantine labels by which other incidents hold the pod. A label that only looks like ours is none."""
        return tuple(names.quarantine_label(other.uid) for other in self.other_holders)

    @property
    def prior(self) -> PodPrior:
        """What the pod was before firedoor: by a receipt, else by its own record while an incident holds it, else as it is.

        A receipt holds also while somebody has taken the labels away. A record on a pod that no incident holds was not
        written by firedoor, and a receipt cannot be forged by the pod's owner; so neither the one nor a record that differs
        from a receipt is ever believed.
        """
        assert self.pod is not None
        held = self.suspect_held or bool(self.held_by_others)
        found = self._receipt(self.pod) or (self.pod.recorded if held else None)
        return (found or self.pod.as_it_is).without(self.label)

    def _receipt(self, pod: PodView) -> PodPrior | None:
        """Of one that holds it, or did until somebody took the label away: not of one that has let go, or not closed the door."""
        about = (self.incident, *self.neighbours)
        concerned = (one for one in about if _holds(one, pod) or (one.status.isolation is not None and not one.leaving))
        every = (receipt for one in concerned for receipt in one.status.receipts)
        found = (PodPrior.of_receipt(receipt.prior) for receipt in every if receipt.uid == pod.uid and not receipt.returned)
        return next((prior.or_whole(pod.recorded) for prior in found if prior is not None), None)

    @property
    def pinned_uid(self) -> str | None:
        """The uid that the pod must have: named by the incident, or seen when the target was accepted."""
        target = self.incident.spec.target
        return (target.uid if target else None) or self.incident.status.target_uid

    @property
    def closed(self) -> bool:
        """Whether firedoor has closed this incident's door: by the status, or by the label until that is written."""
        return self.suspect_held or self.incident.status.isolation is not None

    @property
    def begun(self) -> bool:
        """Whether firedoor has already acted on this incident's target."""
        return self.closed or self.incident.status.truth("Accepted") == "True"


def _holds(incident: SecurityIncident, pod: PodView) -> bool:
    """Whether the pod's label is this incident's own.

    One that isolates nothing never wrote it, nor did a refused one: a refusal is taken back before anything is touched.
    """
    if incident.spec.containment.network == "None" or incident.status.truth("Accepted") == "False":
        return False
    return names.quarantine_label(incident.uid) in pod.labels
