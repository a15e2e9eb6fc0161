"""The loop's memory: a door that somebody opened is not taken for one that was closed all along."""

from dataclasses import replace
from typing import Any

from firedoor.controller.process import Controller
from firedoor.controller.settings import Settings
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import EVENTS, Resource
from firedoor.planner import containment
from tests.builders import LABELS, UID, incident, pod, proof, quarantined, situation


class Willing(Kube):
    """An API server that lets everything be written, and keeps the events."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def create(self, resource: Resource, obj: Obj, *_: Any, **__: Any) -> Obj:
        if resource is EVENTS:
            self.told.append(obj["note"])
        return obj

    async def patch(self, *_: Any, **__: Any) -> Obj:
        return {}


async def closed(controller: Controller) -> None:
    """The suspect as its owner's labels let it be, and the door closed before it."""
    record = controller.ledger.records[UID]
    s = situation(record.incident, pod(labels=LABELS, prior=quarantined().recorded))
    await controller.reconciler._close(record, s, containment.door(s))


async def test_a_door_that_has_to_be_closed_again_is_proved_anew_and_said_so() -> None:
    kube = Willing()
    controller = Controller(kube, Settings())
    record = controller.ledger.note(incident())
    await closed(controller)
    assert (record.seen_open, kube.told) == (None, []), "the first time nobody opened it"

    record.proof = replace(proof())
    await closed(controller)
    assert record.seen_open is not None
    assert record.seen_open == record.closed_at
    [told] = kube.told
    assert "Somebody else changed the quarantine labels" in told


async def test_a_door_was_seen_open_when_that_was_seen_and_not_when_the_look_began() -> None:
    controller = Controller(Willing(), Settings())
    record = controller.ledger.note(incident())
    began = controller.reconciler.clock()
    without_policy = replace(situation(record.incident, quarantined()), now=began)
    seen = controller.reconciler._remembering(record, without_policy)
    assert record.open_now
    assert record.seen_open is not None
    assert record.seen_open > began
    assert seen.seen_open == record.seen_open
