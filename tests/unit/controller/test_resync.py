"""The resync: a listing is older than what the watch brought meanwhile, and is believed only where nothing was."""

from typing import Any

from firedoor.api.incident import SecurityIncident
from firedoor.controller.queue import Lane
from firedoor.controller.record import Ledger
from firedoor.controller.resync import Resync
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import INCIDENTS, Resource
from tests.builders import OTHER_UID, UID


class Listing(Kube):
    """An API server that lists these incidents, and a watch that brings others meanwhile."""

    def __init__(self, ledger: Ledger, listed: list[Obj], brought: list[Obj]) -> None:
        self.ledger = ledger
        self.listed = listed
        self.brought = brought

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        if resource is not INCIDENTS:
            return []
        for one in self.brought:
            self.ledger.note(SecurityIncident.read(one))
        return self.listed


def form(uid: str = UID, version: int = 1, **spec: Any) -> Obj:
    metadata = {"name": uid[:8], "namespace": "shop", "uid": uid, "resourceVersion": str(version), "generation": version}
    return {"metadata": metadata, "spec": {"target": {"kind": "Pod", "name": "web-1"}, **spec}}


async def resynced(known: list[Obj], listed: list[Obj], brought: list[Obj]) -> tuple[Ledger, dict[str, Lane]]:
    """What is known, and asked to be looked at, after a resync."""
    ledger, asked = Ledger(), dict[str, Lane]()
    for one in known:
        ledger.note(SecurityIncident.read(one))
    kube = Listing(ledger, listed, brought)
    await Resync(kube, ledger, asked.__setitem__, 60.0, cordons=False).once()
    return ledger, asked


async def test_an_incident_that_came_while_the_resync_listed_is_not_taken_for_deleted() -> None:
    ledger, asked = await resynced(known=[], listed=[], brought=[form()])
    assert not ledger.records[UID].incident.leaving
    assert asked == {}


async def test_a_newer_form_that_the_watch_brought_is_kept() -> None:
    released = form(version=2, release={"reason": "over"})
    ledger, asked = await resynced(known=[form()], listed=[form()], brought=[released])
    assert ledger.records[UID].incident.leaving
    assert asked == {UID: Lane.RELEASE}


async def test_what_the_watch_missed_is_taken_in_and_what_is_gone_is_released() -> None:
    ledger, asked = await resynced(known=[form(OTHER_UID)], listed=[form(version=2)], brought=[])
    assert ledger.records[UID].incident.metadata.generation == 2
    assert ledger.records[OTHER_UID].incident.leaving
    assert asked == {UID: Lane.REST, OTHER_UID: Lane.RELEASE}
