"""What an incident may be about, and one suspect of an incident about a workload or a node, as its status tells of it.

Everyone may import it; it decides nothing.
"""

from typing import Annotated, Literal

from pydantic import Field

from firedoor.api.base import Frozen
from firedoor.api.conditions import Truth

TargetKind = Literal["Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Node"]

PodSelector = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9!][A-Za-z0-9_./=!,() -]*$")]
"""As `kubectl -l` takes it."""

MEMBERS_LIMIT = 256
"""Suspects that one incident may have."""


class MemberStatus(Frozen):
    """A suspect pod of the target, and the incident that was made for it."""

    name: str = Field(max_length=253, description="Name of the suspect pod.")
    namespace: str = Field(max_length=63, description="Namespace of the suspect pod.")
    uid: str = Field(max_length=64, description="Uid of the suspect pod; no later pod of that name is a suspect.")
    incident: str = Field(max_length=253, description="Name of the incident about it, in the namespace of this one.")
    phase: str | None = Field(
        default=None,
        max_length=32,
        description="That incident's phase; Released when it was deleted, NameTaken when another one has its name.",
    )
    isolated: Truth = Field(default="Unknown", description="Whether that incident says that the pod is isolated.")
