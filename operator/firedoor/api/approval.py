"""IncidentApproval: one person's decision about another's incident. Who decided is what the API server saw.

Everyone may import it. The chart's admission policy compares `approver` with the request's own user, so no other name
can be written.
"""

from typing import Literal

from pydantic import Field

from firedoor.api.base import Frozen
from firedoor.api.incident import Metadata, Name, ObjectName, Uid
from firedoor.api.policy import Action


class IncidentApprovalSpec(Frozen):
    """The decision."""

    incident: Name = Field(description="Name of the incident, in this namespace.")
    incident_uid: Uid = Field(description="Uid of the incident, so that the decision is about no other.")
    decision: Literal["Approve", "Deny"] = Field(description="Approve lets the actions happen, Deny ends the wait.")
    actions: tuple[Action, ...] = Field(
        min_length=1,
        max_length=4,
        description="The actions that are decided.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    approver: ObjectName = Field(
        min_length=1, description="Who decides: the name by which the API server knows whoever creates this."
    )
    reason: str | None = Field(default=None, max_length=1024, description="Why, for the record.")


class IncidentApproval(Frozen):
    """A decision about actions of an incident that need a second person."""

    metadata: Metadata
    spec: IncidentApprovalSpec
