"""All incidents that the controller knows, and the questions that are asked about them.

Memory only: the watch and the resync fill it, and nothing is read or written at the API server here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import PARENT, quarantine_label
from firedoor.controller.index import Index
from firedoor.controller.record import Hold, Record, Seen, hold_of, is_over, keys
from firedoor.controller.scale_downs import ScaleDowns
from firedoor.planner.family import vouches
from firedoor.planner.fight import Fight
from firedoor.planner.pod_view import PodView
from firedoor.planner.rules import UNBOUNDED
from firedoor.planner.situation import Census, Situation

WITNESSES = 8
"""Incidents that are asked what a node was: all of them have written down the same."""
SEEN_SECONDS = 30.0
"""How long a suspect counts as it was last seen, as long as the watch brings nothing else of it."""


@dataclass(slots=True)
class Ledger:
    """All incidents by uid, and an index by what they are asked for: what a question costs does not grow with their number."""

    records: dict[str, Record] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    """Uids of incidents that are there but could not be read when all were last listed; none of them may be taken for gone."""
    scale_downs: ScaleDowns = field(default_factory=ScaleDowns)
    _index: Index = field(default_factory=Index)

    def note(self, incident: SecurityIncident) -> Record:
        """Keeps the newest form of an incident."""
        record = self.records.get(incident.uid)
        if record is None:
            record = self.records[incident.uid] = Record(incident, fight=Fight.known(incident.status))
        else:
            record.incident = incident
        record.over = record.over or is_over(incident)
        record.hold = record.hold or hold_of(incident)
        self._index.put(incident.uid, keys(record))
        self.scale_downs.note(incident.status.receipts)
        return record

    def neighbours(self, incident: SecurityIncident) -> tuple[SecurityIncident, ...]:
        """The other incidents about the same pod that are not over, or that keep it cut off."""
        target = incident.spec.target
        about = self.about(incident.target_namespace, target.name) if target is not None and target.kind == "Pod" else ()
        known = (self.records[uid] for uid in about if uid != incident.uid)
        return tuple(record.incident for record in known if record.keeps or not record.over)

    def parent(self, incident: SecurityIncident) -> str | None:
        """Uid of the incident that made this one, where that one vouches for it; a label alone proves nothing."""
        record = self.records.get(incident.metadata.labels.get(PARENT, ""))
        return record.incident.uid if record is not None and vouches(record.incident, incident) else None

    def children(self, parent: SecurityIncident) -> dict[str, SecurityIncident]:
        """The incidents that say that this one made them, by name."""
        found = (self.records[uid].incident for uid in self._index.of("parent", parent.uid))
        return {one.metadata.name: one for one in found if one.metadata.namespace == parent.metadata.namespace}

    def concerned(self, incident_uid: str) -> tuple[str, ...]:
        """Uids of an incident and of those that say that it made them, as far as they are not over."""
        found = self._living((incident_uid, *self._index.of("parent", incident_uid)))
        return tuple(record.incident.uid for record in found)

    def nodes(self) -> set[str]:
        """The nodes on which suspects are held."""
        return {node for record in self._holding() if (node := record.incident.status.node)}

    def holding(self) -> tuple[str, ...]:
        """Uids of the incidents that isolate a pod."""
        return tuple(record.incident.uid for record in self._holding())

    def held_on(self, node: str) -> list[Record]:
        """The incidents that hold a suspect on a node."""
        return [record for record in self._holding() if record.incident.status.node == node]

    def held_in(self, namespace: str) -> tuple[str, ...]:
        """Uids of the incidents that hold a suspect in a namespace."""
        return tuple(record.incident.uid for record in self._living(self._index.of("in", namespace)))

    def about(self, namespace: str, pod: str) -> tuple[str, ...]:
        """Uids of the incidents about a pod."""
        return self._index.of("about", namespace, pod)

    def unsealed(self, incident: SecurityIncident) -> dict[str, SecurityIncident]:
        """By pod: other incidents about pods of the same namespace that are not over and whose evidence is not sealed."""
        found = (record.incident for record in self._living(self._index.of("suspects", incident.target_namespace)))
        others = (one for one in found if one.uid != incident.uid and one.status.truth("EvidenceSealed") != "True")
        return {one.spec.target.name: one for one in others if one.spec.target is not None}

    def knows_holder(self, key: str) -> bool:
        """Whether an annotation is that by which an incident that is not over would hold a workload or a node."""
        return bool(self.of_holder(key))

    def of_holder(self, key: str) -> tuple[str, ...]:
        """Uids of the incidents that are not over and would hold something by this annotation."""
        return tuple(record.incident.uid for record in self._living(self._index.of("holder", key)))

    def cordoners(self, incident: SecurityIncident, nodes: Iterable[str]) -> tuple[SecurityIncident, ...]:
        """Other incidents that are not over and have receipts for nodes of these uids; as many as are worth asking."""
        found = self._living(uid for node in nodes for uid in self._index.of("cordoned", node))
        return tuple(islice((record.incident for record in found if record.incident.uid != incident.uid), WITNESSES))

    def reserve(self, s: Situation) -> None:
        """Counts the suspect as isolated, before it is, so that two incidents cannot share the last of a budget."""
        if s.pod is not None:
            owner, record = s.prior.owner, self.records[s.incident.uid]
            record.hold = Hold(s.pod.namespace, s.pod.uid, owner.uid if owner else "")
            self._index.put(s.incident.uid, keys(record))

    def census(self, s: Situation) -> Census:
        """What is held and was done by others, at this moment; counted only where a budget asks."""
        if s.rules.budgets == UNBOUNDED:
            return Census()
        owner = s.prior.owner.uid if s.pod is not None and s.prior.owner else ""
        return Census(
            isolated_in_namespace=self._pods(s, "in", s.incident.target_namespace),
            isolated_of_workload=self._pods(s, "of", owner) if owner else frozenset(),
            scaled_in_last_hour=self.scale_downs.within_the_hour(s.now),
        )

    def looked(self, uid: str, at: float) -> None:
        """Notes that a look at an incident has ended well."""
        if uid in self.records:
            self.records[uid].looked_at = at

    def saw(self, uid: str, pod: PodView | None, at: float) -> None:
        """Notes how an incident's suspect was seen, where the incident holds it; None: it was not."""
        record = self.records.get(uid)
        if record is not None:
            record.seen = Seen(pod, at) if pod is not None and quarantine_label(uid) in pod.labels else None

    def last_seen(self, uid: str, now: float) -> PodView | None:
        """An incident's suspect as it was last seen; None where that is too long ago."""
        record = self.records.get(uid)
        if record is None or record.seen is None or now - record.seen.at > SEEN_SECONDS:
            return None
        return record.seen.pod

    def gone(self, incident: SecurityIncident, at: datetime) -> Record:
        """Notes that an incident was deleted, so that what it held is given back."""
        metadata = incident.metadata
        if metadata.deletion_timestamp is None:
            metadata = metadata.model_copy(update={"deletion_timestamp": at})
        return self.note(incident.model_copy(update={"metadata": metadata.model_copy(update={"finalizers": ()})}))

    def forget(self, uid: str) -> None:
        self.records.pop(uid, None)
        self._index.drop(uid)

    def _living(self, uids: Iterable[str]) -> Iterator[Record]:
        known = (self.records.get(uid) for uid in uids)
        return (record for record in known if record is not None and not record.over)

    def _holding(self) -> Iterator[Record]:
        return self._living(self._index.of("holding"))

    def _pods(self, s: Situation, *key: str) -> frozenset[str]:
        """Uids of the pods that other incidents hold."""
        others = (record for record in self._living(self._index.of(*key)) if record.incident.uid != s.incident.uid)
        return frozenset(record.hold.pod for record in others if record.hold is not None)
