"""The work queue: one worker at a time per key, in lanes, with backoff. It knows keys, not incidents.

Behaves like controller-runtime's: a key added while it waits is coalesced, one added while it is worked on is worked
on again afterwards. Contain goes before release goes before the rest. Failures back off 20 ms to 30 s with jitter,
and a key is never given up.
"""

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum

FIRST_DELAY = 0.02
LAST_DELAY = 30.0


class Lane(IntEnum):
    """Which work goes first."""

    CONTAIN = 0
    RELEASE = 1
    REST = 2


@dataclass(frozen=True, slots=True)
class Again:
    """A worker's wish to see the key again, after so many seconds."""

    seconds: float
    lane: Lane = Lane.REST


Work = Callable[[str, Lane], Awaitable[Again | None]]


@dataclass(slots=True)
class _Entry:
    due: float
    lane: Lane


@dataclass(slots=True)
class WorkQueue:
    """Keys waiting, due or worked on. All times are the event loop's."""

    work: Work
    on_failure: Callable[[str, Exception], None]
    _waiting: dict[str, _Entry] = field(default_factory=dict)
    _ready: list[tuple[int, int, str]] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)
    _again: dict[str, _Entry] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _wake: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def add(self, key: str, lane: Lane, delay: float = 0.0) -> None:
        """Asks for work on a key; an earlier wish for the same key wins, and so does a more urgent lane."""
        wish = _Entry(asyncio.get_running_loop().time() + delay, lane)
        if key in self._busy:
            self._again[key] = _sooner(self._again.get(key), wish)
            return
        before = self._waiting.get(key)
        merged = _sooner(before, wish)
        if before is None or merged.due < before.due or merged.lane < before.lane:
            self._wait(key, merged)

    def forget(self, key: str) -> None:
        """Drops a key's waiting work and its failures."""
        self._cancel(key)
        self._waiting.pop(key, None)
        self._again.pop(key, None)
        self._failures.pop(key, None)

    @property
    def depth(self) -> int:
        """Keys that wait or are worked on."""
        return len(self._waiting) + len(self._busy)

    async def run(self, workers: int) -> None:
        """Works until cancelled; a worker that dies takes all with it, so that the process can restart."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._worker())

    def _wait(self, key: str, entry: _Entry) -> None:
        self._cancel(key)
        self._waiting[key] = entry
        loop = asyncio.get_running_loop()
        if entry.due <= loop.time():
            self._due(key)
        else:
            self._timers[key] = loop.call_at(entry.due, self._due, key)

    def _due(self, key: str) -> None:
        self._timers.pop(key, None)
        heapq.heappush(self._ready, (self._waiting[key].lane, next(self._order), key))
        self._wake.release()

    def _cancel(self, key: str) -> None:
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()

    async def _worker(self) -> None:
        while True:
            await self._wake.acquire()
            lane, _, key = heapq.heappop(self._ready)
            entry = self._waiting.get(key)
            if entry is None or key in self._timers or entry.lane != lane:
                continue  # a stale heap entry: the key was taken, forgotten or moved to another lane
            del self._waiting[key]
            await self._work_on(key, Lane(lane))

    async def _work_on(self, key: str, lane: Lane) -> None:
        self._busy.add(key)
        wish: Again | None
        try:
            wish = await self.work(key, lane)
            self._failures.pop(key, None)
        except Exception as error:
            self.on_failure(key, error)
            wish = Again(self._backoff(key), lane)
        finally:
            self._busy.discard(key)
        self._resume(key, wish)

    def _resume(self, key: str, wish: Again | None) -> None:
        again = self._again.pop(key, None)
        if wish is not None:
            again = _sooner(again, _Entry(asyncio.get_running_loop().time() + wish.seconds, wish.lane))
        if again is not None:
            self._wait(key, again)

    def _backoff(self, key: str) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(LAST_DELAY, FIRST_DELAY * 2.0 ** min(failures, 16))
        return delay * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


def _sooner(before: _Entry | None, wish: _Entry) -> _Entry:
    if before is None:
        return wish
    return _Entry(min(before.due, wish.due), min(before.lane, wish.lane))
