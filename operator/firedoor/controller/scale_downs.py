"""Scale-downs: which workloads were put to rest lately, or are about to be, as a budget counts them.

The ledger keeps them, for they outlive the incidents that asked for them. A workload counts once, however many incidents
hold it. Memory only: after a restart what the incidents' receipts tell is known again, and of deleted ones nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firedoor.api.incident import Receipt
from firedoor.planner.steps import Plan, ScaleToZero
from firedoor.planner.workload_view import FIELDS, Setting

HOUR = timedelta(hours=1)


@dataclass(slots=True)
class ScaleDowns:
    """Uids of workloads, and when each was last put to rest."""

    _done: dict[str, datetime] = field(default_factory=dict)
    _reserved: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """By incident: what it has decided to put to rest."""

    def note(self, receipts: Iterable[Receipt]) -> None:
        """Takes in what an incident's receipts tell."""
        for receipt in receipts:
            if _tells_of_one(receipt):
                self._put_to_rest(receipt.uid, receipt.at)

    def reserve(self, incident_uid: str, plan: Plan, at: datetime) -> None:
        """Counts what this plan puts to rest, and nothing else, as about to be done by this incident."""
        self.give_up(incident_uid)
        every = (step.workload for stage in plan for step in stage if isinstance(step, ScaleToZero))
        if found := {workload.uid: at for workload in every if not workload.at_rest}:
            self._reserved[incident_uid] = found

    def done(self, incident_uid: str) -> None:
        """What was reserved was done."""
        for uid, at in self._reserved.pop(incident_uid, {}).items():
            self._drop_older(at)
            self._put_to_rest(uid, at)

    def give_up(self, incident_uid: str) -> None:
        """What was reserved is not done."""
        self._reserved.pop(incident_uid, None)

    def within_the_hour(self, now: datetime) -> frozenset[str]:
        """The workloads that were put to rest in the last hour, or are about to be."""
        self._drop_older(now)
        return frozenset(self._done).union(*self._reserved.values())

    def _drop_older(self, now: datetime) -> None:
        self._done = {uid: at for uid, at in self._done.items() if now - at <= HOUR}

    def _put_to_rest(self, uid: str, at: datetime) -> None:
        self._done[uid] = max(at, self._done.get(uid, at))


def _tells_of_one(receipt: Receipt) -> bool:
    """Whether it is for a workload that was put to rest; one that was at rest before was only held so."""
    if receipt.change != "scaled to zero":
        return False
    field_name = FIELDS.get(receipt.object.partition(" ")[0])
    before = Setting.load(receipt.prior, field_name) if field_name else None
    return before is None or not before.at_rest
