"""The floor: a bare client that makes only the unavoidable calls. Sees the incident by watch, then policy and label side by side.

No guards, no records, no retries, no status: what is left when everything that makes firedoor firedoor is taken away.
"""

import asyncio
from typing import Any

from bench.changes import changes, newest
from firedoor.actions.network import deny_policy
from firedoor.api import names
from firedoor.kube.client import Kube
from firedoor.kube.resources import INCIDENTS, NETWORK_POLICIES, PODS


async def contain(kube: Kube, space: str) -> None:
    """Contains every new incident of a namespace until cancelled."""
    async with asyncio.TaskGroup() as group:
        async for event, incident in changes(kube, INCIDENTS, space, await newest(kube, INCIDENTS, space)):
            if event == "ADDED":
                group.create_task(_close(kube, space, incident))


async def _close(kube: Kube, space: str, incident: dict[str, Any]) -> None:
    uid, pod = incident["metadata"]["uid"], incident["spec"]["target"]["name"]
    policy = deny_policy(f"{space}/{incident['metadata']['name']}", uid, space, pod)
    label = {"metadata": {"labels": {"app": None, names.quarantine_label(uid): "true"}}}
    await asyncio.gather(kube.create(NETWORK_POLICIES, policy), kube.patch(PODS, pod, space, label))
