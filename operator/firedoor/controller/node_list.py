"""The nodes of the cluster, listed once for all who look at them, and kept true across what firedoor does to them.

The observer and the standing measurement read it; whoever patches a node says so here, and whoever has decided to, so that
others count it before it is done. A list may be a few seconds old, because a patch of a node tests its version.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import replace

from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import NODES
from firedoor.planner.views import NodeView

NODES_SECONDS = 5.0
"""How old the list may be."""


class NodeList:
    """What is known of every node."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._nodes: dict[str, NodeView] = {}
        self._patched: dict[str, NodeView] = {}
        """What was answered since the last listing began, which may not have seen it yet."""
        self._reserved: dict[str, frozenset[str]] = {}
        """By incident: the nodes that it has decided to cordon."""
        self._seen = float("-inf")
        self._changes = 0
        self._looking = asyncio.Lock()

    async def all(self) -> tuple[NodeView, ...]:
        """The nodes; whoever comes while they are being listed waits, and never sees an older list."""
        async with self._looking:
            asked, changes = asyncio.get_running_loop().time(), self._changes
            if asked - self._seen > NODES_SECONDS:
                self._patched = {}
                found = [NodeView.read(node) for node in await self._kube.list(NODES)]
                self._nodes = {node.name: self._patched.get(node.name, node) for node in found}
                self._seen = asked if changes == self._changes else float("-inf")
            return tuple(self._nodes.values())

    def seen_by(self, incident_uid: str) -> tuple[NodeView, ...]:
        """The nodes as they are known this moment, with what other incidents are about to cordon."""
        others = (names for uid, names in self._reserved.items() if uid != incident_uid)
        reserved: frozenset[str] = frozenset().union(*others)
        return tuple(replace(node, reserved=True) if node.name in reserved else node for node in self._nodes.values())

    def reserve(self, incident_uid: str, nodes: Iterable[str]) -> None:
        """Counts these nodes, and no others, as about to be cordoned by this incident."""
        self._reserved.pop(incident_uid, None)
        if names := frozenset(nodes):
            self._reserved[incident_uid] = names

    async def changed_by(self, patch: Awaitable[Obj]) -> None:
        """Takes over what a patch answers; one that failed may have changed the node all the same, so that is looked at anew."""
        try:
            node = NodeView.read(await patch)
        except BaseException:
            self.outdated()
            raise
        self._changes += 1
        self._nodes[node.name] = self._patched[node.name] = node

    def outdated(self) -> None:
        """The next look is a fresh one, even where one is under way."""
        self._changes += 1
        self._seen = float("-inf")

    def seen(self, node: Obj, *, gone: bool) -> None:
        """What a watch brought: where its cordon or its readiness is not what is known, the list is out of date."""
        known = self._nodes.get(node["metadata"]["name"])
        if gone or known is None or _of_note(known) != _of_note(NodeView.read(node)):
            self.outdated()


def _of_note(node: NodeView) -> tuple[bool, bool, frozenset[str]]:
    return node.ready, node.unschedulable, frozenset(node.holders)
