"""Shelter: a PodDisruptionBudget that keeps the suspect pod from eviction while it is evidence, and its removal.

An integer of 1, because the pod has no controller (kubernetes.io, Specifying a Disruption Budget). It does not stand
against a direct deletion.
"""

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone
from firedoor.kube.resources import DISRUPTION_BUDGETS

RULES = (Rule(groups=("policy",), resources=("poddisruptionbudgets",), verbs=("create", "list", "delete")),)


async def shelter(kube: Kube, incident: str, incident_uid: str, namespace: str) -> None:
    """Makes the budget; one that is there already is well."""
    try:
        await kube.create(DISRUPTION_BUDGETS, _budget(incident, incident_uid, namespace))
    except Conflict:
        return


async def lift(kube: Kube, incident_uid: str, namespace: str) -> None:
    """Takes the budget away; one that is gone already is well."""
    try:
        await kube.delete(DISRUPTION_BUDGETS, names.shelter(incident_uid), namespace)
    except Gone:
        return


def _budget(incident: str, incident_uid: str, namespace: str) -> Obj:
    return {
        "apiVersion": DISRUPTION_BUDGETS.api_version,
        "kind": DISRUPTION_BUDGETS.kind,
        "metadata": {
            "name": names.shelter(incident_uid),
            "namespace": namespace,
            "labels": names.made_labels(incident_uid),
            "annotations": {names.INCIDENT_NAME: incident},
        },
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {names.quarantine_label(incident_uid): "true"}}},
    }
