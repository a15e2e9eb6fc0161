"""The controller as a process: its parts started, supervised and stopped, and the turns of its queue. The watch (kopf) owns one.

Crash-only: a part that dies ends the process and a lost lead begins it anew, because everything can be found again from the
cluster. An orderly end undoes no containment; it only lets go of the lease.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from firedoor import __version__
from firedoor.api import names
from firedoor.controller import metrics, warmth
from firedoor.controller.ending import begin_anew, die_with
from firedoor.controller.health import Health
from firedoor.controller.parts import Parts
from firedoor.controller.queue import Again, Lane, WorkQueue
from firedoor.controller.settings import Settings
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect, shrink_buffers
from firedoor.kube.errors import KubeError

log = logging.getLogger(__name__)


class Controller:
    """One controller process."""

    def __init__(self, kube: Kube, settings: Settings) -> None:
        self.settings = settings
        self.queue = WorkQueue(self._work, self._failed)
        self.parts = Parts(kube, settings, self.queue)
        self.leads = False
        self._running: list[asyncio.Task[None]] = []
        self._open = AsyncExitStack()

    async def start(self) -> None:
        """Starts every part; those that act wait for the lead."""
        metrics.build_info.labels(__version__).set(1)
        metrics.show(self.parts.kube.calls)
        if self.settings.port:
            runner = await Health(self._sick, self._unready).serve(self.settings.port)
            self._open.push_async_callback(runner.cleanup)
        warmth.settle()
        self._supervise("warmth", warmth.keep(self.parts.kube))
        self._supervise("probes", self.parts.probes.run())
        self._supervise("lead", self._lead())

    async def stop(self) -> None:
        """Stops every part and lets go of the lease."""
        for part in self._running:
            part.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self.leads and self.settings.elect:
            await self.parts.leadership.yield_lead()
        await self._open.aclose()

    async def _work(self, uid: str, lane: Lane) -> Again | None:
        with metrics.seconds.labels("securityincident").time():
            again = await self.parts.reconciler.reconcile(uid, lane)
        self.parts.ledger.looked(uid, asyncio.get_running_loop().time())
        metrics.reconciles.labels("securityincident", "success" if again is None else "requeue_after").inc()
        metrics.depth.labels("securityincident").set(self.queue.depth)
        self._drop_if_done(uid)
        return again

    def _drop_if_done(self, uid: str) -> None:
        record = self.parts.ledger.records.get(uid)
        if record is not None and record.over and record.incident.metadata.deletion_timestamp is not None:
            self.parts.ledger.forget(uid)
            self.parts.captures.forget(uid)

    def _failed(self, uid: str, error: Exception) -> None:
        metrics.reconciles.labels("securityincident", "error").inc()
        record = self.parts.ledger.records.get(uid)
        log.warning(
            "incident %s is looked at again: %s: %s",
            record.incident.key if record else uid,
            type(error).__name__,
            error,
        )

    async def _lead(self) -> None:
        if self.settings.elect:
            await self.parts.leadership.gain()
        await self._load_rules()
        self.leads = True
        metrics.leading.labels(names.CONTROLLER).set(1)
        self._supervise("queue", self.queue.run(self.settings.workers))
        self._supervise("enforcement", self.parts.enforcement.run())
        self._supervise("foreign policies", self.parts.foreign.run())
        self._supervise("captures", self.parts.captures.run())
        self._supervise("resync", self.parts.resync.run())
        if "evidence" in self.settings.actions:
            self._supervise("retention", self.parts.retention().run())
        if self.parts.copies is not None:
            self._supervise("copies", self.parts.copies.run())
        if self.settings.elect:
            await self.parts.leadership.keep()
            begin_anew()
        await asyncio.Event().wait()

    async def _load_rules(self) -> None:
        """Nothing is decided before the policies are known."""
        while True:
            try:
                return await self.parts.rulebook.load(self.parts.kube)
            except KubeError as error:
                log.warning("the policies cannot be read yet: %s", error)
                await asyncio.sleep(1.0)

    def _supervise(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(die_with)
        self._running.append(task)

    def _sick(self) -> str:
        return "the watch no longer brings what happens; a restart renews it" if self.parts.resync.frozen else ""

    def _unready(self) -> str:
        return "" if not self.leads or self.parts.resync.done else "the first listing has not been seen yet"


async def opened(settings: Settings, stack: AsyncExitStack) -> Controller:
    """A controller on its own connection, which the stack closes."""
    shrink_buffers()
    return Controller(await stack.enter_async_context(connect()), settings)
