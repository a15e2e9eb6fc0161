"""What is known of the proof of an isolation, and when it is tried again. The reconciler asks; the verifier tries."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from firedoor.api.conditions import Type
from firedoor.controller.canary_objects import CANARIES
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.queue import Again
from firedoor.controller.record import Record, behind_the_times
from firedoor.controller.verifier import Verifier
from firedoor.planner import workload
from firedoor.planner.proof import Proof
from firedoor.planner.situation import Situation
from firedoor.planner.verdict import isolation, leads_past, measured_since

VERIFY_SECONDS = 60.0
TRY_SECONDS = 15.0
"""When to look again at the latest while a try is under way, which wakes the incident by itself when it ends."""
MOST_TRIES = 6
"""Of tries that failed to prove anything in a row; each waits twice as long as the one before, up to a minute."""


@dataclass(frozen=True, slots=True)
class Proving:
    """The proofs of all isolations, as their records, their statuses and the engines of their nodes tell them."""

    verifier: Verifier
    enforcement: Enforcement
    clock: Callable[[], datetime]

    def remembering(self, record: Record, s: Situation) -> Situation:
        """The situation with what the record knows beside it: the proof, and how a fight over the workload stands."""
        s = self.with_engine(replace(record.beside(s), proof=self.known_proof(record), fight=record.fight))
        record.fight = workload.fight(s)
        record.open_now = leads_past(s)
        if record.open_now:
            record.seen_open = self.clock()  # later than what was listed, which is later than the look that began it
        return replace(s, fight=record.fight, seen_open=record.seen_open)

    def with_engine(self, s: Situation) -> Situation:
        """The situation with what is known of the network engine of the suspect's node."""
        if s.pod is None:
            return s
        return replace(s, engine=self.enforcement.of(s.pod.node), watched=self.enforcement.watched(s.pod.node))

    def known_proof(self, record: Record) -> Proof:
        """The proof on the record, or after a restart what the status tells of it."""
        known = record.incident.status.isolation
        if record.proof.reach or record.proof.at or known is None:
            return record.proof
        inward = [way for way in known.reach if way.direction == "Ingress"]
        near = tuple(way for way in inward if way.probe in CANARIES)
        reach = tuple(way for way in inward if way.probe not in CANARIES)
        record.proof = Proof(reach=reach, near=near, flow=known.flow, by_canary=known.by_canary, at=known.verified_at)
        if record.incident.status.truth(Type.ISOLATED) != "True":
            record.seen_open = self.clock()  # why it was not proved is forgotten, so it is proved from scratch
        return record.proof

    def verify(self, record: Record, s: Situation) -> Again | None:
        """Starts a try where one is due; when to look at the incident again for it."""
        if s.incident.spec.containment.network == "None" or not s.suspect_held or s.pod is None:
            return None
        if record.seen_open is not None and not record.open_now and not measured_since(s, record.seen_open):
            self.enforcement.doubt(s.pod.node, record.seen_open)
        holds = isolation(s).status == "True"
        record.tries = 0 if holds else record.tries
        due = VERIFY_SECONDS if holds else min(VERIFY_SECONDS, 2.0**record.tries)
        age = asyncio.get_running_loop().time() - record.proof_loop_time if record.proof_loop_time else due
        if age >= due or behind_the_times(record):
            self.verifier.start(record, s.pod)
            record.tries = min(record.tries + 1, MOST_TRIES)
            return Again(TRY_SECONDS)
        return Again(due - age)
