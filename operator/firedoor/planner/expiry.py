"""When an incident releases itself: `releaseAfter` of its own or of the policies, counted from its creation. Pure.

What is due becomes `spec.release`, so that a release by time and one by a person are the same road. Whoever is about to begin
asks first: nothing is closed only to be opened again.
"""

from datetime import datetime

from firedoor.api.duration import parsed
from firedoor.api.incident import Release
from firedoor.planner.permits import Refusal
from firedoor.planner.situation import Situation


def expires(s: Situation) -> datetime | None:
    """When the incident is to be released by itself; None: never, or not while it is held."""
    after = s.incident.spec.release_after or s.rules.release_after
    created = s.incident.metadata.creation_timestamp
    if after is None or created is None or s.incident.spec.hold or s.incident.leaving:
        return None
    return created + parsed(after)


def due(s: Situation, refused: Refusal | None = None) -> Release | None:
    """The release that is due now, if one is: also of what only waited to begin, not of what is refused for good."""
    at = expires(s)
    if at is None or s.now < at or (refused is not None and not refused.waits):
        return None
    after = s.incident.spec.release_after or s.rules.release_after
    return Release(reason=f"releaseAfter: {after} have passed since the incident was made.")
