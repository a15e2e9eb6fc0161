"""Scale to zero: hold a Deployment at no replicas, by an annotation per incident, and give the replicas back.

The replicas that were are recorded in the same call, by the first holder only. Every call tests the
resourceVersion. Refuses nothing itself: the planner knows when the suspect is free of its owner.
"""

import json
from typing import Any

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube
from firedoor.kube.resources import DEPLOYMENTS

RULES = (
    Rule(groups=("apps",), resources=("deployments",), verbs=("get", "patch")),
    Rule(groups=("apps",), resources=("replicasets",), verbs=("get",)),
)


async def scale_to_zero(kube: Kube, workload: tuple[str, str, str], holder: tuple[str, str], replicas: int, first: bool) -> None:
    """Sets the replicas to zero. workload: namespace, name, resourceVersion; holder: incident uid and namespace/name."""
    (namespace, name, version), (uid, incident) = workload, holder
    annotations = {names.scale_holder(uid): incident}
    if first:
        annotations[names.PRIOR] = json.dumps({"replicas": replicas})
    body = {"metadata": {"resourceVersion": version, "annotations": annotations}, "spec": {"replicas": 0}}
    await kube.patch(DEPLOYMENTS, name, namespace, body)


async def give_back(kube: Kube, workload: tuple[str, str, str], incident_uid: str, *, replicas: int | None, last: bool) -> None:
    """Lets go of the workload, and sets the replicas where the plan gives a number."""
    namespace, name, version = workload
    annotations: dict[str, Any] = {names.scale_holder(incident_uid): None}
    if last:
        annotations[names.PRIOR] = None
    body: dict[str, Any] = {"metadata": {"resourceVersion": version, "annotations": annotations}}
    if replicas is not None:
        body["spec"] = {"replicas": replicas}
    await kube.patch(DEPLOYMENTS, name, namespace, body)
