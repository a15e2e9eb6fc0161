"""Looking at Jobs: what a look costs depends on those under way and not on those that are over, and none is missed."""

from firedoor.api import names
from firedoor.controller.evidence_jobs import EvidenceJobs
from firedoor.controller.jobs import complete, over
from tests.builders import OTHER_UID, UID
from tests.unit.controller.shelf import Shelf, collector, keeper, nothing, uids


async def looked(shelf: Shelf) -> EvidenceJobs:
    jobs = EvidenceJobs(shelf, "firedoor-system")
    await jobs.look()
    return jobs


async def test_what_is_over_stays_known_and_is_not_handed_out_again() -> None:
    shelf = Shelf(collector(UID), *(collector(uid, "Complete") for uid in uids(50)))
    jobs = await looked(shelf)
    shelf.handed_out = 0
    await jobs.look()
    assert shelf.handed_out == 1
    assert sum(over(job) for job in jobs.collectors.values()) == 50


async def test_one_that_succeeded_since_is_seen_to_be_over() -> None:
    shelf = Shelf(collector())
    jobs = await looked(shelf)
    assert not over(jobs.collectors[UID])
    shelf.put(collector(ended="Complete"))
    await jobs.look()
    assert complete(jobs.collectors[UID])


async def test_one_that_failed_since_is_over_and_not_complete() -> None:
    shelf = Shelf(collector())
    jobs = await looked(shelf)
    shelf.put(collector(ended="Failed"))
    await jobs.look()
    assert (over(jobs.collectors[UID]), complete(jobs.collectors[UID])) == (True, False)


async def test_one_that_is_expected_is_seen_even_where_it_was_never_seen_at_work() -> None:
    shelf = Shelf()
    jobs = await looked(shelf)
    jobs.expect(names.keeper_job(UID))
    await jobs.look()
    assert jobs.keepers == {}
    shelf.put(keeper(ended="Complete"))
    await jobs.look()
    assert complete(jobs.keepers[UID])


async def test_one_that_is_made_and_over_while_all_are_listed_is_seen_by_the_next_look() -> None:
    shelf = Shelf()
    jobs = EvidenceJobs(shelf, "firedoor-system")

    def made_and_over() -> None:
        shelf.meanwhile = nothing
        jobs.expect(names.collector_job(UID))
        shelf.put(collector(ended="Complete"))

    shelf.meanwhile = made_and_over
    await jobs.look()
    assert jobs.collectors == {}
    await jobs.look()
    assert complete(jobs.collectors[UID])


async def test_one_that_was_expected_just_before_all_were_listed_is_still_expected() -> None:
    shelf = Shelf()
    jobs = EvidenceJobs(shelf, "firedoor-system")
    jobs.expect(names.collector_job(UID))
    await jobs.look()
    shelf.put(collector(ended="Complete"))
    await jobs.look()
    assert complete(jobs.collectors[UID])


async def test_one_that_was_deleted_at_work_is_known_no_more() -> None:
    shelf = Shelf(collector(), collector(OTHER_UID))
    jobs = await looked(shelf)
    del shelf.jobs[names.collector_job(UID)]
    await jobs.look()
    assert jobs.collectors.keys() == {OTHER_UID}
