"""Whom news concerns: what the watches and the standing measurements bring, and who is looked at again for it.

The watch and the parts that measure call it. It never waits, decides nothing about an incident, and asks the API server nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from firedoor.api import names
from firedoor.api.incident import SecurityIncident
from firedoor.controller.ledger import Ledger
from firedoor.controller.node_list import NodeList
from firedoor.controller.nodes import NodeWatch
from firedoor.controller.queue import Lane, WorkQueue
from firedoor.controller.rate import Rate
from firedoor.controller.record import Record
from firedoor.kube.client import Obj
from firedoor.planner.pod_view import PodView

PARENT_WAITS_SECONDS = 0.1
AT_ONCE = 10
LATER_SECONDS = 5.0
"""How soon a door is looked at that somebody has opened more often than AT_ONCE within a minute."""


@dataclass(frozen=True, slots=True)
class News:
    """What came, taken to the ledger and to the queue."""

    ledger: Ledger
    queue: WorkQueue
    nodes: NodeWatch
    node_list: NodeList
    touched: Callable[[SecurityIncident, PodView], bool]
    """Whether a suspect is not as its incident left it."""
    bag_sealed: Callable[[], None]
    clock: Callable[[], datetime]
    _repairs: Rate = field(default_factory=lambda: Rate(AT_ONCE))
    _policies: Rate = field(default_factory=lambda: Rate(AT_ONCE))

    def of_incident(self, incident: SecurityIncident, *, gone: bool) -> None:
        """Its newest form is kept, and it is put into the lane where it belongs."""
        known = self.ledger.records.get(incident.uid)
        before = known.incident if known else None
        if gone:
            self._deleted(incident)
            self._wake_parent(incident)
            return
        record = self.ledger.note(incident)
        if _sealed_at(incident) != _sealed_at(before):
            self.bag_sealed()
        if before is None or before.status != incident.status or before.leaving != incident.leaving:
            self._wake_parent(incident)
        if record.settled or (before is not None and not _differs(before, incident)):
            return
        self.queue.add(incident.uid, Lane.RELEASE if incident.leaving else Lane.CONTAIN if before is None else Lane.REST)

    def of_decision(self, incident_uid: str) -> None:
        """One came, changed or went: for the incident that it is about, and for those which that one made."""
        for uid in self.ledger.concerned(incident_uid):
            self.wake(uid)

    def of_rules(self, namespace: str | None = None) -> None:
        """Other rules hold, of one namespace or of any: for those about something in it. A node has pods of any."""
        for uid, record in list(self.ledger.records.items()):
            target = record.incident.spec.target
            of_node = target is not None and target.kind == "Node"
            if not record.over and (namespace is None or of_node or record.incident.target_namespace == namespace):
                self.wake(uid)

    def of_pod(self, pod: Obj, *, gone: bool) -> None:
        """A quarantined one changed: for whoever holds it, where somebody else changed it, or it went."""
        view, at = PodView.read(pod), asyncio.get_running_loop().time()
        for uid in self.ledger.about(view.namespace, view.name):
            record = self.ledger.records[uid]
            self.ledger.saw(uid, None if gone else view, at)
            held = record.hold is not None and not record.over
            if gone:
                self.wake(uid)
            elif held and self.touched(record.incident, view):
                self.of_door(uid)

    def of_door(self, uid: str) -> None:
        """Somebody may have opened it."""
        self._in_time(uid, self._repairs)

    def of_node(self, node: Obj, *, gone: bool) -> None:
        """For whoever holds its cordon, where somebody else changed that."""
        self.node_list.seen(node, gone=gone)
        holders = self.nodes.seen(node, asyncio.get_running_loop().time(), gone=gone)
        for uid in (uid for holder in holders for uid in self.ledger.of_holder(holder)):
            self.wake(uid)

    def of_policies(self, namespace: str) -> None:
        """A NetworkPolicy of somebody else came, changed or went: for whoever is held in its namespace."""
        for uid in self.ledger.held_in(namespace):
            self._in_time(uid, self._policies)

    def of_foreign_policies(self, namespace: str | None) -> None:
        """Policies of other kinds came, changed or went, in a namespace or for all: whoever is held there is tried again."""
        for uid in self.ledger.holding() if namespace is None else self.ledger.held_in(namespace):
            self._try_again(self.ledger.records[uid])

    def of_probe(self) -> None:
        """One can be asked: whoever could not be tried for want of one is tried now."""
        for uid in self.ledger.holding():
            if self.ledger.records[uid].proof.missing:
                self._try_again(self.ledger.records[uid])

    def of_engine(self, node: str) -> None:
        """A node's engine was found to do something else than before: whoever is held there is tried again."""
        for record in self.ledger.held_on(node):
            self._try_again(record)

    def of_breach(self, node: str) -> None:
        """A node's engine let something through: what is held there has to be proved anew."""
        for record in self.ledger.held_on(node):
            record.seen_open = self.clock()
            self.wake(record.incident.uid)

    def of_guard(self, node: str) -> None:
        """A canary stands guard on a node: what waited for that may be said."""
        for record in self.ledger.held_on(node):
            self.wake(record.incident.uid)

    def wake(self, uid: str) -> None:
        """Asks for another look at an incident."""
        self.queue.add(uid, Lane.REST)

    def _in_time(self, uid: str, rate: Rate) -> None:
        at_once = rate.at_once(uid, asyncio.get_running_loop().time())
        self.queue.add(uid, Lane.REST, 0.0 if at_once else LATER_SECONDS)

    def _try_again(self, record: Record) -> None:
        record.proof_loop_time, record.tries = None, 0
        self.wake(record.incident.uid)

    def _wake_parent(self, incident: SecurityIncident) -> None:
        """An incident that another one made says something new; many of them speak at a time, so it waits a little."""
        parent = self.ledger.records.get(incident.metadata.labels.get(names.PARENT, ""))
        if parent is not None and not parent.settled:
            self.queue.add(parent.incident.uid, Lane.REST, PARENT_WAITS_SECONDS)

    def _deleted(self, incident: SecurityIncident) -> None:
        record = self.ledger.records.get(incident.uid)
        if record is None or record.over:
            self.ledger.forget(incident.uid)
            self._repairs.forget(incident.uid)
            self._policies.forget(incident.uid)
            self.queue.forget(incident.uid)
            return
        self.ledger.gone(incident, self.clock())
        self.queue.add(incident.uid, Lane.RELEASE)


def _sealed_at(incident: SecurityIncident | None) -> datetime | None:
    evidence = incident.status.evidence if incident else None
    return evidence.sealed_at if evidence else None


def _differs(before: SecurityIncident, now: SecurityIncident) -> bool:
    """Whether anything but our own status and finalizer changed."""
    return (
        before.metadata.generation != now.metadata.generation
        or before.leaving != now.leaving
        or bool(set(before.metadata.finalizers) - set(now.metadata.finalizers))
    )
