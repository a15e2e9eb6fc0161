"""What the controller remembers of an incident between two looks: the latest object and what the probes found.

Memory only: everything here can be found again from the cluster. The ledger keeps the records,
and the reconciler reads and writes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from firedoor.api.conditions import Reason, Type
from firedoor.api.incident import SecurityIncident
from firedoor.api.names import FINALIZER, PARENT, cordon_holder, scale_holder
from firedoor.controller.index import Key
from firedoor.planner import late
from firedoor.planner.fight import NO_FIGHT, Fight
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import Proof
from firedoor.planner.situation import Situation

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Hold:
    """What an incident isolates, as budgets count it."""

    namespace: str
    pod: str
    """Its uid: several incidents may hold one."""
    workload: str
    """Uid of the pod's controlling owner; empty for none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A suspect as it was last seen, by a look or by the watch, and when, by the event loop's clock."""

    pod: PodView
    at: float


@dataclass(slots=True)
class Record:
    """One incident."""

    incident: SecurityIncident
    glanced: bool = False
    """Whether the pod was looked at in the API server's memory, which is done once, and first of all."""
    closed_at: datetime | None = None
    drift: tuple[str, ...] = ()
    surplus: str = ""
    """What is to be said of the pod, where its controller had replaced it when it got its labels back."""
    alone: str = ""
    """What is to be said of a suspect that was the last of its owner's pods that served."""
    over: bool = False
    """Whether everything was given back, so that there is nothing left to do."""
    hold: Hold | None = None
    seen: Seen | None = None
    sheltered: bool | None = None
    """Whether the disruption budget is there; None: not known. Making and removing it twice changes nothing."""
    just_closed: Situation | None = None
    """The situation as the door left it, until the next look."""
    proof: Proof = field(default_factory=Proof)
    proof_loop_time: float | None = None
    open_now: bool = False
    """Whether the last look saw the door open, or something that leads past it; then nothing new need be proved yet."""
    seen_open: datetime | None = None
    """When the door was last seen open after it had been closed; what was proved before that proves nothing."""
    looked_at: float = NEVER
    """When the last look ended, by the event loop's clock."""
    tries: int = 0
    """Tries to prove the isolation, since it was last proved."""
    fight: Fight = NO_FIGHT
    """What happened so far over the workload; after a restart as the status tells it."""

    @property
    def refused(self) -> bool:
        """Whether the incident says that its target was refused."""
        return self.incident.status.truth("Accepted") == "False"

    @property
    def keeps(self) -> bool:
        """Whether the incident was released and left its suspect cut off, as it was asked to."""
        return any(said.type == Type.RELEASED and said.reason == Reason.KEPT for said in self.incident.status.conditions)

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do or to tell."""
        return self.over and not late.is_owed(self.incident)

    def beside(self, s: Situation) -> Situation:
        """The situation with what is known of the disruption budget."""
        return replace(s, around=replace(s.around, sheltered=self.sheltered))


def keys(record: Record) -> Iterator[Key]:
    """What an incident is asked for by."""
    incident, target = record.incident, record.incident.spec.target
    yield from (("holder", scale_holder(incident.uid)), ("holder", cordon_holder(incident.uid)))
    if target is not None and target.kind == "Pod":
        yield ("about", incident.target_namespace, target.name)
        yield ("suspects", incident.target_namespace)
    if parent := incident.metadata.labels.get(PARENT):
        yield ("parent", parent)
    if record.hold is not None:
        yield from (("holding",), ("in", record.hold.namespace), ("of", record.hold.workload))
    yield from (("cordoned", receipt.uid) for receipt in incident.status.receipts if receipt.change == "cordoned")


def behind_the_times(record: Record) -> bool:
    """Whether the last try began before the door was last seen open, and it is closed now. One that could not be made waits."""
    began, opened = record.proof.began, record.seen_open
    if record.open_now or opened is None or record.proof.missing:
        return False
    return began is None or began <= opened


def hold_of(incident: SecurityIncident) -> Hold | None:
    """What an incident held when an earlier controller wrote its status."""
    receipt = next((r for r in incident.status.receipts if r.object.startswith("Pod ") and not r.returned), None)
    if receipt is None:
        return None
    prior = PodPrior.of_receipt(receipt.prior)
    return Hold(incident.target_namespace, receipt.uid, prior.owner.uid if prior and prior.owner else "")


def is_over(incident: SecurityIncident) -> bool:
    """Whether the incident says itself that it was released and let go."""
    released = incident.leaving and incident.status.truth("Released") == "True"
    return released and FINALIZER not in incident.metadata.finalizers
