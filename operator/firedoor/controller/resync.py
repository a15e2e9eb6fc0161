"""Resync: once a minute, what the watch should have told is compared with what a listing shows.

It repairs lost events, finds incidents that are gone and containment that has no incident, and tells whether the watch
is frozen. The process runs it on the leader.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from firedoor.api import names
from firedoor.api.incident import SecurityIncident
from firedoor.controller import metrics
from firedoor.controller.identities import frozen_list
from firedoor.controller.queue import Lane
from firedoor.controller.reconcile import now
from firedoor.controller.record import Ledger
from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import INCIDENTS, NETWORK_POLICIES, NODES
from firedoor.planner.orphans import orphans

log = logging.getLogger(__name__)
FROZEN_AFTER = 3
"""Resyncs in a row that had to repair something before the watch counts as frozen."""


@dataclass(slots=True)
class Resync:
    """The comparison and what it has found so far."""

    kube: Kube
    ledger: Ledger
    enqueue: Callable[[str, Lane], None]
    seconds: float
    cordons: bool = True
    """Whether nodes may be looked at: only where cordoning is switched on."""
    list_home: str = ""
    """Namespace of the list of the frozen; empty where freezing is switched off."""
    done: int = 0
    repairs_in_a_row: int = 0
    _missed: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Compares until cancelled."""
        while True:
            try:
                await self.once()
            except KubeError as error:
                log.warning("resync has to wait: %s", error)
                await asyncio.sleep(1.0)
                continue
            await asyncio.sleep(self.seconds)

    async def once(self) -> None:
        """One comparison."""
        before = {uid: record.incident.metadata.resource_version for uid, record in self.ledger.records.items()}
        listed = [SecurityIncident.read(found) for found in await self.kube.list(INCIDENTS)]
        self._count(sum(1 for incident in listed if self._repair(self._newest(incident, before))))
        living = {incident.uid for incident in listed}
        self._bury(before.keys() - living)
        await self._undo_orphans(living)
        self.done += 1

    @property
    def frozen(self) -> bool:
        """Whether the watch no longer brings what happens."""
        return self.repairs_in_a_row >= FROZEN_AFTER

    def _newest(self, listed: SecurityIncident, before: Mapping[str, str]) -> SecurityIncident:
        """The incident as listed, or as known where the watch has brought another form since the listing began."""
        known = self.ledger.records.get(listed.uid)
        if known is not None and known.incident.metadata.resource_version != before.get(listed.uid):
            return known.incident
        return listed

    def _repair(self, incident: SecurityIncident) -> bool:
        record = self.ledger.records.get(incident.uid)
        missed = record is None or record.incident.metadata.generation < incident.metadata.generation
        record = self.ledger.note(incident)
        if not record.over:
            self.enqueue(incident.uid, Lane.RELEASE if incident.leaving else Lane.REST)
        return missed and self.done > 0

    def _count(self, repaired: int) -> None:
        metrics.repaired.inc(repaired)
        self.repairs_in_a_row = self.repairs_in_a_row + 1 if repaired else 0

    def _bury(self, missing: set[str]) -> None:
        """What was known before the listing began and is not in it was deleted; what came since is only newer than it."""
        for uid in missing:
            record = self.ledger.records.get(uid)
            if record is None or record.incident.metadata.deletion_timestamp:
                continue
            self.ledger.gone(record.incident, now())
            self.enqueue(uid, Lane.RELEASE)

    async def _undo_orphans(self, living: set[str]) -> None:
        marked = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE},{names.INCIDENT_UID}"
        policies = await self.kube.list(NETWORK_POLICIES, labels=marked)
        nodes = await self.kube.list(NODES) if self.cordons else []
        frozen = await frozen_list(self.kube, self.list_home) if self.list_home else None
        for incident in orphans(policies, nodes, living | set(self.ledger.records), now(), frozen):
            log.warning("containment of %s has no incident any more and is undone", incident.key)
            metrics.orphans.inc()
            self.ledger.note(incident)
            self.enqueue(incident.uid, Lane.RELEASE)
