"""The enforcement rung kept warm: each node pool's engine is measured at start, on a timer, and when nodes or engines change.

The leader runs it. What was found is kept here for the verdicts, and written to one EnforcementReport a node for people.
It decides nothing: `planner.enforcement` says which nodes are due and what a finding means.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from firedoor.controller import metrics
from firedoor.controller.canary import AT_ONCE, Canary
from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.controller.node_list import NodeList
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import DAEMON_SETS
from firedoor.planner import enforcement
from firedoor.planner.enforcement import Finding

log = logging.getLogger(__name__)
LOOK_SECONDS = 20.0
"""How often nodes and engines are looked at."""
SOON_SECONDS = 2.0
"""How often while a node is doubted that is not ready to be measured."""
PATIENCE_SECONDS = 60.0
"""How long a verification waits for a measurement that it needs."""


@dataclass(slots=True)
class Enforcement:
    """What is known of every node's engine."""

    kube: Kube
    nodes: NodeList
    canary: Canary
    reports: EnforcementReports
    holding: Callable[[], Iterable[str]]
    """The nodes on which suspects are held."""
    on_news: Callable[[str], None]
    """Called with a node of which something new is known."""
    on_breach: Callable[[str], None]
    """Called with a node on which something got through to a canary on guard."""
    _findings: dict[str, Finding] = field(default_factory=dict)
    _pools: dict[str, str] = field(default_factory=dict)
    _denied: dict[str, datetime] = field(default_factory=dict)
    """When each node's engine was last seen to deny both directions."""
    _asked: dict[str, None] = field(default_factory=dict)
    _under_way: dict[str, datetime] = field(default_factory=dict)
    """Since when each node is being measured that is."""
    _unwritten: list[Finding] = field(default_factory=list)
    _engines: frozenset[tuple[str, int]] | None = None
    """Those of the last look; None before the first."""
    _call: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def of(self, node: str) -> Finding | None:
        """What was last measured on a node, else in its pool; None when nothing was."""
        return enforcement.best(self._findings, node, self._pools.get(node, node))

    def watched(self, node: str) -> bool:
        """Whether a canary stands guard on a node, or did until a moment ago."""
        return self.canary.watched(node)

    def doubt(self, node: str, since: datetime | None = None) -> None:
        """Asks for a new measurement of a node, as soon as it can be made; one that began after `since` will do as well."""
        begun = self._under_way.get(node)
        if node and node not in self._asked and not (since is not None and begun is not None and begun > since):
            self._asked[node] = None
            self._call.set()

    async def since(self, node: str, at: datetime) -> Finding | None:
        """A finding of this very node that was begun after a moment; waits for it. None where it could not be made."""

        def fresh() -> Finding | None:
            found = self._findings.get(node)
            return found if found is not None and found.began > at else None

        if fresh() is None:
            self.doubt(node, at)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS), self._news:
                    await self._news.wait_for(lambda: fresh() is not None)
        return fresh()

    def breached(self, found: Finding) -> None:
        """What a canary on guard saw counts at once, and the node is measured anew."""
        self._findings[found.node] = found
        self._unwritten.append(found)
        metrics.enforcement(found)
        self.on_breach(found.node)
        self.doubt(found.node)

    async def run(self) -> None:
        """Measures what is due until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._measuring(group)
        finally:
            await self.canary.relieve(*self.canary.posted)

    async def _measuring(self, group: asyncio.TaskGroup) -> None:
        self._findings = await self.reports.known()
        self._denied = {node: found.denied_at for node, found in self._findings.items() if found.denied_at is not None}
        self._asked = dict.fromkeys(self._findings)
        while True:
            try:
                await self._round(group)
            except KubeError as error:
                log.warning("the nodes' engines have to wait: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rest()):
                    await self._call.wait()

    def _rest(self) -> float:
        """How long until the next look, in seconds, if nothing else calls for one."""
        if self._asked:
            return SOON_SECONDS
        idle = set(self.holding()) - set(self._under_way)
        most = timedelta(seconds=LOOK_SECONDS)
        until = enforcement.rest(self._findings, idle, most, datetime.now(UTC)).total_seconds()
        return min(LOOK_SECONDS, max(SOON_SECONDS, until))

    async def _round(self, group: asyncio.TaskGroup) -> None:
        self._call.clear()  # before anything can fail, so that a failing round is not begun again at once
        while self._unwritten:
            await self.reports.write(self._unwritten.pop(0))
        await self.canary.relieve(*set(self.canary.posted) - set(self.holding()) - set(self._under_way))
        nodes = await self.nodes.all()
        self._pools = {node.name: node.pool for node in nodes}
        await self._forget_the_gone()
        if await self._engines_changed():
            self._findings.clear()
            self.reports.renew()
            self._asked |= dict.fromkeys(self._under_way)
        due = enforcement.due(nodes, self._findings, set(self.holding()), set(self._asked), datetime.now(UTC))
        begun = [node for node in due if node not in self._under_way][: AT_ONCE - len(self._under_way)]
        for node in begun:
            self._under_way[node] = datetime.now(UTC)
            group.create_task(self._begin(node), name=f"measurement of {node}")

    async def _begin(self, node: str) -> None:
        try:
            await self._measure(node)
        except KubeError as error:
            log.warning("what was found on node %s is not written: %s", node, error)
        finally:
            del self._under_way[node]
            if self._asked or len(self._under_way) == AT_ONCE - 1:
                self._call.set()  # somebody may have had to wait for this one

    async def _measure(self, node: str) -> None:
        self._asked.pop(node, None)
        before = self._findings.get(node)
        found = await self.canary.measure(node, self._pools[node])
        if found.denies:
            self._denied[node] = found.at
        same = before is not None and before.says_what(found)
        since = (before.since or before.began) if before is not None and same else found.began
        found = replace(found, denied_at=self._denied.get(node), since=since)
        self._findings[node] = found
        metrics.enforcement(found)
        async with self._news:
            self._news.notify_all()
        if not same:
            for concerned in {node, *self._known_by_their_pool(self._pools.get(node, node))}:
                self.on_news(concerned)
        await self.reports.write(found)

    def _known_by_their_pool(self, pool: str) -> Iterator[str]:
        return (node for node, its in self._pools.items() if its == pool and node not in self._findings)

    async def _engines_changed(self) -> bool:
        """Whether a DaemonSet on the host's network, as every engine's is, came, changed or went."""
        known = self._engines
        self._engines = frozenset(_engine(one) for one in await self.kube.list(DAEMON_SETS) if _on_host(one))
        return known is not None and known != self._engines

    async def _forget_the_gone(self) -> None:
        self._asked = {node: None for node in self._asked if node in self._pools}
        for node in set(self._findings) - set(self._pools):
            del self._findings[node]
            self._denied.pop(node, None)
            metrics.enforcement_gone(node)
            await self.reports.remove(node)


def _engine(daemon_set: Obj) -> tuple[str, int]:
    metadata = daemon_set["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}", metadata.get("generation", 0)


def _on_host(daemon_set: Obj) -> bool:
    return bool(daemon_set["spec"]["template"]["spec"].get("hostNetwork"))
