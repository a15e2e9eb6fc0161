"""Jobs of collectors and keepers, and an API server that has nothing else, for the stories of those who look at them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from firedoor.actions.signature import KEEPER
from firedoor.api import names
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import Resource
from tests.builders import UID
from tests.fakes.objects import pointed_at


def nothing() -> None:
    pass


class Shelf(Kube):
    """An API server that counts the Jobs that it hands out."""

    def __init__(self, *jobs: Obj) -> None:
        self.jobs = {job["metadata"]["name"]: job for job in jobs}
        self.handed_out = 0
        self.meanwhile: Callable[[], None] = nothing
        """What happens while a listing is on its way."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        if name not in self.jobs:
            raise Gone(f"no {name}", status=404)
        self.handed_out += 1
        return self.jobs[name]

    async def pages(self, resource: Resource, *_: Any, fields: str = "", **__: Any) -> AsyncIterator[Sequence[Obj]]:
        found = [job for job in self.jobs.values() if not fields or pointed_at(job, fields)]
        self.handed_out += len(found)
        self.meanwhile()
        await asyncio.sleep(0)
        yield found

    def put(self, job: Obj) -> None:
        self.jobs[job["metadata"]["name"]] = job


def collector(uid: str = UID, ended: str = "") -> Obj:
    return _job(names.collector_job(uid), uid, ended, {})


def keeper(uid: str = UID, ended: str = "") -> Obj:
    return _job(names.keeper_job(uid), uid, ended, {names.COMPONENT: KEEPER})


def _job(name: str, uid: str, ended: str, labels: dict[str, str]) -> Obj:
    conditions = [{"type": ended, "status": "True"}] if ended else None
    status = {"succeeded": int(ended == "Complete"), "conditions": conditions}
    return {"metadata": {"name": name, "uid": name, "labels": {**names.made_labels(uid), **labels}}, "status": status}


def uids(count: int) -> list[str]:
    return [f"{number:08x}-0000-0000-0000-000000000001" for number in range(count)]
