"""The situation of one incident: everything that its plan and its report depend on, gathered once, frozen.

The controller observes it; guards, plans and verdicts read it. `None` stands for «there is none» unless the field
says that it stands for «not looked at».
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from firedoor.api import names
from firedoor.api.incident import EvidenceStatus, Reach, SecurityIncident
from firedoor.planner.views import NodeView, PodView, PolicyView, WorkloadView

CaptureState = Literal["Absent", "Queued", "Running", "Sealed", "Failed"]
Flow = Literal["Cut", "Alive", "Unknown"]

PROTECTED_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True, slots=True)
class Capture:
    """How far the evidence is."""

    state: CaptureState = "Absent"
    result: EvidenceStatus | None = None
    why: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing more will be captured."""
        return self.state in ("Sealed", "Failed")


@dataclass(frozen=True, slots=True)
class Proof:
    """What the probes found, before and after the door closed."""

    reach: tuple[Reach, ...] = ()
    flow: Flow = "Unknown"
    by_canary: bool = False
    """Whether the flow was measured on a canary of the suspect's node instead of on the suspect."""
    at: datetime | None = None
    missing: str = ""
    """Why the probes could not be asked, in words; empty when they were."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the pod; looked at only after the door has closed."""

    policies: tuple[PolicyView, ...] = ()
    nodes: tuple[NodeView, ...] = ()
    workload: WorkloadView | None = None
    capture: Capture = Capture()

    def node(self, name: str) -> NodeView | None:
        return next((node for node in self.nodes if node.name == name), None)

    def deny(self, incident_uid: str) -> PolicyView | None:
        """The incident's own policy."""
        return next((p for p in self.policies if p.name == names.deny_policy(incident_uid)), None)


@dataclass(frozen=True, slots=True)
class Situation:
    """One incident and the world around it at one moment."""

    incident: SecurityIncident
    home: str
    now: datetime
    pod: PodView | None = None
    around: Surroundings = Surroundings()
    proof: Proof = Proof()
    actions: frozenset[str] = frozenset({"network", "cordon", "scaleToZero", "evidence"})

    @property
    def label(self) -> str:
        return names.quarantine_label(self.incident.uid)

    @property
    def protected(self) -> frozenset[str]:
        return PROTECTED_NAMESPACES | {self.home}

    @property
    def suspect_held(self) -> bool:
        """Whether the pod carries this incident's quarantine label."""
        return self.pod is not None and self.label in self.pod.labels

    @property
    def pinned_uid(self) -> str | None:
        """The uid that the pod must have: named by the incident, or seen when the target was accepted."""
        target = self.incident.spec.target
        return (target.uid if target else None) or self.incident.status.target_uid

    @property
    def begun(self) -> bool:
        """Whether firedoor has already acted on this incident's target."""
        return self.suspect_held or self.incident.status.truth("Accepted") == "True"
