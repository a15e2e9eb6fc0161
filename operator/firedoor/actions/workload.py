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
    must not find it claimed. Only where nobody changed the object since."""
    metadata = found["metadata"]
    entries = [
        place for place, one in enumerate(metadata.get("managedFields") or ()) if one.get("manager") == names.FIELD_MANAGER
    ]
    if not entries:
        return
    unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    gone = [{"op": "remove", "path": f"/metadata/managedFields/{place}"} for place in reversed(entries)]
    try:
        await kube.patch(WORKLOADS[at.kind], at.name, at.namespace, [unchanged, *gone])
    except (Conflict, Gone, Invalid):
        return  # it has moved on, and with it whose fields they are; what matters is given back


async def _patch(kube: Kube, at: At, annotations: Mapping[str, str | None], spec: Mapping[str, Any] | None) -> Obj:
    body: dict[str, Any] = {"metadata": {"resourceVersion": at.version, "annotations": dict(annotations)}}
    if spec is not None:
        body["spec"] = dict(spec)
    return await kube.patch(WORKLOADS[at.kind], at.name, at.namespace, body)
