"""When to look again: the earliest of several wishes, and the moment at which an incident releases itself.

The loops call it; nothing here waits.
"""

from datetime import datetime

from firedoor.controller.queue import Again


def earliest(*wishes: Again | None) -> Again | None:
    """The first of them; None when nothing is wished for."""
    return min((wish for wish in wishes if wish is not None), key=lambda wish: wish.seconds, default=None)


def until(expires: datetime | None, now: datetime) -> Again | None:
    """A look at the moment when the incident releases itself."""
    return None if expires is None else Again(max(0.0, (expires - now).total_seconds()))
