"""Deleting evidence whose time is over: the record first, then the claim. There is no reverse."""

from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import CLAIMS, CONFIG_MAPS, EVENTS

HOME_RULES = (
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("list", "delete")),
    Rule(groups=("",), resources=("configmaps",), verbs=("create",)),
)


async def delete(kube: Kube, record: Obj, event: Obj) -> None:
    """Deletes the very claim that the event is about; a record that exists already tells of it."""
    claim = event["regarding"]
    await kube.ensure(CONFIG_MAPS, record)
    await kube.create(EVENTS, event)
    try:
        await kube.delete(CLAIMS, claim["name"], claim["namespace"], uid=claim["uid"])
    except Gone:
        return
