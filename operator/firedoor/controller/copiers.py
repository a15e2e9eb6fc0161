"""Copies in an object store: which bags are due, the Jobs that copy them, and what these said last.

One of the ways in which `Copies` keeps bags. The Jobs hold the credentials; nothing here does.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from firedoor.actions import copy
from firedoor.api import names
from firedoor.api.copies import Copy, ObjectStore
from firedoor.controller.jobs import by_incident, complete, gist, is_of, over
from firedoor.controller.rulebook import Rulebook
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import JOBS, PODS
from firedoor.planner.copies import CopierView, claim_note, copy_of, due, retain_until
from firedoor.planner.kept import Kept

log = logging.getLogger(__name__)
LIMIT = 2
"""Copiers at a time: they share the way to the store."""


@dataclass(slots=True)
class Copiers:
    """The copiers of all bags. `settled`: whether nothing more will be written to an incident's bag."""

    kube: Kube
    home: str
    image: str
    store: ObjectStore
    settled: Callable[[str], bool]
    rulebook: Rulebook
    clock: Callable[[], datetime]
    _tried: dict[str, float] = field(default_factory=dict)
    """When a copier was last started for an incident's bag."""

    async def look(self, every: Sequence[Kept]) -> Mapping[str, Copy]:
        """Starts those whose turn it is; what is known of each copy, by the incident's uid."""
        jobs = await self._jobs()
        await self.rulebook.learn(self.kube, {kept.namespace for kept in every})
        found = [(kept, await self._one(kept, jobs.get(kept.incident_uid)), self.settled(kept.incident_uid)) for kept in every]
        for kept in due(found, LIMIT, self._tried):
            await self._start(kept)
        return {kept.incident_uid: copied for kept, copied, _ in found}

    async def _one(self, kept: Kept, job: CopierView | None) -> Copy:
        copied = copy_of(kept, self.store, job, self._until(kept), self.settled(kept.incident_uid), self.clock())
        if copied.state == "Kept" and kept.copied.get("where") != copied.where:
            await copy.note_on_claim(self.kube, self.home, kept.incident_uid, claim_note(copied))
            log.info("the bag of incident %s is copied to %s", kept.incident_uid, copied.where)
        return copied

    async def _start(self, kept: Kept) -> None:
        self._tried[kept.incident_uid] = self.clock().timestamp()
        about = (kept.incident_uid, kept.incident, kept.sealed["bundle"], kept.sealed["tagManifestSHA256"])
        await copy.start(self.kube, self.home, self.image, self.store, copy.Copying(*about, self._until(kept)))

    def _until(self, kept: Kept) -> datetime:
        return retain_until(kept, self.store, self.rulebook.rules(kept.namespace))

    async def _jobs(self) -> Mapping[str, CopierView]:
        labels = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE},{names.COMPONENT}={copy.COPIER}"
        jobs = by_incident(gist(job) for job in await self.kube.list(JOBS, self.home, labels=labels))
        pods = await self.kube.list(PODS, self.home, labels=labels) if jobs else []
        return {uid: _view(job, [pod for pod in pods if is_of(pod, job)]) for uid, job in jobs.items()}


def _view(job: Obj, pods: list[Obj]) -> CopierView:
    words = [found for pod in pods if (found := _last_words(pod)) is not None]
    newest = max(words, key=lambda one: one[0], default=("", {}))[1]
    return CopierView(job["metadata"]["name"], over(job), complete(job), newest)


def _last_words(pod: Obj) -> tuple[str, Mapping[str, Any]] | None:
    """When a pod ended, and what it said; where that is not its own form, it is told as it came."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if ended := status.get("state", {}).get("terminated"):
            return str(ended.get("finishedAt", "")), _parsed(str(ended.get("message", "")))
    return None


def _parsed(message: str) -> Mapping[str, Any]:
    try:
        words = json.loads(message)
    except (ValueError, RecursionError):
        return {"message": message}
    return words if isinstance(words, dict) else {"message": message}
