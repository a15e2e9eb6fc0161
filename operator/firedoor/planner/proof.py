"""What is known of whether a door holds: what the probes found before and after it closed, and what else was looked at.

The controller gathers it; verdicts read it. `None` stands for «there is none» unless the field says otherwise.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from firedoor.api.incident import Grant, Reach

Flow = Literal["Cut", "Alive", "Unknown"]


@dataclass(frozen=True, slots=True)
class Residue:
    """What still leads to the pod, or lets it out, beside NetworkPolicies."""

    endpoints: tuple[str, ...] = ()
    """Names of the EndpointSlices that list it."""
    grants: tuple[Grant, ...] = ()
    """What policies of other kinds allow it."""
    unread: str = ""
    """What could not be looked at, and why, in words; empty when all could."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the probes found, before and after the door closed, and what was looked at with them."""

    reach: tuple[Reach, ...] = ()
    near: tuple[Reach, ...] = ()
    """What a canary on the suspect's own node reached of it, when that node was last measured."""
    outward: tuple[Reach, ...] = ()
    """What was reached from within the suspect, where the outbound probe is switched on and has ended."""
    outward_at: datetime | None = None
    flow: Flow = "Unknown"
    by_canary: bool = False
    """Whether the flow was measured on a canary of the suspect's node instead of on the suspect."""
    began: datetime | None = None
    """When the last try began; None: none has, in this process."""
    at: datetime | None = None
    missing: str = ""
    """Why the probes could not be asked, in words; empty when they were."""
    residue: Residue = Residue()


UNTRIED = Proof()
"""Nothing was asked yet."""
