"""A fight over a workload: somebody sets it up again while an incident holds it at rest, and firedoor sets it back.

Pure. Three times within a minute and ten times within an hour at most; then the fight is lost, until the workload is seen
at rest or the incident changes. It is written to the incident's status, so that a restart forgets nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from firedoor.api.conditions import Reason, Type
from firedoor.api.incident import IncidentStatus

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BOUNDS: Final = ((3, MINUTE, "a minute"), (10, HOUR, "an hour"))
"""How often, within how long, and the word for that."""


@dataclass(frozen=True, slots=True)
class Fight:
    """What happened so far."""

    reverts: tuple[datetime, ...] = ()
    """When firedoor set the workload back, of the last hour."""
    lost: bool = False
    generation: int = 0
    """The incident's, when it was last looked at."""

    @classmethod
    def known(cls, status: IncidentStatus) -> Self:
        """The fight as an earlier controller wrote it down."""
        lost = any(c.type == Type.WORKLOAD_SCALED and c.reason == Reason.SCALE_CONFLICT for c in status.conditions)
        return cls(status.reverts, lost, status.observed_generation or 0)

    def seen(self, *, at_rest: bool, generation: int, now: datetime) -> "Fight":
        """The fight after another look; not at rest and not lost means that firedoor sets the workload back now."""
        now = now.replace(microsecond=0)
        recent = tuple(at for at in self.reverts if now - at < HOUR)
        if at_rest:
            return Fight(recent, lost=False, generation=generation)
        if generation != self.generation:
            return Fight((now,), lost=False, generation=generation)
        if self.lost:
            return self
        if _exceeded(recent, now):
            return Fight(recent, lost=True, generation=generation)
        return Fight((*recent, now), lost=False, generation=generation)

    @property
    def told(self) -> str:
        """How often firedoor had set it back when the fight was lost, in words."""
        return _exceeded(self.reverts, max(self.reverts)) if self.reverts else ""


def _exceeded(reverts: tuple[datetime, ...], now: datetime) -> str:
    """The bound that is reached, in words; empty for none."""
    reached = (
        f"{most} times within {word}" for most, within, word in BOUNDS if sum(1 for at in reverts if now - at < within) >= most
    )
    return next(reached, "")


NO_FIGHT: Final = Fight()
