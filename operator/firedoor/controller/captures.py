"""The collectors under way: how many run, which have finished and are signed, whose turn is next.

One shared look a second serves all incidents. The reconciler asks and takes turns; the loop here wakes incidents
whose collector has finished or whose turn has come.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from firedoor.api import names
from firedoor.api.incident import EvidenceStatus
from firedoor.controller.evidence_jobs import EvidenceJobs
from firedoor.controller.jobs import complete, is_of, over
from firedoor.controller.signing import Signing, Unsigned
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Forbidden, Gone, Invalid, KubeError
from firedoor.kube.resources import PODS
from firedoor.planner.situation import Capture

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
SELDOM_SECONDS = 30.0
SAID_MOST = 256
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class PutOff:
    """A signature that has to wait: until when, how long that was, and why."""

    until: float
    pause: float
    why: str


class Captures:
    """What is known of all collectors of this cluster."""

    def __init__(self, kube: Kube, home: str, limit: int, wake: Callable[[str], None], signing: Signing) -> None:
        self._kube = kube
        self._home = home
        self._limit = limit
        self._wake = wake
        self._signing = signing
        self._jobs = EvidenceJobs(kube, home)
        self._unsigned: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._put_off: dict[str, PutOff] = {}
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
        job = self._jobs.collectors.get(uid)
        return self._looked > float("-inf") and (job is None or (over(job) and self._unsettled(uid) is None))

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
                await self._sign_what_is_sealed()
                self._wake_those_concerned()
            except KubeError as error:
                log.warning("cannot look at the collectors: %s", error)

    @property
    def _running(self) -> set[str]:
        active = {uid for uid, job in self._jobs.collectors.items() if not over(job)}
        return active | (set(self._started) - self._jobs.collectors.keys())

    def _without_job(self, uid: str) -> Capture:
        if uid in self._started:
            return Capture("Running", why="The collector is being started.")
        waiting = uid in self._queued and len(self._running) >= self._limit
        return Capture("Queued", why=f"{self._limit} collectors are running; this one waits its turn.") if waiting else Capture()

    async def _with_job(self, uid: str, job: Obj) -> Capture:
        self._watched.add(uid)
        if not over(job):
            return Capture("Running", why=f"Collector {self._home}/{job['metadata']['name']} is at work.")
        found = _read_result(uid, job, await self._last_words(job))
        if found.state == "Sealed" and (why := self._unsettled(uid)) is not None:
            return Capture("Signing", why=why, trouble=self._refused.get(uid, ""))
        self.forget(uid)
        return self._with_signature(uid, found)

    def _unsettled(self, uid: str) -> str | None:
        """Why a bag whose collector has ended is not settled yet; None when it is."""
        if uid in self._unsigned:
            return None
        keeper = self._jobs.keepers.get(uid)
        if keeper is None:
            return "The bag is sealed and waits for its signature."
        return None if over(keeper) else "The bag is sealed, and its signature is being laid into it."

    def _with_signature(self, uid: str, found: Capture) -> Capture:
        if found.result is None or found.state != "Sealed":
            return found  # a collector that failed has sealed nothing
        keeper = self._jobs.keepers.get(uid)
        if keeper is not None and complete(keeper):
            key = keeper["metadata"].get("annotations", {}).get(names.KEY_ID)
            return replace(found, result=found.result.model_copy(update={"key_id": key}))
        why = self._unsigned.get(uid) or f"Job {self._home}/{names.keeper_job(uid)} could not lay the signature into the bag"
        return replace(found, result=found.result.model_copy(update={"unsigned": why[:SAID_MOST]}))

    async def _sign_what_is_sealed(self) -> None:
        """Signs each bag whose collector has ended, whatever has become of its incident."""
        for uid, job in self._jobs.collectors.items():
            if over(job) and uid not in self._jobs.keepers and uid not in self._unsigned and self._is_due(uid):
                await self._sign(uid, job)

    def _is_due(self, uid: str) -> bool:
        found = self._put_off.get(uid)
        return found is None or asyncio.get_running_loop().time() >= found.until

    async def _sign(self, uid: str, job: Obj) -> None:
        try:
            await self._signing.sign(uid, await self._last_words(job))
            self._jobs.expect(names.keeper_job(uid))
            self._refused.pop(uid, None)
            self._put_off.pop(uid, None)
        except (Unsigned, Gone) as unsigned:
            log.error("the bag of incident %s is not signed: %s", uid, unsigned)
            self._unsigned[uid] = str(unsigned)
        except KubeError as error:
            self._try_later(uid, str(error))
            if isinstance(error, (Forbidden, Invalid)):
                self._show_refused(uid, str(error))
        self._watched.add(uid)

    def _try_later(self, uid: str, why: str) -> None:
        """Again after ever longer pauses, beside the bags of others; what fails in another way begins anew."""
        before = self._put_off.get(uid)
        pause = min(2 * before.pause, LONGEST_PAUSE) if before and before.why == why else FIRST_PAUSE
        self._put_off[uid] = PutOff(asyncio.get_running_loop().time() + pause, pause, why)
        log.warning("the bag of incident %s cannot be signed yet, again in %.0f s: %s", uid, pause, why)

    def _show_refused(self, uid: str, error: str) -> None:
        """What is refused is shown on the incident."""
        if self._refused.get(uid) != error:
            self._refused[uid] = error
            self._wake(uid)

    async def _last_words(self, job: Obj) -> str:
        selector = f"batch.kubernetes.io/job-name={job['metadata']['name']}"
        pods = await self._kube.list(PODS, self._home, labels=selector)
        return next((words for pod in pods if is_of(pod, job) and (words := _termination_message(pod))), "")

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
        self._unsigned = {uid: why for uid, why in self._unsigned.items() if uid in jobs}
        self._put_off = {uid: found for uid, found in self._put_off.items() if uid in jobs}
        self._started = {uid: at for uid, at in self._started.items() if uid not in jobs and self._looked - at < 60}

    def _wake_those_concerned(self) -> None:
        jobs = self._jobs.collectors
        for uid in [uid for uid in self._watched if uid in jobs and over(jobs[uid]) and not self._unsettled(uid)]:
            self._watched.discard(uid)
            self._wake(uid)
        free = max(0, self._limit - len(self._running))
        for uid in list(self._queued)[:free]:
            del self._queued[uid]
            self._wake(uid)


def _termination_message(pod: Obj) -> str:
    for status in pod.get("status", {}).get("containerStatuses") or ():
        terminated = status.get("state", {}).get("terminated") or {}
        if terminated.get("exitCode") == 0:
            return str(terminated.get("message", ""))
    return ""


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
