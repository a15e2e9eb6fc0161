"""The retention of evidence: every few minutes, what the policies say is kept long enough goes, with a record.

The process runs it on the leader, once the first listing of incidents is known: evidence of an open incident stays.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from firedoor.actions import retention
from firedoor.api import names
from firedoor.controller.ledger import Ledger
from firedoor.controller.rulebook import Rulebook
from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import CLAIMS
from firedoor.planner.kept import Kept
from firedoor.planner.retention import expired

log = logging.getLogger(__name__)
LOOK_SECONDS = 600.0
WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Retention:
    """The look at all evidence. `ready`: whether all incidents are known."""

    kube: Kube
    home: str
    ledger: Ledger
    rulebook: Rulebook
    ready: Callable[[], bool]
    clock: Callable[[], datetime]

    async def run(self) -> None:
        """Looks until cancelled."""
        while not self.ready():
            await asyncio.sleep(WAIT_SECONDS)
        while True:
            try:
                await self.once()
            except KubeError as error:
                log.warning("evidence whose time is over has to wait: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def once(self) -> None:
        """One look; without a policy that speaks of retention there is nothing to look at."""
        if not any(policy.spec.evidence_retention for policy in self.rulebook.policies.values()):
            return
        marked = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE},{names.INCIDENT_UID}"
        found = [Kept.read(claim) for claim in await self.kube.list(CLAIMS, self.home, labels=marked)]
        # A policy that selected the namespace by its labels may have wanted it kept for longer.
        every = [kept for kept in found if self.rulebook.knows(kept.suspect.partition("/")[0])]
        who = f"system:serviceaccount:{self.home}:{names.CONTROLLER}"
        for deletion in expired(every, self.rulebook.rules, self._living, who, self.clock()):
            log.warning("evidence of incident %s on claim %s goes: %s", deletion.incident, deletion.claim, deletion.why)
            try:
                await retention.delete(self.kube, deletion.record(self.home), deletion.event(self.home))
            except KubeError as error:
                log.warning("the evidence on claim %s cannot go yet: %s", deletion.claim, error)

    def _living(self, incident_uid: str) -> bool:
        record = self.ledger.records.get(incident_uid)
        return incident_uid in self.ledger.unreadable or (record is not None and not record.over)
