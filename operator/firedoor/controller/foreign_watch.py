"""Policies of other kinds, looked at every few seconds while somebody is held, so that one that comes later is not found late.

Which of these kinds a cluster serves is known only while it runs, so they are listed and not watched; where it serves none
that costs a look at the groups. The process runs it on the leader; what a policy grants is told by the try that it calls for.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from firedoor.controller.residue import Residues
from firedoor.kube.client import Obj
from firedoor.kube.errors import KubeError

log = logging.getLogger(__name__)
LOOK_SECONDS = 10.0
Seen = dict[tuple[str, str, str], str]
"""By kind, namespace (empty: of the cluster) and name, what tells one form of a policy from another."""


@dataclass(slots=True)
class ForeignWatch:
    """Who was there at the last look; a first look takes nobody for known, as those held were tried before it."""

    residues: Residues
    holding: Callable[[], Collection[str]]
    """The incidents that hold a suspect."""
    on_change: Callable[[str | None], None]
    """Called with the namespace in which policies came, changed or went; None: those of the cluster did."""
    seconds: float = LOOK_SECONDS
    _seen: Seen = field(default_factory=dict)

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await asyncio.sleep(self.seconds)
            try:
                await self._look()
            except KubeError as error:
                log.warning("policies of other kinds cannot be looked at: %s", error)

    async def _look(self) -> None:
        if not self.holding():
            self._seen = {}
            return
        now = {_key(policy): _form(policy) for policy in await self.residues.foreign()}
        before, self._seen = self._seen, now
        for namespace in {key[1] for key in before.keys() | now.keys() if before.get(key) != now.get(key)}:
            self.on_change(namespace or None)


def _key(policy: Obj) -> tuple[str, str, str]:
    metadata = policy["metadata"]
    return f"{policy['apiVersion']} {policy['kind']}", metadata.get("namespace", ""), metadata["name"]


def _form(policy: Obj) -> str:
    """Its status changes often, and that is no news where a generation is counted."""
    metadata = policy["metadata"]
    return f"{metadata['uid']} {metadata.get('generation') or metadata['resourceVersion']}"
