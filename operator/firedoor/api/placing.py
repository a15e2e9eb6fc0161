"""Where the pods that write or read evidence may run, and what is not held against them when they are killed.

Everyone who makes such a pod or its Job takes it from here.
"""

from typing import Any, Final

CORDON_TOLERATED: Final[tuple[dict[str, Any], ...]] = (
    {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"},
)
"""The node of a suspect may be cordoned, and be the only one, or the only one that has the volume."""

DISRUPTION_IGNORED: Final[dict[str, Any]] = {
    "action": "Ignore",
    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
}
"""Of a Job's podFailurePolicy: a pod that was drained, evicted or preempted has not failed (KEP-3329)."""
