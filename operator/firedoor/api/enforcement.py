"""EnforcementReport: what a node's network engine was last measured to do with a deny. For people to look at.

The controller writes one a measured node, in firedoor's home namespace; nothing is decided by what stands in it.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from firedoor.api.base import Frozen
from firedoor.api.incident import Metadata

Enforcing = Literal["Denied", "Passes", "Unknown"]
OpenConnections = Literal["Cut", "Alive", "Unknown"]


class EnforcementReportSpec(Frozen):
    """Which nodes the measurement speaks of."""

    node: str = Field(max_length=253, description="Node that the canary ran on.")
    pool: str = Field(max_length=253, description="Pool that the node belongs to; without a known pool label, the node itself.")


class EnforcementReportStatus(Frozen):
    """What was seen."""

    verdict: str = Field(
        max_length=32,
        description="The whole in one word: Enforcing, Slow, IngressOnly, EgressOnly, NotEnforcing, Stopped (it denied before), "
        "NotMeasured.",
    )
    ingress: Enforcing = Field(description="What became of new connections to the canary, TCP and UDP, after its deny.")
    egress: Enforcing = Field(description="What became of new connections from the canary.")
    open_connections: OpenConnections = Field(description="What became of connections that were open before the deny.")
    seconds: float | None = Field(default=None, ge=0, description="From the deny to the first silence in both directions.")
    last_denied_at: datetime | None = Field(default=None, description="When both directions were last seen denied.")
    message: str = Field(max_length=1024, description="The same as a sentence.")
    checked_at: datetime = Field(description="When the measurement ended.")


class EnforcementReport(Frozen):
    """What a node's network engine does with a deny, measured with a canary of firedoor's own."""

    metadata: Metadata
    spec: EnforcementReportSpec = Field(description="Which nodes the measurement speaks of.")
    status: EnforcementReportStatus | None = Field(default=None, description="What was seen.")
