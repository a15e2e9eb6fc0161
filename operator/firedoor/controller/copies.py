"""The copies of sealed bags: looked after in every way that the chart's values name, and told to whoever should hear of them.

Looks at the claims, which outlive their incidents. The process runs it on the leader. Nothing waits for it: a copy that
fails is told on its incident and tried again.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from firedoor.api import names
from firedoor.api.conditions import Condition
from firedoor.api.copies import Copy
from firedoor.controller import metrics
from firedoor.controller.ledger import Ledger
from firedoor.controller.status import Scribe
from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import CLAIMS
from firedoor.planner.copies import beside, news, ready
from firedoor.planner.kept import Kept

log = logging.getLogger(__name__)
LOOK_SECONDS: Final = {"Pending": 2.0, "Copying": 2.0, "Failed": 10.0, "Kept": 30.0}
"""How soon to look again, by the state of a copy; the most urgent counts."""
SELDOM_SECONDS = 30.0
COPIED = "EvidenceCopied"


class Way(Protocol):
    """A way in which bags are kept a second time."""

    async def look(self, every: Sequence[Kept]) -> Mapping[str, Copy]:
        """Does what is due; what is known of each, by the incident's uid."""


@dataclass(slots=True)
class Copies:
    """The loop over all copies."""

    kube: Kube
    home: str
    ways: tuple[Way, ...]
    ledger: Ledger
    scribe: Scribe
    wake: Callable[[str], None]
    clock: Callable[[], datetime]
    _known: dict[str, tuple[Copy, ...]] = field(default_factory=dict)
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, incident_uid: str) -> tuple[Copy, ...]:
        """What is known of the copies of an incident's bag."""
        return self._known.get(incident_uid, ())

    def look_soon(self) -> None:
        """Says that a bag was sealed."""
        self._called.set()

    async def run(self) -> None:
        """Looks until cancelled: often while a copy is on its way, else now and then, and when called."""
        while True:
            try:
                await self.once()
            except KubeError as error:
                log.warning("cannot look after the copies of evidence: %s", error)
            await self._rest()

    async def once(self) -> None:
        """One look at all sealed evidence."""
        every = [kept async for kept in self._sealed()]
        found: dict[str, tuple[Copy, ...]] = defaultdict(tuple)
        for way in self.ways:
            for uid, copied in (await self._look(way, every)).items():
                found[uid] += (copied,)
        self._known = {uid: copies for uid, copies in self._known.items() if uid in found}
        for uid, copies in found.items():
            if self._known.get(uid) != copies:
                await self._tell(uid, copies)
        _count(found)

    async def _look(self, way: Way, every: Sequence[Kept]) -> Mapping[str, Copy]:
        """One way's copies; one that cannot be looked at keeps no other up."""
        try:
            return await way.look(every)
        except KubeError as error:
            log.warning("%s cannot look after copies of evidence: %s", type(way).__name__, error)
            return {}

    async def _rest(self) -> None:
        states = {copied.state for copies in self._known.values() for copied in copies}
        try:
            async with asyncio.timeout(min((LOOK_SECONDS[state] for state in states), default=SELDOM_SECONDS)):
                await self._called.wait()
        except TimeoutError:
            return
        self._called.clear()

    async def _tell(self, uid: str, copies: tuple[Copy, ...]) -> None:
        """The incident, if there still is one: by another look at it, or where nobody looks any more by its status alone."""
        record = self.ledger.records.get(uid)
        if record is not None:
            incident, before = record.incident, record.incident.status.evidence
            for copied in copies:
                if news(before, copied):
                    await self.scribe.say(incident, _said(copied, incident.metadata.generation, self.clock()))
            if record.over:
                await self.scribe.write(incident, incident.status.model_copy(update={"evidence": beside(before, before, copies)}))
        self._known[uid] = copies
        self.wake(uid)

    async def _sealed(self) -> AsyncIterator[Kept]:
        marked = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE},{names.INCIDENT_UID}"
        async for page in self.kube.pages(CLAIMS, self.home, labels=marked):
            for claim in page:
                if ready(kept := Kept.read(claim)):
                    yield kept


def _count(found: Mapping[str, tuple[Copy, ...]]) -> None:
    metrics.copies.clear()
    for (kind, state), number in Counter((one.kind, one.state) for copies in found.values() for one in copies).items():
        metrics.copies.labels(kind, state).set(number)


def _said(copied: Copy, generation: int, now: datetime) -> Condition:
    """An event's content: not one of the incident's conditions, because no containment waits for a copy."""
    return Condition(
        type=COPIED,
        status="True" if copied.state == "Kept" else "False",
        reason=copied.reason,
        message=f"{copied.where}: {copied.message}"[:1024],
        last_transition_time=now,
        observed_generation=generation,
    )
