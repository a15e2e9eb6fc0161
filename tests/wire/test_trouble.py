"""The API server refuses, fails, loses answers or goes away: nothing is lost, nothing is done twice, nothing is hidden."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.fakes.apiserver import Broken, FakeCluster, Hook, nothing
from tests.fakes.kinds import Asked
from tests.fakes.objects import Refusal
from tests.fakes.workloads import DEPLOYMENTS, PODS, collectors, replica_sets
from tests.wire.process import Operator
from tests.wire.world import (
    EVENTS,
    EVERYTHING,
    INCIDENTS,
    NODES,
    condition,
    contain,
    contained,
    done_once,
    eventually,
    over,
    picture,
    release,
    report,
    says,
)


def first_of_each(trouble: Exception) -> Hook:
    """A hook by which the first write of each kind fails."""
    met: set[tuple[str, str, str]] = set()

    def fail(asked: Asked) -> None:
        kind = (asked.method, asked.collection, asked.subresource)
        if kind not in met:
            met.add(kind)
            raise trouble

    return fail


BUDGETS = "policy/v1/poddisruptionbudgets"


@dataclass
class Rights:
    """What the controller may write outside of incidents and events; `ask` is a hook."""

    given: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)

    def ask(self, asked: Asked) -> None:
        right = f"the account may not {asked.method} {asked.collection}"
        if asked.collection not in (INCIDENTS, EVENTS) and right not in self.given:
            self.missed.add(right)
            raise Refusal(403, "Forbidden", right)

    def shown_missing(self, cluster: FakeCluster) -> set[str]:
        message = condition(cluster, "Stalled").get("message", "")
        return {right for right in self.missed - self.given if right in message}


def forbidding(method: str, collection: str) -> Hook:
    """A hook by which this kind of request is forbidden."""

    def forbid(asked: Asked) -> None:
        if (asked.method, asked.collection) == (method, collection):
            raise Refusal(403, "Forbidden", "the account may not do this")

    return forbid


@pytest.fixture
def busy(cluster: FakeCluster) -> FakeCluster:
    """A cluster where others work too."""
    cluster.controllers = (replica_sets, collectors)
    return cluster


async def contained_and_released(cluster: FakeCluster) -> None:
    report(cluster, **EVERYTHING)
    await eventually(lambda: contained(cluster), "contained")
    release(cluster)
    await eventually(lambda: over(cluster), "over")


@pytest.mark.parametrize("status", [409, 429, 500])
async def test_a_write_that_is_refused_for_now_is_tried_again(busy: FakeCluster, operator: Operator, status: int) -> None:
    before = picture(busy)
    busy.before_write = first_of_each(Refusal(status, "TryAgain", "not now"))
    await contained_and_released(busy)
    assert picture(busy) == before
    assert done_once(busy)


async def test_a_write_whose_answer_is_lost_is_not_done_twice(busy: FakeCluster, operator: Operator) -> None:
    before = picture(busy)
    busy.after_write = first_of_each(Broken())
    await contained_and_released(busy)
    assert picture(busy) == before
    assert done_once(busy)


async def test_an_api_server_that_goes_away_and_comes_back_loses_nothing(busy: FakeCluster, operator: Operator) -> None:
    before = picture(busy)
    async with busy.outage():
        report(busy, **EVERYTHING)
        await asyncio.sleep(1.0)
    await eventually(lambda: contained(busy), "contained")
    async with busy.outage():
        release(busy)
        await asyncio.sleep(1.0)
    await eventually(lambda: over(busy), "over")
    assert picture(busy) == before
    assert done_once(busy)


async def test_events_that_cannot_be_written_keep_nothing_up(busy: FakeCluster, operator: Operator) -> None:
    before = picture(busy)
    busy.before_write = forbidding("POST", EVENTS)
    await contained_and_released(busy)
    assert picture(busy) == before


async def test_whatever_is_forbidden_is_shown_as_stalled_until_it_is_allowed(busy: FakeCluster, operator: Operator) -> None:
    rights = Rights()
    busy.before_write = rights.ask
    report(busy, **EVERYTHING)
    await allowing_one_by_one(busy, rights, lambda: contained(busy))
    assert condition(busy, "Stalled")["status"] == ""

    rights.given.clear()
    rights.missed.clear()
    release(busy)
    await allowing_one_by_one(busy, rights, lambda: says(busy, "Released"))
    assert done_once(busy)


async def allowing_one_by_one(cluster: FakeCluster, rights: Rights, claim: Callable[[], bool]) -> None:
    """Whenever the incident shows what is forbidden, allows that and has it looked at again; what is forbidden is not over."""
    while not claim():
        await eventually(lambda: claim() or rights.shown_missing(cluster) != set(), "shown")
        assert claim() or says(cluster, "Released", "False")
        rights.given |= rights.shown_missing(cluster)
        cluster.change(INCIDENTS, "shop", "incident", {"spec": {"title": f"{len(rights.given)} rights given"}})


async def test_a_release_that_may_not_be_looked_at_is_not_said_to_be_over(cluster: FakeCluster, operator: Operator) -> None:
    """Its node has to be looked at by a controller that has not patched it."""
    await contain(cluster, containment={"network": "None"})
    operator.kill()
    cluster.before_read = forbidding("GET", NODES)
    await operator.again()
    release(cluster)
    await eventually(lambda: says(cluster, "Stalled"), "it stalls")
    assert says(cluster, "Released", "False")


async def test_one_thing_that_is_refused_keeps_nothing_else_from_being_done(busy: FakeCluster, operator: Operator) -> None:
    busy.before_write = forbidding("POST", BUDGETS)
    report(busy, **EVERYTHING)
    await eventually(lambda: says(busy, "Stalled") and contained(busy), "all else holds")
    assert "poddisruptionbudgets" in condition(busy, "Stalled")["message"]


async def test_what_holds_is_still_said_to_hold_while_another_thing_is_forbidden(busy: FakeCluster, operator: Operator) -> None:
    busy.before_write = forbidding("PATCH", NODES)
    report(busy, **EVERYTHING)
    await eventually(lambda: says(busy, "Stalled"), "it stalls")
    assert condition(busy, "Isolated")["reason"] != "PolicyMissing"
    assert condition(busy, "NodeCordoned")["reason"] == "Pending"


async def test_a_suspect_that_may_not_be_looked_at_is_said_and_seldom_asked_for_again(
    cluster: FakeCluster, operator: Operator
) -> None:
    look = Asked("GET", PODS, "shop", "suspect")
    cluster.before_read = forbidding("GET", PODS)
    report(cluster)
    await eventually(lambda: says(cluster, "Stalled"), "it stalls")
    for about in ("Isolated", "NodeCordoned", "Contained"):
        said = condition(cluster, about)
        assert (said["status"], said["reason"]) == ("Unknown", "Forbidden")
    assert "/namespaces/shop/pods/suspect" in condition(cluster, "Stalled")["message"]

    asked = cluster.requests.count(look)
    await asyncio.sleep(3.0)
    assert cluster.requests.count(look) == asked, "not again and again"

    cluster.before_read = nothing
    cluster.change(INCIDENTS, "shop", "incident", {"spec": {"title": "the right was given"}})
    await eventually(lambda: says(cluster, "NodeCordoned"), "it goes on")
    assert condition(cluster, "Stalled")["status"] == ""


async def test_a_workload_that_may_not_be_looked_at_is_not_said_to_have_no_pods(cluster: FakeCluster, operator: Operator) -> None:
    cluster.before_read = forbidding("GET", DEPLOYMENTS)
    report(cluster, target={"kind": "Deployment", "name": "web"})
    await eventually(lambda: says(cluster, "Stalled"), "it stalls")
    for about in ("Accepted", "Isolated", "NodeCordoned", "Contained"):
        said = condition(cluster, about)
        assert (said["status"], said["reason"]) == ("Unknown", "Forbidden")

    cluster.before_read = nothing
    cluster.change(INCIDENTS, "shop", "incident", {"spec": {"title": "the right was given"}})
    await eventually(lambda: says(cluster, "NodeCordoned"), "it goes on")


async def test_a_release_whose_pod_may_not_be_looked_at_waits_and_says_so(cluster: FakeCluster, operator: Operator) -> None:
    before = picture(cluster)
    await contain(cluster)
    cluster.before_read = forbidding("GET", PODS)
    release(cluster)
    await eventually(lambda: says(cluster, "Stalled"), "it stalls")
    assert says(cluster, "Released", "False")
    cluster.before_read = nothing
    cluster.change(INCIDENTS, "shop", "incident", {"spec": {"title": "the right was given"}})
    await eventually(lambda: over(cluster), "over")
    assert picture(cluster) == before
