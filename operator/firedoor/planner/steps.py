"""The steps that a plan may hold: plain values that say what is to be done to which object.

Each containing step has its reverse here. The controller carries them out; nothing here knows how.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from firedoor.api.incident import Limits, Storage
from firedoor.planner.identity_views import FrozenList
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.views import NodeView
from firedoor.planner.workload_view import Setting, WorkloadView


@dataclass(frozen=True, slots=True)
class DenyTraffic:
    """Put the incident's deny-all policy in place, as it should read."""

    namespace: str
    pod: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Take every label off the pod but the quarantine labels, with the prior ones recorded in the same call."""

    pod: PodView
    labels: Mapping[str, str]
    notes: Mapping[str, str]
    """Annotations to set, for those who evict pods."""
    prior: PodPrior
    fits: bool = True
    """Whether there is room on the pod for the record; else the receipt alone has it, which was written before."""

    @property
    def record(self) -> str | None:
        """What is written down; of one that is lost, what is left of it stays."""
        if not self.fits:
            return None
        return self.pod.prior_note if self.prior.lost else self.prior.dump()


@dataclass(frozen=True, slots=True)
class Shelter:
    """Keep the suspect from eviction by a disruption budget of its own."""

    namespace: str


@dataclass(frozen=True, slots=True)
class Cordon:
    """Hold the node's cordon for this incident, with what the node was before recorded in the same call."""

    node: NodeView
    before: bool | None
    """Whether it was unschedulable before the first holder; None: a record stands, and nothing is known beside it."""


@dataclass(frozen=True, slots=True)
class StartCapture:
    """Make the evidence volume and start the collector."""

    namespace: str
    pod: str
    pod_uid: str
    paths: tuple[str, ...]
    storage: Storage
    limits: Limits


@dataclass(frozen=True, slots=True)
class ScaleToZero:
    """Hold the workload at no replicas, or suspended, for this incident."""

    workload: WorkloadView


@dataclass(frozen=True, slots=True)
class ReturnReplicas:
    """Let go of the workload; the last holder gives back what it was."""

    workload: WorkloadView
    setting: Setting | None
    """What to set; None leaves it alone."""


@dataclass(frozen=True, slots=True)
class DiscardPod:
    """Delete the suspect pod."""

    pod: PodView


@dataclass(frozen=True, slots=True)
class RestorePod:
    """Give the pod the labels it should have now; firedoor's record goes when no incident holds it any more."""

    pod: PodView
    labels: Mapping[str, str]
    notes: Mapping[str, str | None]
    """Annotations to give back; None under a key removes it."""
    record: str | None
    """The record to leave on it: that of the other holders, or what stood there before; None removes it."""


@dataclass(frozen=True, slots=True)
class KeepDeny:
    """Let the deny policy outlive the incident."""

    namespace: str


@dataclass(frozen=True, slots=True)
class LiftShelter:
    """Delete the incident's disruption budget."""

    namespace: str


@dataclass(frozen=True, slots=True)
class LiftDeny:
    """Delete the incident's deny policy."""

    namespace: str


@dataclass(frozen=True, slots=True)
class ReleaseCordon:
    """Let go of the node; the last holder uncordons what firedoor cordoned."""

    node: NodeView
    uncordon: bool
    last: bool


@dataclass(frozen=True, slots=True)
class FreezeIdentity:
    """Hold these keys of the list of the frozen for this incident."""

    keys: tuple[str, ...]
    frozen: FrozenList


@dataclass(frozen=True, slots=True)
class ThawIdentity:
    """Let go of these keys; the last holder's go from the list."""

    keys: tuple[str, ...]
    frozen: FrozenList


Step = (
    DenyTraffic
    | Quarantine
    | Shelter
    | Cordon
    | StartCapture
    | ScaleToZero
    | ReturnReplicas
    | DiscardPod
    | RestorePod
    | KeepDeny
    | LiftDeny
    | LiftShelter
    | ReleaseCordon
    | FreezeIdentity
    | ThawIdentity
)
Plan = tuple[tuple[Step, ...], ...]
"""Stages in order; the steps of one stage run side by side."""
