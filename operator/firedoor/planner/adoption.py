"""What becomes of a pod that gets its labels back: the controller that finds it by them adopts it, and may delete it.

Pure. The controller is the pod's direct owner of before, not the workload above it: after a rollout the old ReplicaSet
wants no pods any more, and one that has replaced the pod has one too many (containment study, section 2.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from firedoor.planner.selectors import selects
from firedoor.planner.views import Json
from firedoor.planner.workload_view import up_to_date

ADOPTING: Final = ("ReplicaSet", "ReplicationController", "Job")
"""Who lets go of a pod in quarantine, takes it back by its labels, and deletes what is more than it wants."""


@dataclass(frozen=True, slots=True)
class Adopter:
    """The controller that would own the pod again."""

    title: str
    selector: Json
    wants: int
    """How many pods it keeps."""
    has: int
    """How many it was last seen to have, without the suspect."""
    settled: bool = True
    """Whether it has seen how many it is to keep."""

    @classmethod
    def read(cls, kind: str, found: Json) -> Self | None:
        """The controller in this object; None where it takes back nothing: on its way out, or a Job that is done."""
        if "deletionTimestamp" in found["metadata"] or _done(found):
            return None
        spec, status = found.get("spec") or {}, found.get("status") or {}
        selector = spec.get("selector") or {}
        return cls(
            title=f"{kind} {found['metadata']['name']}",
            selector={"matchLabels": selector} if kind == "ReplicationController" else selector,
            wants=_active(spec, status) if kind == "Job" else spec.get("replicas", 1),
            has=status.get("active" if kind == "Job" else "replicas", 0),
            settled=up_to_date(found),
        )

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether it finds a pod by these labels. A selector that is empty finds none."""
        return bool(self.selector) and selects(self.selector, labels)

    @property
    def surplus(self) -> bool:
        """Whether one more pod would be one too many."""
        return self.has >= self.wants


def _done(found: Json) -> bool:
    told = (found.get("status") or {}).get("conditions") or ()
    return any(one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in told)


def _active(spec: Json, status: Json) -> int:
    """A suspended Job keeps no pods; any other what it may run at once, and no more than are still to succeed."""
    at_once: int = 0 if spec.get("suspend") else spec.get("parallelism", 1)
    left = spec.get("completions")
    return at_once if left is None else min(at_once, max(0, left - status.get("succeeded", 0)))
