"""The controller's parts put together, started, supervised and stopped. The watch (kopf) owns one; nobody else.

Crash-only: a part that dies ends the process and a lost lead begins it anew, because everything can be found again from the
cluster. An orderly end undoes no containment; it only lets go of the lease.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from firedoor import __version__
from firedoor.api import names
from firedoor.api.incident import SecurityIncident
from firedoor.controller import metrics, warmth
from firedoor.controller.act import Actor
from firedoor.controller.canary import Canary
from firedoor.controller.canary_pods import CanaryPods
from firedoor.controller.captures import Captures
from firedoor.controller.children import Children
from firedoor.controller.copiers import Copiers
from firedoor.controller.copies import Copies, Way
from firedoor.controller.ending import begin_anew, die_with
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.controller.family import Family
from firedoor.controller.foreign_watch import ForeignWatch
from firedoor.controller.health import Health
from firedoor.controller.lease import Leadership
from firedoor.controller.node_list import NodeList
from firedoor.controller.nodes import NodeWatch
from firedoor.controller.observe import Observer
from firedoor.controller.outward import Outward
from firedoor.controller.policies import Policies
from firedoor.controller.probes import Probes
from firedoor.controller.queue import Again, Lane, WorkQueue
from firedoor.controller.reconcile import Reconciler, now
from firedoor.controller.record import Ledger, Record
from firedoor.controller.rehearsal import Rehearsal
from firedoor.controller.residue import Residues
from firedoor.controller.resync import Resync
from firedoor.controller.retention import Retention
from firedoor.controller.rulebook import Rulebook
from firedoor.controller.session import Session
from firedoor.controller.settings import Settings
from firedoor.controller.signing import Signing
from firedoor.controller.snapshots import Snapshots
from firedoor.controller.status import Scribe
from firedoor.controller.targets import Targets
from firedoor.controller.verifier import Verifier
from firedoor.kube.client import Kube, Obj
from firedoor.kube.connection import connect
from firedoor.kube.errors import KubeError
from firedoor.planner.views import PodView

log = logging.getLogger(__name__)
PARENT_WAITS_SECONDS = 0.1


class Controller:
    """All parts of one controller process."""

    def __init__(self, kube: Kube, settings: Settings) -> None:
        self.settings = settings
        self.kube = kube
        self.ledger = Ledger()
        self.rulebook = Rulebook()
        self.queue = WorkQueue(self._work, self._failed)
        signing = Signing(kube, settings.home, settings.image, settings.signing_key, now)
        self.captures = Captures(kube, settings.home, settings.captures, self.wake, signing)
        self.policies = Policies(kube)
        self.scribe = Scribe(kube, settings.identity)
        self.copies = self._copies()
        seen = (self.captures, self.ledger, self.rulebook, self.policies, self.copies)
        self.nodes, self.node_list = NodeWatch(), NodeList(kube)
        self.observer = Observer(kube, settings.home, settings.actions, self.node_list, *seen)
        self.probes = Probes(kube, settings.home, self.probe_came)
        canary = Canary(
            pods=CanaryPods(kube, settings.home, settings.image),
            probes=self.probes,
            errand=self._near,
            holds=lambda node: node in self.ledger.nodes(),
            on_breach=lambda found: self.enforcement.breached(found),
            on_doubt=lambda node: self.enforcement.doubt(node),
            on_guard=self._engine_watched,
        )
        reports = EnforcementReports(kube, settings.home)
        told = (self.engine_changed, self._engine_breached)
        self.enforcement = Enforcement(kube, self.node_list, canary, reports, self.ledger.nodes, *told)
        outward = Outward(kube, self.probes, settings.image) if "outboundProbe" in settings.actions else None
        residues = Residues(kube)
        self.verifier = Verifier(self.probes, self.enforcement, residues, self.wake, outward)
        self.foreign = ForeignWatch(residues, self.ledger.holding, self.foreign_changed)
        cordons = "cordon" in settings.actions
        list_home = settings.home if "identity" in settings.actions else ""
        self.resync = Resync(kube, self.ledger, self.policies, self.queue.add, settings.resync_seconds, cordons, list_home)
        self.leadership = Leadership(kube, settings.home, settings.identity)
        self.actor = Actor(kube, settings, self.captures, self.node_list)
        self.reconciler = Reconciler(
            ledger=self.ledger,
            observer=self.observer,
            actor=self.actor,
            scribe=self.scribe,
            probes=self.probes,
            verifier=self.verifier,
            enforcement=self.enforcement,
            family=self._family(),
            clock=now,
        )
        self.leads = False
        self._parts: list[asyncio.Task[None]] = []
        self._open = AsyncExitStack()

    def _family(self) -> Family:
        return Family(
            observer=self.observer,
            actor=self.actor,
            scribe=self.scribe,
            targets=Targets(self.kube, self.rulebook, self.settings.home),
            children=Children(self.kube, self.ledger),
            rehearsal=Rehearsal(self.kube, self.observer, self.rulebook),
            clock=now,
        )

    def _copies(self) -> Copies | None:
        """None where no evidence is to be kept a second time."""
        ways = tuple(self._ways()) if "evidence" in self.settings.actions else ()
        if not ways:
            return None
        return Copies(
            kube=self.kube,
            home=self.settings.home,
            ways=ways,
            ledger=self.ledger,
            scribe=self.scribe,
            wake=self.wake,
            clock=now,
        )

    def _ways(self) -> Iterator[Way]:
        own, settled = self.settings, self.captures.settled
        if own.store is not None:
            yield Copiers(self.kube, own.home, own.image, own.store, settled, self.rulebook, now)
        if own.snapshot_class:
            yield Snapshots(self.kube, own.home, own.snapshot_class, settled)

    def _retention(self) -> Retention:
        return Retention(
            kube=self.kube,
            home=self.settings.home,
            ledger=self.ledger,
            rulebook=self.rulebook,
            ready=lambda: self.resync.done > 0,
            clock=now,
        )

    async def start(self) -> None:
        """Starts every part; those that act wait for the lead."""
        metrics.build_info.labels(__version__).set(1)
        metrics.show(self.kube.calls)
        if self.settings.port:
            runner = await Health(self._sick, self._unready).serve(self.settings.port)
            self._open.push_async_callback(runner.cleanup)
        warmth.settle()
        self._supervise("warmth", warmth.keep(self.kube))
        self._supervise("probes", self.probes.run())
        self._supervise("lead", self._lead())

    async def stop(self) -> None:
        """Stops every part and lets go of the lease."""
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        if self.leads and self.settings.elect:
            await self.leadership.yield_lead()
        await self._open.aclose()

    def seen(self, incident: SecurityIncident, deleted: bool) -> None:
        """What the watch brought: kept, and put into the lane where it belongs."""
        known = self.ledger.records.get(incident.uid)
        before = known.incident if known else None
        if deleted:
            self._deleted(incident)
            self._wake_parent(incident)
            return
        record = self.ledger.note(incident)
        if self.copies is not None and _sealed_at(incident) != _sealed_at(before):
            self.copies.look_soon()
        if before is None or before.status != incident.status or before.leaving != incident.leaving:
            self._wake_parent(incident)
        if record.settled or (before is not None and not _news(before, incident)):
            return
        self.queue.add(incident.uid, Lane.RELEASE if incident.leaving else Lane.CONTAIN if before is None else Lane.REST)

    def decided(self, incident_uid: str) -> None:
        """A decision came, changed or went: the incident that it is about, and those that it made, are looked at again."""
        for uid in self.ledger.concerned(incident_uid):
            self.wake(uid)

    def rules_changed(self, namespace: str | None = None) -> None:
        """Other rules hold, of one namespace or of any: looks again at those whom they concern. A node has pods of any."""
        for uid, record in list(self.ledger.records.items()):
            target = record.incident.spec.target
            of_node = target is not None and target.kind == "Node"
            if not record.over and (namespace is None or of_node or record.incident.target_namespace == namespace):
                self.wake(uid)

    def pod_seen(self, pod: Obj, *, gone: bool) -> None:
        """What the watch brought of a quarantined pod; whoever holds it looks where somebody else changed it, or it went."""
        view, at = PodView.read(pod), asyncio.get_running_loop().time()
        for uid in self.ledger.about(view.namespace, view.name):
            record = self.ledger.records[uid]
            self.ledger.saw(uid, None if gone else view, at)
            held = record.hold is not None and not record.over
            if gone or (held and self.observer.touched(record.incident, view, now())):
                self.wake(uid)

    def node_seen(self, node: Obj, *, gone: bool) -> None:
        """What the watch brought of a node; whoever holds its cordon looks where somebody else changed that."""
        self.node_list.seen(node, gone=gone)
        holders = self.nodes.seen(node, asyncio.get_running_loop().time(), gone=gone)
        for uid in (uid for holder in holders for uid in self.ledger.of_holder(holder)):
            self.wake(uid)

    def engine_changed(self, node: str) -> None:
        """The engine of a node was found to do something else than before: whoever is held there is tried again."""
        for record in self._held_on(node):
            self._try_again(record)

    def foreign_changed(self, namespace: str | None) -> None:
        """Policies of other kinds came, changed or went, in a namespace or for all: whoever is held there is tried again."""
        for uid in self.ledger.holding() if namespace is None else self.ledger.held_in(namespace):
            self._try_again(self.ledger.records[uid])

    def probe_came(self) -> None:
        """A probe can be asked: whoever could not be tried for want of one is tried now."""
        for uid in self.ledger.holding():
            if self.ledger.records[uid].proof.missing:
                self._try_again(self.ledger.records[uid])

    def _try_again(self, record: Record) -> None:
        record.proof_loop_time, record.tries = None, 0
        self.wake(record.incident.uid)

    def _engine_breached(self, node: str) -> None:
        """What is held on a node whose engine let something through has to be proved anew."""
        for record in self._held_on(node):
            record.seen_open = now()
            self.wake(record.incident.uid)

    def _engine_watched(self, node: str) -> None:
        """A canary stands guard on a node: what waited for that may be said."""
        for record in self._held_on(node):
            self.wake(record.incident.uid)

    async def _near(self, canary: Session) -> None:
        """Whoever is held on the node of a canary is tried from there too."""
        await asyncio.gather(*(self.verifier.try_near(record, canary) for record in self._held_on(canary.node)))

    def _held_on(self, node: str) -> list[Record]:
        held = (self.ledger.records[uid] for uid in self.ledger.holding())
        return [record for record in held if record.incident.status.node == node]

    def policies_changed(self, namespace: str) -> None:
        """A NetworkPolicy of somebody else came, changed or went: whoever is held in its namespace is looked at again."""
        for uid in self.ledger.held_in(namespace):
            self.wake(uid)

    def wake(self, uid: str) -> None:
        """Asks for another look at an incident."""
        self.queue.add(uid, Lane.REST)

    def _wake_parent(self, incident: SecurityIncident) -> None:
        """An incident that another one made says something new; many of them speak at a time, so it waits a little."""
        parent = self.ledger.records.get(incident.metadata.labels.get(names.PARENT, ""))
        if parent is not None and not parent.settled:
            self.queue.add(parent.incident.uid, Lane.REST, PARENT_WAITS_SECONDS)

    def _deleted(self, incident: SecurityIncident) -> None:
        record = self.ledger.records.get(incident.uid)
        if record is None or record.over:
            self.ledger.forget(incident.uid)
            self.queue.forget(incident.uid)
            return
        self.ledger.gone(incident, now())
        self.queue.add(incident.uid, Lane.RELEASE)

    async def _work(self, uid: str, lane: Lane) -> Again | None:
        with metrics.seconds.labels("securityincident").time():
            again = await self.reconciler.reconcile(uid, lane)
        self.ledger.looked(uid, asyncio.get_running_loop().time())
        metrics.reconciles.labels("securityincident", "success" if again is None else "requeue_after").inc()
        metrics.depth.labels("securityincident").set(self.queue.depth)
        self._drop_if_done(uid)
        return again

    def _drop_if_done(self, uid: str) -> None:
        record = self.ledger.records.get(uid)
        if record is not None and record.over and record.incident.metadata.deletion_timestamp is not None:
            self.ledger.forget(uid)
            self.captures.forget(uid)

    def _failed(self, uid: str, error: Exception) -> None:
        metrics.reconciles.labels("securityincident", "error").inc()
        record = self.ledger.records.get(uid)
        log.warning(
            "incident %s is looked at again: %s: %s",
            record.incident.key if record else uid,
            type(error).__name__,
            error,
        )

    async def _lead(self) -> None:
        if self.settings.elect:
            await self.leadership.gain()
        await self._load_rules()
        self.leads = True
        metrics.leading.labels(names.CONTROLLER).set(1)
        self._supervise("queue", self.queue.run(self.settings.workers))
        self._supervise("enforcement", self.enforcement.run())
        self._supervise("foreign policies", self.foreign.run())
        self._supervise("captures", self.captures.run())
        self._supervise("resync", self.resync.run())
        if "evidence" in self.settings.actions:
            self._supervise("retention", self._retention().run())
        if self.copies is not None:
            self._supervise("copies", self.copies.run())
        if self.settings.elect:
            await self.leadership.keep()
            begin_anew()
        await asyncio.Event().wait()

    async def _load_rules(self) -> None:
        """Nothing is decided before the policies are known."""
        while True:
            try:
                return await self.rulebook.load(self.kube)
            except KubeError as error:
                log.warning("the policies cannot be read yet: %s", error)
                await asyncio.sleep(1.0)

    def _supervise(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(die_with)
        self._parts.append(task)

    def _sick(self) -> str:
        return "the watch no longer brings what happens; a restart renews it" if self.resync.frozen else ""

    def _unready(self) -> str:
        return "" if not self.leads or self.resync.done else "the first listing has not been seen yet"


def _sealed_at(incident: SecurityIncident | None) -> datetime | None:
    evidence = incident.status.evidence if incident else None
    return evidence.sealed_at if evidence else None


def _news(before: SecurityIncident, now: SecurityIncident) -> bool:
    """Whether anything but our own status and finalizer changed."""
    return (
        before.metadata.generation != now.metadata.generation
        or before.leaving != now.leaving
        or bool(set(before.metadata.finalizers) - set(now.metadata.finalizers))
    )


async def opened(settings: Settings, stack: AsyncExitStack) -> Controller:
    """A controller on its own connection, which the stack closes."""
    warmth.slim()
    return Controller(await stack.enter_async_context(connect()), settings)
