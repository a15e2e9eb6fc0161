"""What still leads to a suspect beside NetworkPolicies: EndpointSlices that list it, and policies of other kinds.

The verifier asks, once a try. Which other kinds the cluster serves is found by discovery and kept for a minute; one
listing serves all who ask at the same time. `planner.foreign` says what a policy grants.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from firedoor.controller.shared import SharedLook
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import ENDPOINT_SLICES, FOREIGN_POLICIES, NAMESPACES, Resource
from firedoor.planner.foreign import Subject, foreign
from firedoor.planner.grants import MOST
from firedoor.planner.situation import Residue
from firedoor.planner.views import PodView

DISCOVERY_SECONDS = 60.0
Key = tuple[Resource, str | None]


@dataclass(slots=True)
class Residues:
    """The eyes for what a NetworkPolicy does not tell."""

    kube: Kube
    _looks: dict[Key, SharedLook[list[Obj]]] = field(default_factory=dict)
    _served: tuple[Resource, ...] = ()
    _discovered_at: float = float("-inf")

    async def of(self, pod: PodView) -> Residue:
        """What leads to this pod now; what could not be looked at is said, and never taken for nothing."""
        try:
            slices, policies = await asyncio.gather(self._list(ENDPOINT_SLICES, pod.namespace), self._policies(pod.namespace))
            grants = [grant for policy in policies for grant in foreign(policy, await self._subject(pod))] if policies else []
        except KubeError as error:
            return Residue(unread=error.message[:512])
        listing = sorted(one["metadata"]["name"] for one in slices if _lists(one, pod))
        return Residue(tuple(listing[:MOST]), tuple(grants[:MOST]))

    async def _policies(self, namespace: str) -> list[Obj]:
        looks = (self._list(one, namespace if one.namespaced else None) for one in await self._kinds())
        return [policy for found in await asyncio.gather(*looks) for policy in found]

    async def _kinds(self) -> tuple[Resource, ...]:
        now = asyncio.get_running_loop().time()
        if now - self._discovered_at > DISCOVERY_SECONDS:
            groups = await self.kube.groups()
            self._served = tuple(one for one in FOREIGN_POLICIES if one.api_version in groups)
            self._discovered_at = now
        return self._served

    async def _subject(self, pod: PodView) -> Subject:
        namespace = await self.kube.get(NAMESPACES, pod.namespace)
        return Subject(pod.namespace, namespace["metadata"].get("labels") or {}, pod.labels, pod.service_account)

    async def _list(self, resource: Resource, namespace: str | None) -> list[Obj]:
        """One listing for all who ask meanwhile; a kind that a served group does not have is none."""
        key = (resource, namespace)
        shared = self._looks.setdefault(key, SharedLook(partial(self._listed, resource, namespace)))
        try:
            return await shared.fresh()
        finally:
            if shared.idle and self._looks.get(key) is shared:
                del self._looks[key]

    async def _listed(self, resource: Resource, namespace: str | None) -> list[Obj]:
        try:
            return await self.kube.list(resource, namespace)
        except Gone:
            return []


def _lists(one: Obj, pod: PodView) -> bool:
    """Whether a slice leads to the pod, by reference or by address."""
    endpoints = one.get("endpoints") or ()
    return any(
        (e.get("targetRef") or {}).get("uid") == pod.uid or set(e.get("addresses") or ()) & set(pod.addresses) for e in endpoints
    )
