"""Which evidence may go, because a policy says how long it is kept. Pure. Without such a policy evidence is kept for ever.

Never while its incident is open, and never what is not sealed: nobody knows yet what that is.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from firedoor.api.duration import parsed
from firedoor.planner.deletion import Deletion
from firedoor.planner.kept import Kept
from firedoor.planner.rules import Rules


def expired(
    every: Iterable[Kept], rules: Callable[[str], Rules], living: Callable[[str], bool], who: str, now: datetime
) -> Iterator[Deletion]:
    """What is to be deleted now. rules: of a suspect's namespace; living: whether an incident of this uid is not over."""
    for kept in every:
        period = rules(kept.suspect.partition("/")[0]).evidence_retention
        sealed_at = moment(kept.sealed.get("sealedAt", ""))
        if period is None or sealed_at is None or living(kept.incident_uid) or now - sealed_at < parsed(period):
            continue
        why = f"kept since {kept.sealed['sealedAt']}, for longer than the {period} of the policies"
        yield Deletion.of(kept, who, why, now)


def moment(text: str) -> datetime | None:
    """The moment in a note; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
