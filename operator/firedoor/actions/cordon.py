"""Cordon: keep new pods off the suspect's node, held by an annotation per incident, and let go of it.

What the node was before the first holder is written in the same call; the last one restores that. Every call tests the
resourceVersion, because two incidents may race on one node.
"""

import json
from typing import Any

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import NODES

RULES = (Rule(groups=("",), resources=("nodes",), verbs=("get", "list", "watch", "patch")),)


async def cordon(kube: Kube, node: tuple[str, str], holder: tuple[str, str], before: bool | None) -> Obj:
    """Holds the node unschedulable; the node as it is then.

    node: name and resourceVersion; holder: incident uid and its namespace/name. before: whether it was unschedulable before
    the first holder; None leaves its record alone.
    """
    (name, version), (uid, incident) = node, holder
    annotations = {names.cordon_holder(uid): incident}
    if before is not None:
        annotations[names.PRIOR] = json.dumps({"unschedulable": before})
    body = {"metadata": {"resourceVersion": version, "annotations": annotations}, "spec": {"unschedulable": True}}
    return await kube.patch(NODES, name, None, body)


async def release(kube: Kube, node: tuple[str, str], incident_uid: str, *, uncordon: bool, last: bool) -> Obj:
    """Lets go of the node, uncordoned where the plan says so; the node as it is then. The record goes with the last holder."""
    name, version = node
    annotations: dict[str, Any] = {names.cordon_holder(incident_uid): None}
    if last:
        annotations[names.PRIOR] = None
    body: dict[str, Any] = {"metadata": {"resourceVersion": version, "annotations": annotations}}
    if uncordon:
        body["spec"] = {"unschedulable": None}
    return await kube.patch(NODES, name, None, body)
