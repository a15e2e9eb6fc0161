"""Canary pods: made on a node, with a session into them, denied, let go again, and removed for certain.

The canary alone uses this. What an earlier process left is removed before the first one is made.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from firedoor.api import names
from firedoor.controller.canary_names import CanaryNames
from firedoor.controller.canary_objects import COMPONENT, CONTAINER, deny, pod, trouble
from firedoor.controller.session import Session
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone
from firedoor.kube.resources import NETWORK_POLICIES, PODS, Resource

LOOK_SECONDS = 0.25
KINDS = (NETWORK_POLICIES, PODS)


class NotMeasured(Exception):
    """Why a measurement could not be made, in words for people."""


@dataclass(slots=True)
class CanaryPods:
    """The canary pods of this process."""

    kube: Kube
    home: str
    image: str
    ready_seconds: float = 1.0
    """Between two looks whether a canary is ready; it takes more than one of these."""
    _names: CanaryNames = field(default_factory=CanaryNames)
    _left: set[tuple[Resource, str]] = field(default_factory=set)
    """What may be there."""
    _nodes: Counter[str] = field(default_factory=Counter)
    """Nodes on which a canary stands, or comes or goes."""
    _begun: bool = False
    _beginning: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def standing(self, node: str) -> AsyncIterator[Session]:
        """A session into a canary that stands on the node, both gone afterwards."""
        await self._begin()
        session = Session(self._names.of(node, self._nodes), CONTAINER)
        line: asyncio.Task[None] | None = None
        self._nodes[node] += 1
        try:
            await self._create(session.pod, node)
            found = await self._ready(session.pod)
            line = asyncio.create_task(session.hold(self.kube, self.home, found))
            while session.stream is None and not line.done():
                await asyncio.sleep(0.02)
            if line.done():
                await line
                raise NotMeasured("the session into the canary ended at once.")
            yield session
        finally:
            if line is not None:
                line.cancel()
                await asyncio.gather(line, return_exceptions=True)
            await asyncio.shield(self._remove_all_of(session.pod))
            self._nodes -= Counter((node,))

    async def deny(self, name: str) -> None:
        """Denies a canary both directions."""
        self._left.add((NETWORK_POLICIES, name))
        await self.kube.create(NETWORK_POLICIES, deny(self.home, name))

    async def let(self, name: str) -> None:
        """Takes the deny away."""
        await self._remove(NETWORK_POLICIES, name)

    async def _begin(self) -> None:
        """What an earlier process left goes, before the first of this one comes."""
        async with self._beginning:
            if not self._begun:
                for kind in KINDS:
                    left = await self.kube.list(kind, self.home, labels=f"{names.COMPONENT}={COMPONENT}")
                    self._left |= {(kind, one["metadata"]["name"]) for one in left}
                await asyncio.gather(*(self._remove(kind, name) for kind, name in tuple(self._left)))
                self._begun = True

    async def _create(self, name: str, node: str) -> None:
        self._left.add((PODS, name))
        while True:
            try:
                await self.kube.create(PODS, pod(self.home, name, node, self.image))
            except Conflict:
                await asyncio.sleep(LOOK_SECONDS)  # one of before is still on its way out
            else:
                return

    async def _ready(self, name: str) -> Obj:
        while True:
            await asyncio.sleep(self.ready_seconds)
            found = await self.kube.get(PODS, name, self.home)
            conditions = found.get("status", {}).get("conditions") or ()
            if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                return found
            if why := trouble(found):
                raise NotMeasured(why)

    async def _remove_all_of(self, name: str) -> None:
        for kind in KINDS:
            await self._remove(kind, name)

    async def _remove(self, kind: Resource, name: str) -> None:
        """Removes what may be there; once it is known to be gone nobody is asked again."""
        if (kind, name) in self._left:
            with suppress(Gone):
                await self.kube.delete(kind, name, self.home)
            self._left.discard((kind, name))
