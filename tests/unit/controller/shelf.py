"""Jobs of collectors and keepers, and an API server that has nothing else, for the stories of those who look at them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from firedoor.actions.signature import KEEPER
from firedoor.api import names
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import CLAIMS, Resource
from tests.builders import UID
from tests.fakes.objects import pointed_at


def nothing() -> None:
    pass


class Shelf(Kube):
    """An API server that counts the Jobs that it hands out."""

    def __init__(self, *jobs: Obj) -> None:
        self.jobs = {job["metadata"]["name"]: job for job in jobs}
        self.handed_out = 0
        self.volume = "Bound"
        """The phase of every claim."""
        self.refuses: KubeError | None = None
        """What it says to whoever makes a Job."""
        self.meanwhile: Callable[[], None] = nothing
        """What happens while a listing is on its way."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        if resource is CLAIMS:
            return {"metadata": {"name": name}, "status": {"phase": self.volume}}
        if name not in self.jobs:
            raise Gone(f"no {name}", status=404)
        self.handed_out += 1
        return self.jobs[name]

    async def create(self, resource: Resource, obj: Obj) -> Obj:
        if self.refuses is not None:
            raise self.refuses
        self.put(obj)
        return obj

    async def pages(self, resource: Resource, *_: Any, fields: str = "", **__: Any) -> AsyncIterator[Sequence[Obj]]:
        found = [job for job in self.jobs.values() if not fields or pointed_at(job, fields)]
        self.handed_out += len(found)
        self.meanwhile()
        await asyncio.sleep(0)
        yield found

    def put(self, job: Obj) -> None:
        self.jobs[job["metadata"]["name"]] = job


def collector(uid: str = UID, ended: str = "", number: int = 1) -> Obj:
    return _job(names.tries(names.collector_job(uid)), number, uid, ended, {})


def keeper(uid: str = UID, ended: str = "", number: int = 1) -> Obj:
    return _job(names.tries(names.keeper_job(uid)), number, uid, ended, {names.COMPONENT: KEEPER})


def _job(tries: Sequence[str], number: int, uid: str, ended: str, labels: dict[str, str]) -> Obj:
    name, conditions = tries[number - 1], [{"type": ended, "status": "True"}] if ended else None
    metadata: Obj = {"name": name, "namespace": "firedoor-system", "uid": name, "labels": {**names.made_labels(uid), **labels}}
    if number > 1:
        metadata["annotations"] = {names.TRY: str(number)}
    owned = {"controller-uid": name, "job-name": name, "batch.kubernetes.io/controller-uid": name}
    template = {"metadata": {"labels": {**labels, **owned}}, "spec": {"restartPolicy": "Never"}}
    status = {"succeeded": int(ended == "Complete"), "conditions": conditions}
    spec = {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": name}}, "template": template}
    return {"metadata": metadata, "spec": spec, "status": status}


def uids(count: int) -> list[str]:
    return [f"{number:08x}-0000-0000-0000-000000000001" for number in range(count)]
