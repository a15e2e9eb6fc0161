"""The collectors under way: how many run, which have finished and are signed, whose turn is next.

One shared look a second serves all incidents. The reconciler asks and takes turns; the loop here wakes incidents
whose collector has finished or whose turn has come.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from firedoor.api import names
from firedoor.api.incident import EvidenceStatus
from firedoor.controller.evidence_jobs import EvidenceJobs
from firedoor.controller.signatures import Signatures
from firedoor.controller.signing import Signing
from firedoor.controller.tries import Tries
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import KubeError
from firedoor.planner.situation import Capture

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
SELDOM_SECONDS = 30.0


class Captures:
    """What is known of all collectors of this cluster."""

    def __init__(self, kube: Kube, home: str, limit: int, wake: Callable[[str], None], signing: Signing) -> None:
        self._home = home
        self._limit = limit
        self._wake = wake
        self._jobs = EvidenceJobs(kube, home)
        self._tries = Tries(kube, home, self._jobs)
        self._signatures = Signatures(home, self._jobs, self._tries, signing, wake)
        self._started: dict[str, float] = {}
        self._queued: dict[str, None] = {}
        self._watched: set[str] = set()
        self._looked = float("-inf")
        self._looking = asyncio.Lock()

    async def of(self, uid: str, sealed: EvidenceStatus | None) -> Capture:
        """How far this incident's evidence is; what its status already tells needs no look."""
        if sealed is not None and sealed.sealed_at is not None:
            return Capture("Sealed", sealed)
        await self._look(LOOK_SECONDS)
        job = self._jobs.collectors.get(uid)
        if job is None:
            return self._without_job(uid)
        return await self._with_job(uid, job)

    def settled(self, uid: str) -> bool:
        """Whether nothing more will be written to the bag of this incident, as far as the last look tells."""
        if self._looked == float("-inf"):
            return False
        job = self._jobs.collectors.get(uid)
        return job is None or (self._tries.settled(job) and self._signatures.awaited(uid) is None)

    def take(self, uid: str) -> bool:
        """Takes a turn for this incident, if one is free; otherwise it is woken when one is."""
        self._watched.add(uid)
        if uid in self._running or len(self._running) < self._limit:
            self._queued.pop(uid, None)
            self._started[uid] = asyncio.get_running_loop().time()
            self._jobs.expect(names.collector_job(uid))
            return True
        self._queued[uid] = None
        return False

    def forget(self, uid: str) -> None:
        for kept in (self._started, self._queued):
            kept.pop(uid, None)
        self._watched.discard(uid)

    async def run(self) -> None:
        """Looks once a second while somebody waits for a collector, else now and then: bags are signed in any case."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._watched and asyncio.get_running_loop().time() - self._looked < SELDOM_SECONDS:
                continue
            try:
                await self._look()
                await self._tries.again()
                self._watched.update(await self._signatures.lay())
                self._wake_those_concerned()
            except KubeError as error:
                log.warning("cannot look at the collectors: %s", error)

    @property
    def _running(self) -> set[str]:
        active = {uid for uid, job in self._jobs.collectors.items() if not self._tries.settled(job)}
        return active | (set(self._started) - self._jobs.collectors.keys())

    def _without_job(self, uid: str) -> Capture:
        if uid in self._started:
            return Capture("Running", why="The collector is being started.")
        waiting = uid in self._queued and len(self._running) >= self._limit
        return Capture("Queued", why=f"{self._limit} collectors are running; this one waits its turn.") if waiting else Capture()

    async def _with_job(self, uid: str, job: Obj) -> Capture:
        self._watched.add(uid)
        if not self._tries.settled(job):
            return Capture("Running", why=self._tries.why(job))
        found = _read_result(uid, job, await self._jobs.last_words(job))
        if found.state == "Sealed" and (why := self._signatures.awaited(uid)) is not None:
            return Capture("Signing", why=why, trouble=self._signatures.refused(uid))
        self.forget(uid)
        return self._signatures.told(uid, found)

    async def _look(self, oldest: float = 0.0) -> None:
        """Takes in how the Jobs are, unless a look that began within these seconds tells; one look at a time."""
        async with self._looking:
            at = asyncio.get_running_loop().time()
            if at - self._looked < oldest:
                return
            await self._jobs.look()
            self._looked = at
            self._forget_what_is_over()

    def _forget_what_is_over(self) -> None:
        jobs = self._jobs.collectors
        self._signatures.keep(jobs.keys())
        self._started = {uid: at for uid, at in self._started.items() if uid not in jobs and self._looked - at < 60}

    def _wake_those_concerned(self) -> None:
        jobs = self._jobs.collectors
        for uid in [uid for uid in self._watched if uid in jobs and self.settled(uid)]:
            self._watched.discard(uid)
            self._wake(uid)
        free = max(0, self._limit - len(self._running))
        for uid in list(self._queued)[:free]:
            del self._queued[uid]
            self._wake(uid)


def _read_result(uid: str, job: Obj, message: str) -> Capture:
    claim = names.evidence_claim(uid)
    try:
        result: dict[str, Any] = json.loads(message)
        evidence = EvidenceStatus.read({**result, "claim": claim})
    except ValueError:
        name = job["metadata"]["name"]
        why = f"Collector Job {name} ended without a result; what it wrote is on claim {claim}."
        return Capture("Failed", EvidenceStatus.read({"claim": claim, "status": "Failed"}), why)
    return Capture("Sealed", evidence, str(result.get("reason", "")))
