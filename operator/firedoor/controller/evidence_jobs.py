"""The Jobs of collectors and keepers as they are now, at the cost of those under way: finished ones stay for an hour.

Captures look through it; nothing is made or changed here. All Jobs are listed now and then; in between those that have not
succeeded, and what is missing among them is asked for by name.
"""

import asyncio
from collections.abc import Set

from firedoor.actions.signature import KEEPER
from firedoor.api import names
from firedoor.controller.jobs import by_incident, component, gist, is_of, over
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import JOBS, PODS

ALL_SECONDS = 30.0
OURS = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE}"
PAGE = 100
"""Jobs that are read at a time: a whole listing would hold the loop up."""
NOT_SUCCEEDED = "status.successful=0"


class EvidenceJobs:
    """What is known of each Job, by incident."""

    def __init__(self, kube: Kube, home: str) -> None:
        self._kube = kube
        self._home = home
        self._known: dict[str, Obj] = {}
        self._expected: dict[str, float] = {}
        self._all_at = float("-inf")
        self.collectors: dict[str, Obj] = {}
        self.keepers: dict[str, Obj] = {}

    def expect(self, name: str) -> None:
        """Says that a Job is about to be made, which may be over before it is seen at work; it may never be made either."""
        self._expected[name] = asyncio.get_running_loop().time()

    async def look(self) -> None:
        """Takes in how they are now."""
        at = asyncio.get_running_loop().time()
        if at - self._all_at > ALL_SECONDS:
            self._known, self._all_at = await self._list(), at
            self._expect_no_longer({name for name, since in self._expected.items() if at - since > ALL_SECONDS})
        else:
            await self._look_at_those_under_way()
        self.keepers = by_incident(job for job in self._known.values() if component(job) == KEEPER)
        self.collectors = by_incident(job for job in self._known.values() if not component(job))

    async def last_words(self, job: Obj) -> str:
        """What the pod said with which a Job succeeded; empty when there is none."""
        selector = f"batch.kubernetes.io/job-name={job['metadata']['name']}"
        pods = await self._kube.list(PODS, self._home, labels=selector)
        return next((words for pod in pods if is_of(pod, job) and (words := _termination_message(pod))), "")

    async def _look_at_those_under_way(self) -> None:
        found = await self._list(NOT_SUCCEEDED)
        before = {name for name, job in self._known.items() if not over(job)}
        missing = tuple((before | self._expected.keys()) - found.keys())
        for name, job in zip(missing, await asyncio.gather(*(self._find(name) for name in missing)), strict=True):
            if job is not None:
                found[name] = job
            else:
                self._known.pop(name, None)
        self._expect_no_longer(found.keys())
        self._known |= found

    def _expect_no_longer(self, those: Set[str]) -> None:
        self._expected = {name: since for name, since in self._expected.items() if name not in those}

    async def _find(self, name: str) -> Obj | None:
        job = await self._kube.find(JOBS, name, self._home)
        return None if job is None else gist(job)

    async def _list(self, fields: str = "") -> dict[str, Obj]:
        pages = self._kube.pages(JOBS, self._home, labels=OURS, fields=fields, size=PAGE)
        return {job["metadata"]["name"]: gist(job) async for page in pages for job in page}


def _termination_message(pod: Obj) -> str:
    for status in pod.get("status", {}).get("containerStatuses") or ():
        terminated = status.get("state", {}).get("terminated") or {}
        if terminated.get("exitCode") == 0:
            return str(terminated.get("message", ""))
    return ""
