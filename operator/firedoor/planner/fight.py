"""A fight over a workload: somebody sets it up again while an incident holds it at rest, and firedoor sets it back.

Pure. Three times within a minute at most; then the fight is lost, until the workload is seen at rest or the incident
changes. The controller remembers it between two looks; memory is enough, because a restart grants three more and no loop.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 3
WITHIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Fight:
    """What happened so far."""

    reverts: tuple[datetime, ...] = ()
    """When firedoor set the workload back, of the last minute."""
    lost: bool = False
    generation: int = 0
    """The incident's, when it was last looked at."""

    def seen(self, *, at_rest: bool, generation: int, now: datetime) -> "Fight":
        """The fight after another look; not at rest and not lost means that firedoor sets the workload back now."""
        recent = tuple(at for at in self.reverts if now - at < WITHIN)
        if at_rest:
            return Fight(recent, lost=False, generation=generation)
        if generation != self.generation:
            return Fight((now,), lost=False, generation=generation)
        if self.lost:
            return self
        if len(recent) >= MOST:
            return Fight(recent, lost=True, generation=generation)
        return Fight((*recent, now), lost=False, generation=generation)


NO_FIGHT: Final = Fight()
