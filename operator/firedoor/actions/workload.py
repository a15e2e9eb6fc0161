"""Scale to zero: hold a workload at no replicas or suspended, by an annotation per incident, and give back what it was.

What it was is recorded in the same call, by the first holder only. Every call tests the resourceVersion. Refuses nothing
itself: the planner knows when the suspect is free of its owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, Invalid
from firedoor.kube.resources import WORKLOADS

RULES = (
    Rule(groups=("apps",), resources=("deployments", "replicasets", "statefulsets"), verbs=("get", "patch")),
    Rule(groups=("",), resources=("replicationcontrollers",), verbs=("get", "patch")),
    Rule(groups=("batch",), resources=("jobs", "cronjobs"), verbs=("get", "patch")),
    Rule(groups=("autoscaling",), resources=("horizontalpodautoscalers",), verbs=("list",)),
)
REST: Final[Mapping[str, Mapping[str, int | bool]]] = {
    kind: {"suspend": True} if resource.group == "batch" else {"replicas": 0} for kind, resource in WORKLOADS.items()
}
"""The part of the spec that puts each kind to rest."""
DISOWN_TRIES = 5


@dataclass(frozen=True, slots=True)
class At:
    """Which workload, as it was looked at."""

    kind: str
    namespace: str
    name: str
    version: str


async def hold(kube: Kube, at: At, holder: tuple[str, str], prior: str | None) -> None:
    """Puts the workload to rest. holder: incident uid and namespace/name; prior: the record, of the first holder only."""
    uid, incident = holder
    annotations = {names.scale_holder(uid): incident, **({names.PRIOR: prior} if prior is not None else {})}
    await _patch(kube, at, annotations, REST[at.kind])


async def give_back(kube: Kube, at: At, incident_uid: str, *, spec: Mapping[str, Any] | None, last: bool) -> None:
    """Lets go of the workload, and sets what the plan gives; None under a key removes it. The record goes with the last."""
    annotations = {names.scale_holder(incident_uid): None, **({names.PRIOR: None} if last else {})}
    given = await _patch(kube, at, annotations, spec)
    if last:
        await _disown(kube, at, given)


async def _disown(kube: Kube, at: At, found: Obj) -> None:
    """Takes firedoor out of the object's managed fields: what was given back is not firedoor's, and whoever applies it next
    must not find it claimed. Its controller writes to it at the same time, so one that has moved on is looked at again."""
    for _ in range(DISOWN_TRIES):
        if not (gone := _claims(found)):
            return
        unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": found["metadata"]["resourceVersion"]}
        try:
            await kube.patch(WORKLOADS[at.kind], at.name, at.namespace, [unchanged, *gone])
        except (Conflict, Invalid):
            latest = await kube.find(WORKLOADS[at.kind], at.name, at.namespace)
            if latest is None or latest["metadata"].get("uid") != found["metadata"].get("uid"):
                return
            found = latest
        except Gone:
            return


def _claims(found: Obj) -> list[Obj]:
    """What takes firedoor's entries out of the managed fields; nothing where an incident holds the object again."""
    metadata = found["metadata"]
    if names.PRIOR in (metadata.get("annotations") or {}):
        return []
    managers = [one.get("manager") for one in metadata.get("managedFields") or ()]
    places = [place for place, manager in enumerate(managers) if manager == names.FIELD_MANAGER]
    return [{"op": "remove", "path": f"/metadata/managedFields/{place}"} for place in reversed(places)]


async def _patch(kube: Kube, at: At, annotations: Mapping[str, str | None], spec: Mapping[str, Any] | None) -> Obj:
    body: dict[str, Any] = {"metadata": {"resourceVersion": at.version, "annotations": dict(annotations)}}
    if spec is not None:
        body["spec"] = dict(spec)
    return await kube.patch(WORKLOADS[at.kind], at.name, at.namespace, body)
