"""The steps that a plan may hold: plain values that say what is to be done to which object.

Each containing step has its reverse here. The controller carries them out; nothing here knows how.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from firedoor.api.incident import Storage
from firedoor.planner.views import NodeView, PodPrior, PodView, WorkloadView


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
    prior: PodPrior


@dataclass(frozen=True, slots=True)
class Cordon:
    """Hold the node's cordon for this incident."""

    node: NodeView


@dataclass(frozen=True, slots=True)
class StartCapture:
    """Make the evidence volume and start the collector."""

    namespace: str
    pod: str
    pod_uid: str
    paths: tuple[str, ...]
    storage: Storage


@dataclass(frozen=True, slots=True)
class ScaleToZero:
    """Hold the workload's replicas at zero for this incident."""

    workload: WorkloadView


@dataclass(frozen=True, slots=True)
class ReturnReplicas:
    """Let go of the workload; the last holder gives the replicas back."""

    workload: WorkloadView
    replicas: int | None
    """Replicas to set; None leaves them alone."""


@dataclass(frozen=True, slots=True)
class DiscardPod:
    """Delete the suspect pod."""

    pod: PodView


@dataclass(frozen=True, slots=True)
class RestorePod:
    """Give the pod the labels it should have now; the record goes when no incident holds it any more."""

    pod: PodView
    labels: Mapping[str, str]
    last: bool


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


Step = (
    DenyTraffic
    | Quarantine
    | Cordon
    | StartCapture
    | ScaleToZero
    | ReturnReplicas
    | DiscardPod
    | RestorePod
    | LiftDeny
    | ReleaseCordon
)
Plan = tuple[tuple[Step, ...], ...]
"""Stages in order; the steps of one stage run side by side."""
