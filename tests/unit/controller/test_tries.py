"""What failed of the evidence is begun again, a few times, from its own order; and nothing is called settled before."""

import pytest

from firedoor.api import names
from firedoor.controller.evidence_jobs import EvidenceJobs
from firedoor.controller.tries import Tries
from firedoor.kube.client import Obj
from firedoor.kube.errors import Forbidden, Unavailable
from tests.builders import UID
from tests.unit.controller.shelf import Shelf, collector, keeper

HOME = "firedoor-system"
FIRST, SECOND, THIRD = names.tries(names.collector_job(UID))


async def looked(shelf: Shelf) -> tuple[Tries, EvidenceJobs]:
    jobs = EvidenceJobs(shelf, HOME)
    await jobs.look()
    return Tries(shelf, HOME, jobs), jobs


async def test_a_failed_collector_is_begun_again_from_its_own_order() -> None:
    shelf = Shelf(failed := collector(ended="Failed"))
    tries, jobs = await looked(shelf)
    assert not tries.settled(jobs.collectors[UID])
    assert f"{FIRST} has failed; it is begun again, try 2 of 3" in tries.why(jobs.collectors[UID])
    await tries.again()
    second = shelf.jobs[SECOND]
    assert second["metadata"]["labels"] == names.made_labels(UID)
    assert second["spec"]["template"]["spec"] == failed["spec"]["template"]["spec"]


async def test_nothing_that_the_api_server_had_put_into_the_failed_one_is_in_the_next() -> None:
    shelf = Shelf(keeper(ended="Failed"))
    tries, _ = await looked(shelf)
    await tries.again()
    second = shelf.jobs[names.tries(names.keeper_job(UID))[1]]
    assert {"selector", "status"}.isdisjoint(second.keys() | second["spec"].keys())
    assert second["spec"]["template"]["metadata"]["labels"] == {names.COMPONENT: "keeper"}


async def test_the_last_try_is_what_is_told_of_and_the_third_that_fails_is_the_end() -> None:
    shelf = Shelf(*(collector(ended="Failed", number=number) for number in (3, 1, 2)))
    tries, jobs = await looked(shelf)
    assert jobs.collectors[UID]["metadata"]["name"] == THIRD
    await tries.again()
    assert tries.settled(jobs.collectors[UID])
    assert len(shelf.jobs) == 3


@pytest.mark.parametrize("job", [collector(), keeper(), collector(ended="Complete"), keeper(ended="Complete")])
async def test_what_is_at_work_or_has_succeeded_is_left_alone(job: Obj) -> None:
    shelf = Shelf(job)
    tries, _ = await looked(shelf)
    await tries.again()
    assert list(shelf.jobs.values()) == [job]


async def test_a_collector_whose_volume_never_came_is_not_begun_again() -> None:
    shelf = Shelf(collector(ended="Failed"))
    shelf.volume = "Pending"
    tries, jobs = await looked(shelf)
    await tries.again()
    assert tries.settled(jobs.collectors[UID])
    assert list(shelf.jobs) == [FIRST]


async def test_what_may_not_be_begun_again_is_settled_and_what_could_not_is_tried_later() -> None:
    shelf = Shelf(collector(ended="Failed"))
    tries, jobs = await looked(shelf)
    shelf.refuses = Unavailable("the API server does not answer")
    with pytest.raises(Unavailable):
        await tries.again()
    assert not tries.settled(jobs.collectors[UID])
    shelf.refuses = Forbidden("quota", status=403)
    await tries.again()
    assert tries.settled(jobs.collectors[UID])
