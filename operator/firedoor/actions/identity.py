"""Freezing an identity: a key in the list of the frozen, which an admission policy of the chart reads, and taking it out.

The value of a key lists the incidents that hold it; the last one out removes the key. Every call tests the list's
resourceVersion, because incidents share it. Refuses to make the list: without the policy beside it, it means nothing.
"""

from collections.abc import Mapping

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.kube.client import Kube
from firedoor.kube.resources import CONFIG_MAPS

RULES = (Rule(groups=("",), resources=("serviceaccounts",), verbs=("get",)),)
HOME_RULES = (Rule(groups=("",), resources=("configmaps",), verbs=("get", "patch"), names=(names.FROZEN_LIST,)),)

Holders = Mapping[str, tuple[str, ...]]
"""By key, the uid8s of the incidents that hold it now."""


async def freeze(kube: Kube, at: tuple[str, str], keys: Holders, incident_uid: str) -> None:
    """Adds the incident to the holders of each key. at: home namespace and the list's resourceVersion."""
    own = names.uid8(incident_uid)
    await _write(kube, at, {key: " ".join(sorted({*holders, own})) for key, holders in keys.items()})


async def thaw(kube: Kube, at: tuple[str, str], keys: Holders, incident_uid: str) -> None:
    """Takes the incident from the holders of each key; a key that nobody holds goes."""
    own = names.uid8(incident_uid)
    others = {key: " ".join(sorted({*holders} - {own})) for key, holders in keys.items()}
    await _write(kube, at, {key: left or None for key, left in others.items()})


async def _write(kube: Kube, at: tuple[str, str], data: Mapping[str, str | None]) -> None:
    home, version = at
    body = {"metadata": {"resourceVersion": version}, "data": dict(data)}
    await kube.patch(CONFIG_MAPS, names.FROZEN_LIST, home, body)
