"""The children of an incident about a workload or a node: finding them, making those that are missing, telling them.

The family's loop calls it. Refuses nothing and decides nothing: `planner.family` says which child is one.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from firedoor.api.incident import Containment, Release, SecurityIncident
from firedoor.api.member import MemberStatus
from firedoor.controller.ledger import Ledger
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone
from firedoor.kube.resources import INCIDENTS
from firedoor.planner import family
from firedoor.planner.family import Kin

AT_A_TIME = 16
"""Children that are made or told side by side; the API server has others to serve."""


@dataclass(frozen=True, slots=True)
class Children:
    """The way from an incident to those that it made."""

    kube: Kube
    ledger: Ledger

    async def of(self, parent: SecurityIncident) -> tuple[Kin, ...]:
        """Every suspect with its incident, as the watch brought it; one that the watch may still owe us is asked for."""
        known = self.ledger.children(parent)
        lost = [one.member for one in family.kin(parent, known) if _unsure(parent, one)]
        found = [one for one in await asyncio.gather(*(self._get(parent, member) for member in lost)) if one is not None]
        return family.kin(parent, known | {one.metadata.name: one for one in found})

    async def make(self, parent: SecurityIncident, missing: Iterable[MemberStatus]) -> frozenset[str]:
        """Makes these children; one that is there already is well. The uids of those whose name is another incident's."""
        taken = set[str]()
        await self._each([self._create(parent, member, taken) for member in missing])
        return frozenset(taken)

    async def follow(self, children: Iterable[SecurityIncident], containment: Containment) -> None:
        """Tells these children which doors the parent wants closed by now."""
        await self._each([self._tell(child, {"containment": containment.wire()}) for child in children])

    async def release(self, children: Iterable[SecurityIncident], asked: Release) -> None:
        """Asks these children to give everything back."""
        await self._each([self._tell(child, {"release": asked.wire()}) for child in children])

    async def _get(self, parent: SecurityIncident, member: MemberStatus) -> SecurityIncident | None:
        found = await self.kube.find(INCIDENTS, member.incident, parent.metadata.namespace)
        return None if found is None else SecurityIncident.read(found)

    async def _create(self, parent: SecurityIncident, member: MemberStatus, taken: set[str]) -> None:
        try:
            await self.kube.create(INCIDENTS, family.child(parent, member))
        except Conflict:
            # Most often it was made before, and the watch has yet to bring it.
            found = await self._get(parent, member)
            if found is not None and not family.is_of(parent, member, found):
                taken.add(member.uid)

    async def _tell(self, child: SecurityIncident, spec: Obj) -> None:
        metadata = child.metadata
        try:
            await self.kube.patch(INCIDENTS, metadata.name, metadata.namespace, {"metadata": {"uid": child.uid}, "spec": spec})
        except Gone:
            return  # it was deleted, which releases it as well

    async def _each(self, doing: list[Coroutine[Any, Any, None]]) -> None:
        """All of them, some at a time; the first error is raised when all are done."""
        turns = asyncio.Semaphore(AT_A_TIME)

        async def in_turn(one: Coroutine[Any, Any, None]) -> None:
            async with turns:
                await one

        for outcome in await asyncio.gather(*(in_turn(one) for one in doing), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


def _unsure(parent: SecurityIncident, one: Kin) -> bool:
    """Whether the API server has to say if the child is there: nothing is taken for released, and no release is over, without."""
    return one.child is None and one.member.phase != family.GONE and (parent.leaving or one.member.phase is not None)
