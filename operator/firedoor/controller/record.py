"""What the controller remembers of each incident between two looks: the latest object and what the probes found.

Memory only: everything here can be found again from the cluster. The watch fills it, the reconciler reads it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import FINALIZER, PARENT
from firedoor.planner.family import vouches
from firedoor.planner.fight import Fight
from firedoor.planner.rules import UNBOUNDED
from firedoor.planner.situation import Census, Proof, Situation
from firedoor.planner.views import PodPrior

HOUR = timedelta(hours=1)
Target = tuple[str, str]
"""Namespace and name of a pod."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What an incident isolates, as budgets count it."""

    namespace: str
    workload: str
    """Uid of the pod's controlling owner; empty for none."""


@dataclass(slots=True)
class Record:
    """One incident."""

    incident: SecurityIncident
    closed_at: datetime | None = None
    drift: tuple[str, ...] = ()
    over: bool = False
    """Whether everything was given back, so that there is nothing left to do."""
    hold: Hold | None = None
    sheltered: bool | None = None
    """Whether the disruption budget is there; None: not known. Making and removing it twice changes nothing."""
    just_closed: Situation | None = None
    """The situation as the door left it, until the next look."""
    proof: Proof = field(default_factory=Proof)
    proof_loop_time: float | None = None
    tries: int = 0
    """Tries to prove the isolation, since it was last proved."""
    fight: Fight = field(default_factory=Fight)
    """What happened so far over the workload; a restart forgets it, which grants three more reverts at most."""


@dataclass(slots=True)
class Ledger:
    """All incidents by uid."""

    records: dict[str, Record] = field(default_factory=dict)
    _about: dict[Target, dict[str, None]] = field(default_factory=dict)

    def note(self, incident: SecurityIncident) -> Record:
        """Keeps the newest form of an incident."""
        record = self.records.get(incident.uid)
        if record is None:
            record = self.records[incident.uid] = Record(incident)
        else:
            record.incident = incident
        record.over = record.over or _is_over(incident)
        record.hold = record.hold or _hold_of(incident)
        if (target := _target(incident)) is not None:
            self._about.setdefault(target, {})[incident.uid] = None
        return record

    def neighbours(self, incident: SecurityIncident) -> tuple[SecurityIncident, ...]:
        """The other incidents about the same pod that are not over."""
        target = _target(incident)
        others = (self.records[uid] for uid in self._about.get(target, {}) if uid != incident.uid) if target else ()
        return tuple(record.incident for record in others if not record.over)

    def parent(self, incident: SecurityIncident) -> str | None:
        """Uid of the incident that made this one, where that one vouches for it; a label alone proves nothing."""
        record = self.records.get(incident.metadata.labels.get(PARENT, ""))
        return record.incident.uid if record is not None and vouches(record.incident, incident) else None

    def children(self, parent: SecurityIncident) -> dict[str, SecurityIncident]:
        """The incidents that say that this one made them, by name."""
        known = (record.incident for record in self.records.values())
        return {
            incident.metadata.name: incident
            for incident in known
            if incident.metadata.labels.get(PARENT) == parent.uid and incident.metadata.namespace == parent.metadata.namespace
        }

    def nodes(self) -> set[str]:
        """The nodes on which suspects are held."""
        held = (record.incident.status.node for record in self.records.values() if record.hold is not None and not record.over)
        return {node for node in held if node}

    def about(self, namespace: str, pod: str) -> tuple[str, ...]:
        """Uids of the incidents about a pod."""
        return tuple(self._about.get((namespace, pod), {}))

    def reserve(self, s: Situation) -> None:
        """Counts the suspect as isolated, before it is, so that two incidents cannot share the last of a budget."""
        if s.pod is not None:
            owner = s.prior.owner
            self.records[s.incident.uid].hold = Hold(s.pod.namespace, owner.uid if owner else "")

    def census(self, s: Situation) -> Census:
        """What other incidents hold; counted only where a budget asks."""
        if s.rules.budgets == UNBOUNDED:
            return Census()
        others = [record for uid, record in self.records.items() if uid != s.incident.uid]
        holds = [record.hold for record in others if record.hold is not None and not record.over]
        owner = s.prior.owner.uid if s.pod is not None and s.prior.owner else None
        return Census(
            isolated_in_namespace=sum(1 for hold in holds if hold.namespace == s.incident.target_namespace),
            isolated_of_workload=sum(1 for hold in holds if owner is not None and hold.workload == owner),
            scaled_in_last_hour=sum(1 for record in others if _scaled_since(record.incident, s.now - HOUR)),
        )

    def gone(self, incident: SecurityIncident, at: datetime) -> Record:
        """Notes that an incident was deleted, so that what it held is given back."""
        metadata = incident.metadata
        if metadata.deletion_timestamp is None:
            metadata = metadata.model_copy(update={"deletion_timestamp": at})
        return self.note(incident.model_copy(update={"metadata": metadata.model_copy(update={"finalizers": ()})}))

    def forget(self, uid: str) -> None:
        record = self.records.pop(uid, None)
        target = _target(record.incident) if record else None
        if target is not None and target in self._about:
            self._about[target].pop(uid, None)
            if not self._about[target]:
                del self._about[target]


def _target(incident: SecurityIncident) -> Target | None:
    target = incident.spec.target
    return (incident.target_namespace, target.name) if target is not None and target.kind == "Pod" else None


def _hold_of(incident: SecurityIncident) -> Hold | None:
    """What an incident held when an earlier controller wrote its status."""
    receipt = next((r for r in incident.status.receipts if r.object.startswith("Pod ") and not r.returned), None)
    if receipt is None:
        return None
    prior = PodPrior.load(receipt.prior)
    return Hold(incident.target_namespace, prior.owner.uid if prior and prior.owner else "")


def _scaled_since(incident: SecurityIncident, since: datetime) -> bool:
    return any(receipt.change.startswith("scaled") and receipt.at >= since for receipt in incident.status.receipts)


def _is_over(incident: SecurityIncident) -> bool:
    """Whether the incident says itself that it was released and let go."""
    released = incident.leaving and incident.status.truth("Released") == "True"
    return released and FINALIZER not in incident.metadata.finalizers
