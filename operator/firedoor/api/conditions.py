"""Conditions, the contract with everyone who reads an incident: types, reasons and how one replaces another.

Planner and controller make them; people and `kubectl wait` read them.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from firedoor.api.base import Frozen

Truth = Literal["True", "False", "Unknown"]
MESSAGE_LIMIT = 1024


class Type(StrEnum):
    """Condition types of a SecurityIncident, in the order in which people want to read them."""

    ACCEPTED = "Accepted"
    ISOLATED = "Isolated"
    NODE_CORDONED = "NodeCordoned"
    WORKLOAD_SCALED = "WorkloadScaled"
    IDENTITY_FROZEN = "IdentityFrozen"
    EVIDENCE_SEALED = "EvidenceSealed"
    CONTAINED = "Contained"
    RELEASED = "Released"
    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class Reason(StrEnum):
    """Why a condition is what it is."""

    PENDING = "Pending"
    NOT_REQUESTED = "NotRequested"
    # Accepted
    ACCEPTED = "Accepted"
    TARGET_UNRESOLVED = "TargetUnresolved"
    TARGET_NOT_FOUND = "TargetNotFound"
    TARGET_REPLACED = "TargetReplaced"
    TARGET_FOREIGN = "ForeignNamespace"
    PROTECTED_NAMESPACE = "ProtectedNamespace"
    PROTECTED_POD = "ProtectedPod"
    HOST_NETWORK = "HostNetwork"
    STATIC_POD = "StaticPod"
    TARGET_FINISHED = "TargetFinished"
    AWAITING_APPROVAL = "AwaitingApproval"
    APPROVAL_DENIED = "ApprovalDenied"
    PAUSED = "Paused"
    DRY_RUN = "DryRun"
    # Isolated
    ISOLATED = "Isolated"
    NOT_VERIFIED = "NotVerified"
    VERIFYING = "Verifying"
    TRAFFIC_PASSES = "TrafficPasses"
    OVERLAPPING_ALLOW_POLICIES = "OverlappingAllowPolicies"
    CNI_NOT_ENFORCING = "CNINotEnforcing"
    CNI_STOPPED = "CNIStopped"
    CNI_INGRESS_ONLY = "CNIIngressOnly"
    CNI_EGRESS_ONLY = "CNIEgressOnly"
    ENDPOINTS_REMAIN = "EndpointsRemain"
    STILL_OWNED = "StillOwned"
    NODE_NOT_READY = "NodeNotReady"
    POD_NOT_RUNNING = "PodNotRunning"
    ESTABLISHED_CONNECTIONS_POSSIBLE = "EstablishedConnectionsPossible"
    POLICY_MISSING = "PolicyMissing"
    LABEL_MISSING = "LabelMissing"
    REPAIRED = "Repaired"
    POD_GONE = "PodGone"
    LAST_HEALTHY_REPLICA = "LastHealthyReplica"
    NO_PODS = "NoPods"
    NAME_TAKEN = "NameTaken"
    # NodeCordoned
    CORDONED = "Cordoned"
    ALREADY_CORDONED = "AlreadyCordoned"
    CONTROL_PLANE = "ControlPlane"
    LAST_SCHEDULABLE_NODE = "LastSchedulableNode"
    BUDGET_EXCEEDED = "BudgetExceeded"
    CORDON_DRIFT = "CordonDrift"
    NODE_GONE = "NodeGone"
    NOT_SCHEDULED = "NotScheduled"
    # WorkloadScaled
    SCALED = "Scaled"
    WAITING_FOR_EVIDENCE = "WaitingForEvidence"
    NO_WORKLOAD = "NoWorkload"
    UNSUPPORTED_WORKLOAD = "UnsupportedWorkload"
    SCALE_CONFLICT = "ScaleConflict"
    AUTOSCALED = "Autoscaled"
    CLAIMS_WOULD_BE_DELETED = "ClaimsWouldBeDeleted"
    # IdentityFrozen
    FROZEN = "Frozen"
    TOKEN_STILL_VALID = "TokenStillValid"  # noqa: S105 - a reason, not a token
    # EvidenceSealed
    SEALED = "Sealed"
    PARTIAL = "Partial"
    CAPTURING = "Capturing"
    VOLUME_FULL = "VolumeFull"
    COLLECTOR_FAILED = "CollectorFailed"
    # Contained, Ready
    CONTAINED = "Contained"
    READY = "Ready"
    # Released
    RELEASED = "Released"
    RELEASING = "Releasing"
    DRIFTED = "Drifted"
    HOLDING = "Holding"
    KEPT = "Kept"
    STILL_HELD = "StillHeld"
    WOULD_BE_DELETED = "WouldBeDeleted"
    # Stalled
    FORBIDDEN = "Forbidden"
    INVALID = "Invalid"


class Condition(Frozen):
    """One observation about an incident, in the form of the Kubernetes API conventions."""

    type: str = Field(description="What the condition is about.", max_length=64)
    status: Truth = Field(description="True, False, or Unknown where it could not be found out.")
    reason: str = Field(description="One word for why, for programs.", max_length=64)
    message: str = Field(description="A sentence for people, with the names in it.", max_length=MESSAGE_LIMIT)
    last_transition_time: datetime = Field(description="When the status last changed.")
    observed_generation: int = Field(description="The generation of the spec that this condition speaks of.", ge=0)


def merged(before: Iterable[Condition], now: Iterable[Condition]) -> tuple[Condition, ...]:
    """The conditions of `now`, each keeping its transition time where its status did not change."""
    known = {condition.type: condition for condition in before}
    return tuple(_keeping_time(known.get(condition.type), condition) for condition in now)


def _keeping_time(before: Condition | None, now: Condition) -> Condition:
    if before is None or before.status != now.status:
        return now
    return now.model_copy(update={"last_transition_time": before.last_transition_time})
