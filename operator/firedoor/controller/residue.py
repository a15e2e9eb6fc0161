"""What still leads to a suspect beside NetworkPolicies: EndpointSlices that list it, and policies of other kinds.

The verifier asks, once a try. Which other kinds the cluster serves is found by discovery and kept for half a minute; one
listing serves all who ask at the same time. `planner.foreign` says what a policy grants.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from firedoor.api.incident import Grant
from firedoor.controller.shared import SharedLooks
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import ENDPOINT_SLICES, FOREIGN_POLICIES, NAMESPACES, Resource
from firedoor.planner.foreign import Subject, foreign
from firedoor.planner.grants import MOST
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import Residue

DISCOVERY_SECONDS = 30.0
Key = tuple[Resource, str | None]


class Residues:
    """The eyes for what a NetworkPolicy does not tell."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._listings: SharedLooks[Key, list[Obj]] = SharedLooks(self._listed)
        self._served: tuple[Resource, ...] = ()
        self._discovered_at = float("-inf")

    async def of(self, pod: PodView) -> Residue:
        """What leads to this pod now; what could not be looked at is said, and never taken for nothing."""
        try:
            of_slices = self._listings.fresh((ENDPOINT_SLICES, pod.namespace))
            slices, grants = await asyncio.gather(of_slices, self._grants(pod))
        except KubeError as error:
            return Residue(unread=error.message[:512])
        listing = sorted(one["metadata"]["name"] for one in slices if _lists(one, pod))
        return Residue(tuple(listing[:MOST]), grants)

    async def of_policies(self, pod: PodView) -> Residue:
        """What policies of other kinds allow a pod with these labels, which it may not have yet."""
        try:
            return Residue(grants=await self._grants(pod))
        except KubeError as error:
            return Residue(unread=error.message[:512])

    async def _grants(self, pod: PodView) -> tuple[Grant, ...]:
        policies = await self.foreign(pod.namespace)
        if not policies:
            return ()
        subject = await self._subject(pod)
        return tuple(grant for policy in policies for grant in foreign(policy, subject))[:MOST]

    async def foreign(self, namespace: str | None = None) -> list[Obj]:
        """The policies of other kinds, of one namespace or of all, with those of the cluster."""
        looks = (self._listings.fresh((one, namespace if one.namespaced else None)) for one in await self._kinds())
        return [policy for found in await asyncio.gather(*looks) for policy in found]

    async def _kinds(self) -> tuple[Resource, ...]:
        now = asyncio.get_running_loop().time()
        if now - self._discovered_at > DISCOVERY_SECONDS:
            groups = await self._kube.groups()
            self._served = tuple(kind for one in FOREIGN_POLICIES for kind in _served(one, groups.get(one.group, ())))
            self._discovered_at = now
        return self._served

    async def _subject(self, pod: PodView) -> Subject:
        namespace = await self._kube.get(NAMESPACES, pod.namespace)
        return Subject(pod.namespace, namespace["metadata"].get("labels") or {}, pod.labels, pod.service_account)

    async def _listed(self, key: Key) -> list[Obj]:
        """A kind that a served group does not have is none."""
        try:
            return await self._kube.list(*key)
        except Gone:
            return []


def _served(kind: Resource, versions: Sequence[str]) -> Iterable[Resource]:
    """The kind as the cluster serves it: in the version that is known here, else in whichever has it."""
    return (kind,) if kind.version in versions else (replace(kind, version=version) for version in versions)


def _lists(one: Obj, pod: PodView) -> bool:
    """Whether a slice leads to the pod, by reference or by address."""
    endpoints = one.get("endpoints") or ()
    return any(
        (e.get("targetRef") or {}).get("uid") == pod.uid or set(e.get("addresses") or ()) & set(pod.addresses) for e in endpoints
    )
