"""Collectors and keepers that have failed: begun again a few times, so that what was captured is sealed and signed in the end.

Killed pods, a drained node or a volume that came too late end a Job although all that it needs is there. The loop over the
collectors calls it. A collector whose volume never came has nothing to go on with, and is not begun again.
"""

import logging

from firedoor.actions.again import again
from firedoor.api import names
from firedoor.controller.evidence_jobs import EvidenceJobs
from firedoor.controller.jobs import complete, number, over
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Forbidden, Gone, Invalid
from firedoor.kube.resources import CLAIMS

log = logging.getLogger(__name__)


class Tries:
    """What becomes of each Job that has failed."""

    def __init__(self, kube: Kube, home: str, evidence_jobs: EvidenceJobs) -> None:
        self._kube = kube
        self._home = home
        self._jobs = evidence_jobs
        self._given_up: set[str] = set()

    def settled(self, job: Obj) -> bool:
        """Whether it has ended and is not begun again."""
        return over(job) and not self._is_due(job)

    def why(self, job: Obj) -> str:
        """What is said of one that is not settled."""
        title = f"Job {self._home}/{job['metadata']['name']}"
        if not over(job):
            return f"{title} is at work."
        return f"{title} has failed; it is begun again, try {number(job) + 1} of {names.JOB_TRIES}."

    async def again(self) -> None:
        """Begins anew whatever has failed and may be tried again."""
        collectors, keepers = self._jobs.collectors, self._jobs.keepers
        self._given_up &= {job["metadata"]["name"] for job in (*collectors.values(), *keepers.values())}
        for known, first in ((collectors, names.collector_job), (keepers, names.keeper_job)):
            for uid, job in known.items():
                if self._is_due(job):
                    await self._begin(uid, job, names.tries(first(uid))[number(job)])

    def _is_due(self, job: Obj) -> bool:
        failed = over(job) and not complete(job)
        return failed and number(job) < names.JOB_TRIES and job["metadata"]["name"] not in self._given_up

    async def _begin(self, uid: str, job: Obj, following: str) -> None:
        try:
            await self._find_volume(uid)
            self._jobs.expect(following)
            await again(self._kube, self._home, job["metadata"]["name"], following, number(job) + 1)
            log.warning("%s", self.why(job))
        except (Forbidden, Invalid, Gone) as error:
            self._given_up.add(job["metadata"]["name"])
            log.error("Job %s has failed and is not begun again: %s", job["metadata"]["name"], error)

    async def _find_volume(self, uid: str) -> None:
        """Gone where there is none: then nothing was captured that could be gone on with."""
        name = names.evidence_claim(uid)
        claim = await self._kube.get(CLAIMS, name, self._home)
        if claim.get("status", {}).get("phase") == "Pending":
            raise Gone(f"claim {self._home}/{name} has got no volume")
