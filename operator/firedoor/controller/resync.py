"""Resync: once a minute, what the watch should have told is compared with what a listing shows.

It repairs lost events, finds incidents that are gone and containment that has no incident, and tells whether the watch
is frozen. The process runs it on the leader.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firedoor.api import names
from firedoor.api.incident import SecurityIncident
from firedoor.controller import metrics
from firedoor.controller.identities import frozen_list
from firedoor.controller.ledger import Ledger
from firedoor.controller.policies import OURS, Place, Policies
from firedoor.controller.queue import Lane
from firedoor.controller.reconcile import now
from firedoor.controller.record import NEVER, Record
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import DISRUPTION_BUDGETS, INCIDENTS, NETWORK_POLICIES, NODES
from firedoor.planner.orphans import orphans

log = logging.getLogger(__name__)
FROZEN_AFTER = 3
"""Resyncs in a row that had to repair something before the watch counts as frozen."""
PAGE = 100
"""Incidents that are listed at a time: a listing of thousands would double the memory and hold the loop up."""
GRACE_SECONDS = 5.0
"""Beyond the time of a resync since the last look: what looks at itself again after that time comes first, and is enough."""
Enqueue = Callable[[str, Lane, float], None]


@dataclass(slots=True)
class Resync:
    """The comparison and what it has found so far."""

    kube: Kube
    ledger: Ledger
    policies: Policies
    enqueue: Enqueue
    seconds: float
    cordons: bool = True
    """Whether nodes may be looked at: only where cordoning is switched on."""
    list_home: str = ""
    """Namespace of the list of the frozen; empty where freezing is switched off."""
    done: int = 0
    repairs_in_a_row: int = 0

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
        living, unreadable, repaired = set[str](), set[str](), 0
        async for page in self.kube.pages(INCIDENTS, size=PAGE):
            for found in page:
                living.add(found["metadata"]["uid"])
                try:
                    repaired += self._repair(found, before)
                except ValueError as error:
                    unreadable.add(found["metadata"]["uid"])
                    log.error("an incident cannot be read, so it is not acted on: %s", error)
                await asyncio.sleep(0)
        self.ledger.unreadable = frozenset(unreadable)
        self._count(repaired)
        self._bury(before.keys() - living)
        await self._undo_orphans(living)
        await self._miss_shelters()
        self.done += 1

    @property
    def frozen(self) -> bool:
        """Whether the watch no longer brings what happens."""
        return self.repairs_in_a_row >= FROZEN_AFTER

    def _repair(self, found: Obj, before: Mapping[str, str]) -> bool:
        """Takes in what the watch did not bring, and has the incident looked at; whether the watch had missed something."""
        known = self.ledger.records.get(found["metadata"]["uid"])
        missed = known is None or known.incident.metadata.generation < found["metadata"].get("generation", 0)
        if known is None or self._older(known, found, before):
            known = self.ledger.note(SecurityIncident.read(found))
            known.looked_at = NEVER
        self._look_again(known)
        return missed and self.done > 0

    def _older(self, known: Record, found: Obj, before: Mapping[str, str]) -> bool:
        """Whether the listing says something new, and the watch has brought nothing since the listing began."""
        version, listed = known.incident.metadata.resource_version, found["metadata"]["resourceVersion"]
        return version != listed and version == before.get(known.incident.uid)

    def _look_again(self, record: Record) -> None:
        """At once where there is news, else when nobody has looked for the time of a resync: thousands do not come together."""
        if record.settled:
            return
        if record.incident.leaving:
            self.enqueue(record.incident.uid, Lane.RELEASE, 0.0)
            return
        due = record.looked_at + self.seconds + GRACE_SECONDS
        self.enqueue(record.incident.uid, Lane.REST, max(0.0, due - asyncio.get_running_loop().time()))

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
            self.enqueue(uid, Lane.RELEASE, 0.0)

    async def _undo_orphans(self, living: set[str]) -> None:
        policies = await self._policies_without_incident(living)
        nodes = await self.kube.list(NODES) if self.cordons else []
        frozen = await frozen_list(self.kube, self.list_home) if self.list_home else None
        for incident in orphans(policies, nodes, living | set(self.ledger.records), now(), frozen):
            log.warning("containment of %s has no incident any more and is undone", incident.key)
            metrics.orphans.inc()
            self.ledger.note(incident)
            self.enqueue(incident.uid, Lane.RELEASE, 0.0)

    async def _policies_without_incident(self, living: set[str]) -> list[Obj]:
        found: list[Obj] = []
        missing = self.policies.denies
        async for page in self.kube.pages(NETWORK_POLICIES, labels=OURS):
            for policy in page:
                self.policies.listed(policy)
                missing.discard((policy["metadata"]["namespace"], policy["metadata"]["name"]))
                uid = policy["metadata"]["labels"].get(names.INCIDENT_UID)
                found += [policy] if uid and uid not in living else []
            await asyncio.sleep(0)
        self._miss_denies(missing)
        self.policies.complete = True
        return found

    def _miss_denies(self, missing: set[Place]) -> None:
        """A deny that was known before the listing began and is not in it: whoever is held by it looks anew."""
        self.policies.doubt(missing)
        for uid in self.ledger.holding() if missing else ():
            if (self.ledger.records[uid].incident.target_namespace, names.deny_policy(uid)) in missing:
                self.enqueue(uid, Lane.REST, 0.0)

    async def _miss_shelters(self) -> None:
        """Who had a disruption budget before the listing began and has none in it makes it again."""
        missing = {uid for uid in self.ledger.holding() if self.ledger.records[uid].sheltered}
        if not missing:
            return
        async for page in self.kube.pages(DISRUPTION_BUDGETS, labels=OURS):
            missing -= {budget["metadata"]["labels"].get(names.INCIDENT_UID) for budget in page}
            await asyncio.sleep(0)
        for record in (self.ledger.records[uid] for uid in missing & self.ledger.records.keys()):
            if record.sheltered:
                record.sheltered = None
                self.enqueue(record.incident.uid, Lane.REST, 0.0)
