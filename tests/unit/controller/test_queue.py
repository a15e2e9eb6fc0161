"""The work queue: one worker a key, nothing lost, urgent lanes first."""

import asyncio
from collections.abc import Awaitable, Callable

from firedoor.controller.queue import Again, Lane, WorkQueue

Work = Callable[[str, Lane], Awaitable[Again | None]]


async def worked(work: Work, until: Callable[[], bool], *keys: tuple[str, Lane], workers: int = 4) -> list[tuple[str, Exception]]:
    """Runs a queue with these keys until the claim holds; the failures that it told of."""
    failures: list[tuple[str, Exception]] = []
    queue = WorkQueue(work, lambda key, error: failures.append((key, error)))
    for key, lane in keys:
        queue.add(key, lane)
    running = asyncio.create_task(queue.run(workers))
    async with asyncio.timeout(5):
        while not until():
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return failures


async def test_containment_goes_before_release_and_both_before_the_rest() -> None:
    done: list[str] = []

    async def work(key: str, _: Lane) -> None:
        done.append(key)

    wishes = (("c", Lane.REST), ("b", Lane.RELEASE), ("a", Lane.CONTAIN))
    await worked(work, lambda: len(done) == 3, *wishes, workers=1)
    assert done == ["a", "b", "c"]


async def test_a_key_is_never_worked_on_twice_at_a_time_and_a_wish_meanwhile_is_kept() -> None:
    inside, most, runs = 0, 0, 0
    queue: WorkQueue

    async def work(key: str, _: Lane) -> None:
        nonlocal inside, most, runs
        inside, runs = inside + 1, runs + 1
        most = max(most, inside)
        if runs == 1:
            queue.add(key, Lane.REST)
        await asyncio.sleep(0.01)
        inside -= 1

    queue = WorkQueue(work, lambda *_: None)
    queue.add("a", Lane.CONTAIN)
    running = asyncio.create_task(queue.run(4))
    await asyncio.sleep(0.1)
    running.cancel()
    assert (most, runs) == (1, 2)


async def test_many_wishes_for_one_waiting_key_are_one() -> None:
    runs = 0

    async def work(_: str, __: Lane) -> None:
        nonlocal runs
        runs += 1

    await worked(work, lambda: runs > 0, *[("a", Lane.REST)] * 50)
    assert runs == 1


async def test_a_failure_is_told_of_and_tried_again_until_it_succeeds() -> None:
    tries = 0

    async def work(_: str, __: Lane) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise RuntimeError(f"try {tries}")

    failures = await worked(work, lambda: tries == 4, ("a", Lane.CONTAIN))
    assert [str(error) for _, error in failures] == ["try 1", "try 2", "try 3"]


async def test_a_more_urgent_wish_moves_a_waiting_key_ahead() -> None:
    lanes: list[Lane] = []

    async def work(_: str, lane: Lane) -> None:
        lanes.append(lane)

    queue = WorkQueue(work, lambda *_: None)
    queue.add("a", Lane.REST, delay=30)
    queue.add("a", Lane.RELEASE)
    running = asyncio.create_task(queue.run(1))
    await asyncio.sleep(0.05)
    running.cancel()
    assert lanes == [Lane.RELEASE]


async def test_a_forgotten_key_is_not_worked_on() -> None:
    runs: list[str] = []

    async def work(key: str, _: Lane) -> None:
        runs.append(key)

    queue = WorkQueue(work, lambda *_: None)
    queue.add("a", Lane.REST)
    queue.forget("a")
    running = asyncio.create_task(queue.run(1))
    await asyncio.sleep(0.02)
    running.cancel()
    assert runs == []
