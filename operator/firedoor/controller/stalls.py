"""What the API server refuses: shown on the incident, and tried again slowly, never dropped. The reconciler calls it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from firedoor.api.conditions import Reason
from firedoor.controller.again import earliest
from firedoor.controller.family import Family
from firedoor.controller.observe import Observer
from firedoor.controller.proving import Proving
from firedoor.controller.queue import Again
from firedoor.controller.record import Record
from firedoor.controller.status import Scribe
from firedoor.kube.errors import Forbidden, Invalid
from firedoor.planner import blind
from firedoor.planner.family import heads_family
from firedoor.planner.report import Findings, status
from firedoor.planner.situation import Situation
from firedoor.planner.summary import Trouble

log = logging.getLogger(__name__)
SLOWLY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Stalls:
    """Everything that telling of a refusal needs."""

    observer: Observer
    scribe: Scribe
    family: Family
    proving: Proving
    clock: Callable[[], datetime]

    async def tell(self, record: Record, error: Forbidden | Invalid) -> Again:
        """Writes what was refused into the incident's status, beside all that may still be seen; when to try again."""
        log.warning("incident %s stalls: %s", record.incident.key, error)
        trouble = _trouble(error)
        if heads_family(record.incident):
            await self.family.stall(record, trouble)
            return Again(SLOWLY_SECONDS)
        try:
            s = await self._as_far_as_allowed(record)
        except (Forbidden, Invalid) as unseen:
            s = self.observer.unseen(record.incident, self.clock())
            await self.scribe.write(record.incident, blind.status(s, _trouble(unseen), record.drift))
            return Again(SLOWLY_SECONDS)
        findings = Findings(drift=record.drift, closed_at=record.closed_at, trouble=trouble)
        await self.scribe.write(record.incident, status(s, findings))
        proving = None if record.incident.leaving else self.proving.verify(record, s)
        return earliest(Again(SLOWLY_SECONDS), proving) or Again(SLOWLY_SECONDS)

    async def _as_far_as_allowed(self, record: Record) -> Situation:
        """The situation for a report of trouble, which may be that what is around the pod must not be looked at."""
        pod = await self.observer.suspect(record.incident, self.clock())
        known = replace(pod, proof=self.proving.known_proof(record), fight=record.fight, seen_open=record.seen_open)
        s = self.proving.with_engine(known)
        try:
            return await self.observer.around(s)
        except (Forbidden, Invalid) as error:
            log.warning("what is around the suspect of %s cannot be told: %s", record.incident.key, error)
            return s


def _trouble(error: Forbidden | Invalid) -> Trouble:
    if isinstance(error, Invalid):
        return Trouble(Reason.INVALID, str(error))
    return Trouble(Reason.FORBIDDEN, f"{error}. Give firedoor's account that permission; it is tried again by itself.")
