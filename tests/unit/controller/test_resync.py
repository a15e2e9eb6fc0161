"""The resync: a listing is older than what the watch brought meanwhile, and is believed only where nothing was."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from firedoor.actions.network import deny_policy
from firedoor.api import names
from firedoor.api.incident import SecurityIncident
from firedoor.controller.ledger import Ledger
from firedoor.controller.policies import Policies
from firedoor.controller.queue import Lane
from firedoor.controller.resync import GRACE_SECONDS, PAGE, Resync
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import DISRUPTION_BUDGETS, INCIDENTS, NETWORK_POLICIES, Resource
from tests.builders import OTHER_UID, UID, incident, pod, situation


class Listing(Kube):
    """An API server that lists these incidents, and a watch that brings others meanwhile."""

    def __init__(self, ledger: Ledger, listed: list[Obj], brought: list[Obj]) -> None:
        self.ledger = ledger
        self.listed = listed
        self.brought = brought
        self.sizes: list[int] = []

    async def pages(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "", size: int = 1
    ) -> AsyncIterator[Sequence[Obj]]:
        if resource is not INCIDENTS:
            return
        for one in self.brought:
            self.ledger.note(SecurityIncident.read(one))
        for page in (self.listed[at : at + size] for at in range(0, len(self.listed), size)):
            self.sizes.append(len(page))
            yield page


def form(uid: str = UID, version: int = 1, **spec: Any) -> Obj:
    metadata = {"name": uid[:8], "namespace": "shop", "uid": uid, "resourceVersion": str(version), "generation": version}
    return {"metadata": metadata, "spec": {"target": {"kind": "Pod", "name": "web-1"}, **spec}}


async def resynced(known: list[Obj], listed: list[Obj], brought: list[Obj]) -> tuple[Ledger, dict[str, Lane]]:
    """What is known, and asked to be looked at, after a resync."""
    ledger, asked = Ledger(), dict[str, Lane]()
    for one in known:
        ledger.note(SecurityIncident.read(one))
    kube = Listing(ledger, listed, brought)
    await Resync(kube, ledger, Policies(kube), lambda uid, lane, _: asked.__setitem__(uid, lane), 60.0, cordons=False).once()
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


async def test_thousands_are_listed_a_page_at_a_time() -> None:
    many = [form(f"{number:08x}-0000-0000-0000-000000000001") for number in range(2 * PAGE)]
    kube = Listing(Ledger(), many, [])
    await Resync(kube, kube.ledger, Policies(kube), lambda *_: None, 60.0, cordons=False).once()
    assert kube.sizes == [PAGE] * 2


async def test_everybody_is_looked_at_after_a_start_and_then_a_resync_after_the_last_look() -> None:
    ledger, delays = Ledger(), dict[str, float]()
    kube = Listing(ledger, [form(), form(OTHER_UID)], [])
    resync = Resync(kube, ledger, Policies(kube), lambda uid, _, delay: delays.__setitem__(uid, delay), 60.0, cordons=False)
    await resync.once()
    assert delays == {UID: 0.0, OTHER_UID: 0.0}
    now = asyncio.get_running_loop().time()
    ledger.looked(UID, now - 50.0)
    ledger.looked(OTHER_UID, now - 100.0)
    await resync.once()
    assert 10.0 < delays[UID] <= 10.0 + GRACE_SECONDS
    assert delays[OTHER_UID] == 0.0


async def test_a_change_that_the_watch_missed_is_looked_at_however_lately_the_incident_was() -> None:
    ledger, delays = Ledger(), list[float]()
    kube = Listing(ledger, [form()], [])
    resync = Resync(kube, ledger, Policies(kube), lambda _, __, delay: delays.append(delay), 60.0, cordons=False)
    await resync.once()
    ledger.looked(UID, asyncio.get_running_loop().time())
    kube.listed = [form(version=2, title="changed")]
    await resync.once()
    assert delays == [0.0, 0.0]


async def test_an_incident_that_leaves_is_looked_at_however_lately_it_was() -> None:
    ledger, delays = Ledger(), list[float]()
    kube = Listing(ledger, [form(version=2, release={"reason": "over"})], [])
    resync = Resync(kube, ledger, Policies(kube), lambda _, __, delay: delays.append(delay), 60.0, cordons=False)
    await resync.once()
    ledger.looked(UID, asyncio.get_running_loop().time())
    await resync.once()
    assert delays == [0.0, 0.0]


async def test_what_the_watch_has_brought_already_is_not_read_again() -> None:
    broken = {"metadata": form()["metadata"], "spec": {"target": "nobody could read this"}}
    ledger, asked = await resynced(known=[form()], listed=[broken], brought=[])
    assert ledger.records[UID].incident.spec.target is not None
    assert asked == {UID: Lane.REST}


async def test_an_incident_that_cannot_be_read_ends_nothing_and_is_not_taken_for_gone() -> None:
    broken = form(OTHER_UID, source={"name": "falco", "receivedAt": "0000-01-01T00:00:00Z"})
    ledger, asked = await resynced(known=[], listed=[broken, form()], brought=[])
    assert asked == {UID: Lane.REST}
    assert ledger.unreadable == {OTHER_UID}

    known = form(OTHER_UID)
    ledger, asked = await resynced(known=[known], listed=[{**broken, "metadata": form(OTHER_UID, 2)["metadata"]}], brought=[])
    assert not ledger.records[OTHER_UID].incident.leaving
    assert asked == {}


class Belongings(Kube):
    """An API server with these objects of ours."""

    def __init__(self, kept: dict[Resource, list[Obj]]) -> None:
        self.kept = kept

    async def pages(self, resource: Resource, *_: Any, **__: Any) -> AsyncIterator[Sequence[Obj]]:
        yield self.kept.get(resource, [])


def held(ledger: Ledger, uid: str) -> SecurityIncident:
    """An incident that holds its suspect, with a disruption budget for it."""
    about = incident(uid=uid)
    ledger.note(about)
    ledger.reserve(situation(about, pod()))
    ledger.records[uid].sheltered = True
    return about


def made(policy_or_budget: Obj) -> Obj:
    return {**policy_or_budget, "metadata": {**policy_or_budget["metadata"], "uid": "made"}}


async def test_a_budget_or_deny_that_a_listing_no_longer_shows_has_its_incident_look_anew() -> None:
    ledger, asked = Ledger(), set[str]()
    for uid in (UID, OTHER_UID):
        held(ledger, uid)
    denies = [made(deny_policy("shop/shell", uid, "shop", "web-1")) for uid in (UID, OTHER_UID)]
    budgets = [{"metadata": {"labels": names.made_labels(uid)}} for uid in (UID, OTHER_UID)]
    alive = [{"metadata": {"uid": uid, "resourceVersion": "", "generation": 1}} for uid in (UID, OTHER_UID)]
    kube = Belongings({INCIDENTS: alive, NETWORK_POLICIES: denies, DISRUPTION_BUDGETS: budgets})
    policies = Policies(kube)

    def enqueue(uid: str, _: Lane, delay: float) -> None:
        asked.update({uid} if delay == 0.0 else ())

    resync = Resync(kube, ledger, policies, enqueue, 60.0, cordons=False)
    await resync.once()
    for uid in (UID, OTHER_UID):
        ledger.looked(uid, asyncio.get_running_loop().time())
    asked.clear()
    await resync.once()
    assert asked == set()

    budgets.pop()
    await resync.once()
    assert (asked, ledger.records[OTHER_UID].sheltered) == ({OTHER_UID}, None)

    asked.clear()
    denies.pop(0)
    await resync.once()
    assert asked == {UID}
    assert policies.denies == {("shop", names.deny_policy(OTHER_UID))}
