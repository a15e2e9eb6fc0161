"""Which sealed bags carry their signature, which still wait for it, and why one never gets it.

The loop over the collectors has each bag signed whose collector has ended, whatever has become of its incident. What
cannot be signed now is tried again after ever longer pauses, beside the bags of others; nothing here ends an incident.
"""

import asyncio
import logging
from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from firedoor.api import names
from firedoor.controller.evidence_jobs import EvidenceJobs
from firedoor.controller.jobs import complete
from firedoor.controller.signing import Signing, Unsigned
from firedoor.controller.tries import Tries
from firedoor.kube.client import Obj
from firedoor.kube.errors import Forbidden, Gone, Invalid, KubeError
from firedoor.planner.situation import Capture

log = logging.getLogger(__name__)
SAID_MOST = 256
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class PutOff:
    """A signature that has to wait: until when, how long that was, and why."""

    until: float
    pause: float
    why: str


class Signatures:
    """What is known of the signature of each bag, by the incident's uid. `wake`: has an incident looked at again."""

    def __init__(self, home: str, jobs: EvidenceJobs, tries: Tries, signing: Signing, wake: Callable[[str], None]) -> None:
        self._home = home
        self._jobs = jobs
        self._tries = tries
        self._signing = signing
        self._wake = wake
        self._unsigned: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._put_off: dict[str, PutOff] = {}

    def awaited(self, uid: str) -> str | None:
        """Why a bag whose collector has ended is not settled yet; None when it is."""
        if uid in self._unsigned:
            return None
        keeper = self._jobs.keepers.get(uid)
        if keeper is None:
            return "The bag is sealed and waits for its signature."
        return None if self._tries.settled(keeper) else "The bag is sealed, and its signature is being laid into it."

    def refused(self, uid: str) -> str:
        """What the API server said to a signature that it refused; empty when it did not."""
        return self._refused.get(uid, "")

    def told(self, uid: str, found: Capture) -> Capture:
        """A capture with the key that signed its bag, or with why none did."""
        if found.result is None or found.state != "Sealed":
            return found  # a collector that failed has sealed nothing
        keeper = self._jobs.keepers.get(uid)
        if keeper is not None and complete(keeper):
            key = keeper["metadata"].get("annotations", {}).get(names.KEY_ID)
            return replace(found, result=found.result.model_copy(update={"key_id": key}))
        name = keeper["metadata"]["name"] if keeper else names.keeper_job(uid)
        why = self._unsigned.get(uid) or f"Job {self._home}/{name} could not lay the signature into the bag"
        return replace(found, result=found.result.model_copy(update={"unsigned": why[:SAID_MOST]}))

    async def lay(self) -> set[str]:
        """Signs each bag that is sealed and due, and has its signature laid into it; the incidents that were tried."""
        due = {uid: job for uid, job in self._jobs.collectors.items() if self._tries.settled(job) and self._is_due(uid)}
        for uid, job in due.items():
            await self._sign(uid, job)
        return set(due)

    def keep(self, uids: Set[str]) -> None:
        """Forgets what is known of all but these."""
        self._unsigned = {uid: why for uid, why in self._unsigned.items() if uid in uids}
        self._refused = {uid: why for uid, why in self._refused.items() if uid in uids}
        self._put_off = {uid: found for uid, found in self._put_off.items() if uid in uids}

    def _is_due(self, uid: str) -> bool:
        found = self._put_off.get(uid)
        waits = found is not None and asyncio.get_running_loop().time() < found.until
        return not waits and uid not in self._jobs.keepers and uid not in self._unsigned

    async def _sign(self, uid: str, job: Obj) -> None:
        try:
            await self._signing.sign(uid, await self._jobs.last_words(job))
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

    def _try_later(self, uid: str, why: str) -> None:
        """Again after ever longer pauses; what fails in another way begins anew."""
        before = self._put_off.get(uid)
        pause = min(2 * before.pause, LONGEST_PAUSE) if before and before.why == why else FIRST_PAUSE
        self._put_off[uid] = PutOff(asyncio.get_running_loop().time() + pause, pause, why)
        log.warning("the bag of incident %s cannot be signed yet, again in %.0f s: %s", uid, pause, why)

    def _show_refused(self, uid: str, error: str) -> None:
        """What is refused is shown on the incident."""
        if self._refused.get(uid) != error:
            self._refused[uid] = error
            self._wake(uid)
