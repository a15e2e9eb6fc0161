"""The controller's parts put together: which of them knows which. The process owns one, and starts and stops what runs.

Nothing is started, read or written here. Where two parts need each other, one has the other looked up when it is needed.
"""

import asyncio
from collections.abc import Iterator

from firedoor.controller.act import Actor
from firedoor.controller.canary import Canary
from firedoor.controller.canary_pods import CanaryPods
from firedoor.controller.captures import Captures
from firedoor.controller.children import Children
from firedoor.controller.closing import Closing
from firedoor.controller.copiers import Copiers
from firedoor.controller.copies import Copies, Way
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.controller.family import Family
from firedoor.controller.foreign_watch import ForeignWatch
from firedoor.controller.lease import Leadership
from firedoor.controller.ledger import Ledger
from firedoor.controller.looks import Looks
from firedoor.controller.news import News
from firedoor.controller.node_list import NodeList
from firedoor.controller.nodes import NodeWatch
from firedoor.controller.observe import Observer
from firedoor.controller.outward import Outward
from firedoor.controller.policies import Policies
from firedoor.controller.probes import Probes
from firedoor.controller.proving import Proving
from firedoor.controller.queue import WorkQueue
from firedoor.controller.reconcile import Reconciler, now
from firedoor.controller.rehearsal import Rehearsal
from firedoor.controller.reservations import Reservations
from firedoor.controller.residue import Residues
from firedoor.controller.resync import Resync
from firedoor.controller.retention import Retention
from firedoor.controller.rulebook import Rulebook
from firedoor.controller.session import Session
from firedoor.controller.settings import Settings
from firedoor.controller.siblings import Siblings
from firedoor.controller.signing import Signing
from firedoor.controller.snapshots import Snapshots
from firedoor.controller.stalls import Stalls
from firedoor.controller.status import Scribe
from firedoor.controller.targets import Targets
from firedoor.controller.verifier import Verifier
from firedoor.kube.client import Kube


class Parts:
    """All parts of one controller process, by what they are for."""

    def __init__(self, kube: Kube, settings: Settings, queue: WorkQueue) -> None:
        self.kube = kube
        self.settings = settings
        self.queue = queue
        self.ledger = Ledger()
        self.rulebook = Rulebook()
        self.policies = Policies(kube)
        self.nodes, self.node_list = NodeWatch(), NodeList(kube)
        self.reservations = Reservations(self.ledger, self.node_list)
        self.scribe = Scribe(kube, settings.identity)
        self.leadership = Leadership(kube, settings.home, settings.identity)
        self.news = self._news()
        signing = Signing(kube, settings.home, settings.image, settings.signing_key, now)
        self.captures = Captures(kube, settings.home, settings.captures, self.news.wake, signing)
        self.copies = self._copies()
        seen = (self.captures, self.ledger, self.rulebook, self.policies, self.copies)
        self.observer = Observer(kube, settings.home, settings.actions, self.node_list, *seen)
        self.probes = Probes(kube, settings.home, self.news.of_probe)
        self.enforcement = self._enforcement()
        outward = Outward(kube, self.probes, settings.image) if "outboundProbe" in settings.actions else None
        self.residues = Residues(kube)
        self.verifier = Verifier(self.probes, self.enforcement, self.residues, self.news.wake, outward)
        self.foreign = ForeignWatch(self.residues, self.ledger.holding, self.news.of_foreign_policies)
        self.actor = Actor(kube, settings, self.captures, self.node_list, self.ledger.scale_downs)
        self.resync = self._resync()
        self.reconciler = self._reconciler()

    def _news(self) -> News:
        return News(
            ledger=self.ledger,
            queue=self.queue,
            nodes=self.nodes,
            node_list=self.node_list,
            touched=lambda incident, pod: self.observer.touched(incident, pod, now()),
            bag_sealed=self._bag_sealed,
            clock=now,
        )

    def _enforcement(self) -> Enforcement:
        canary = Canary(
            pods=CanaryPods(self.kube, self.settings.home, self.settings.image),
            probes=self.probes,
            errand=self._near,
            holds=lambda node: node in self.ledger.nodes(),
            on_breach=lambda found: self.enforcement.breached(found),
            on_doubt=lambda node: self.enforcement.doubt(node),
            on_guard=self.news.of_guard,
        )
        reports = EnforcementReports(self.kube, self.settings.home)
        told = (self.news.of_engine, self.news.of_breach)
        return Enforcement(self.kube, self.node_list, canary, reports, self.ledger.nodes, *told)

    def _resync(self) -> Resync:
        own = self.settings
        cordons = "cordon" in own.actions
        list_home = own.home if "identity" in own.actions else ""
        return Resync(self.kube, self.ledger, self.policies, self.queue.add, own.resync_seconds, cordons, list_home)

    def _reconciler(self) -> Reconciler:
        family, proving = self._family(), Proving(self.verifier, self.enforcement, now)
        return Reconciler(
            ledger=self.ledger,
            observer=self.observer,
            looks=Looks(self.observer, proving, now),
            actor=self.actor,
            scribe=self.scribe,
            family=family,
            closing=Closing(self.ledger, self.observer, self.actor, self.scribe, self.probes, self.verifier, now),
            proving=proving,
            reservations=self.reservations,
            stalls=Stalls(self.observer, self.scribe, family, proving, now),
            siblings=Siblings(self.kube),
            clock=now,
        )

    def _family(self) -> Family:
        return Family(
            observer=self.observer,
            actor=self.actor,
            scribe=self.scribe,
            targets=Targets(self.kube, self.rulebook, self.settings.home),
            children=Children(self.kube, self.ledger),
            rehearsal=Rehearsal(self.kube, self.observer, self.rulebook, self.residues),
            reservations=self.reservations,
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
            wake=self.news.wake,
            clock=now,
        )

    def _ways(self) -> Iterator[Way]:
        own, settled = self.settings, self.captures.settled
        if own.store is not None:
            yield Copiers(self.kube, own.home, own.image, own.store, settled, self.rulebook, now)
        if own.snapshot_class:
            yield Snapshots(self.kube, own.home, own.snapshot_class, settled)

    def retention(self) -> Retention:
        """What removes evidence whose time is over; where evidence is captured at all, the process runs it."""
        return Retention(
            kube=self.kube,
            home=self.settings.home,
            ledger=self.ledger,
            rulebook=self.rulebook,
            ready=lambda: self.resync.done > 0,
            clock=now,
        )

    def _bag_sealed(self) -> None:
        if self.copies is not None:
            self.copies.look_soon()

    async def _near(self, canary: Session) -> None:
        """Whoever is held on the node of a canary is tried from there too."""
        await asyncio.gather(*(self.verifier.try_near(record, canary) for record in self.ledger.held_on(canary.node)))
