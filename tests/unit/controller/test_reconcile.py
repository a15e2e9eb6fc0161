"""The loop's memory: a door that somebody opened is not taken for one that was closed all along."""

import asyncio
from dataclasses import replace
from typing import Any

from firedoor.actions.network import deny_policy
from firedoor.api import names
from firedoor.api.incident import Grant
from firedoor.controller.ledger import SEEN_SECONDS
from firedoor.controller.process import Controller
from firedoor.controller.settings import Settings
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import EVENTS, Resource
from firedoor.planner import containment
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import Residue
from firedoor.planner.situation import Situation
from tests.builders import LABELS, OTHER_UID, UID, incident, pod, proof, quarantined, situation


class Willing(Kube):
    """An API server that lets everything be written, keeps the events, and has nothing to list."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def list(self, *_: Any, **__: Any) -> list[Obj]:
        return []

    async def create(self, resource: Resource, obj: Obj, *_: Any, **__: Any) -> Obj:
        if resource is EVENTS:
            self.told.append(obj["note"])
        return obj

    async def patch(self, *_: Any, **__: Any) -> Obj:
        return {}


async def closed(controller: Controller) -> None:
    """The suspect as its owner's labels let it be, and the door closed before it."""
    record = controller.parts.ledger.records[UID]
    s = situation(record.incident, pod(labels=LABELS, prior=quarantined().recorded))
    await controller.parts.reconciler.closing.close(record, s, containment.door(s))


async def test_a_door_that_has_to_be_closed_again_is_proved_anew_and_said_so() -> None:
    kube = Willing()
    controller = Controller(kube, Settings())
    record = controller.parts.ledger.note(incident())
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
    record = controller.parts.ledger.note(incident())
    began = controller.parts.reconciler.clock()
    without_policy = replace(situation(record.incident, quarantined()), now=began)
    seen = controller.parts.reconciler.proving.remembering(record, without_policy)
    assert record.open_now
    assert record.seen_open is not None
    assert record.seen_open > began
    assert seen.seen_open == record.seen_open


def holding(suspect: PodView, *, seen: float = 0.0) -> Controller:
    """A controller that has closed the door before this suspect, saw it so many seconds ago, and knows its deny by the watch."""
    controller = Controller(Willing(), Settings())
    controller.parts.ledger.note(incident(evidence={"enabled": False}))
    controller.parts.ledger.records[UID].sheltered = True
    controller.parts.ledger.saw(UID, suspect, asyncio.get_running_loop().time() - seen)
    made = deny_policy("shop/shell", UID, "shop", "web-1")
    controller.parts.policies.note({**made, "metadata": {**made["metadata"], "uid": "p"}})
    controller.parts.policies.complete = True
    return controller


async def as_known(controller: Controller) -> Situation | None:
    return await controller.parts.reconciler.looks.as_known(controller.parts.ledger.records[UID])


async def test_a_suspect_that_is_as_it_was_left_is_not_asked_for_again() -> None:
    known = await as_known(holding(quarantined()))
    assert known is not None
    assert (known.pod, known.around.deny(UID) is not None) == (quarantined(), True)


async def test_whatever_would_have_to_be_done_is_looked_at_anew_first() -> None:
    relabelled = quarantined(labels={**quarantined().labels, "app": "web"})
    assert await as_known(holding(relabelled)) is None
    unsheltered = holding(quarantined())
    unsheltered.parts.ledger.records[UID].sheltered = None
    assert await as_known(unsheltered) is None
    undenied = holding(quarantined())
    undenied.parts.policies.doubt({("shop", names.deny_policy(UID))})
    assert await as_known(undenied) is None


async def test_what_leads_past_the_door_is_looked_at_anew_first() -> None:
    controller = holding(quarantined())
    past = Grant(kind="AdminNetworkPolicy", name="lets", direction="Ingress", peers="everybody", ports="all")
    controller.parts.ledger.records[UID].proof = replace(proof(), residue=Residue(grants=(past,)))
    assert await as_known(controller) is None


async def test_a_suspect_that_was_not_seen_lately_or_went_is_looked_at_anew() -> None:
    assert await as_known(holding(quarantined(), seen=SEEN_SECONDS + 1)) is None
    controller = holding(quarantined())
    controller.parts.ledger.saw(UID, None, asyncio.get_running_loop().time())
    assert await as_known(controller) is None


async def test_a_pod_that_this_incident_does_not_hold_is_never_taken_as_known() -> None:
    assert await as_known(holding(quarantined(OTHER_UID))) is None
