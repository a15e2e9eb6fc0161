"""One look for all who ask at the same time: each gets what was seen by a look that began after they asked.

The observer shares listings by it, so that what an incident costs does not grow with the number of incidents. Nothing
is kept once it was handed out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SharedLook(Generic[T]):
    """Looks at one thing, one after the other; whoever asks during one shares the next."""

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def fresh(self) -> T:
        """What a look finds that has not begun yet. An error is everyone's who shared the look."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
        return await asyncio.shield(self._next)

    @property
    def idle(self) -> bool:
        return self._next is None and (self._running is None or self._running.done())

    async def _after(self, running: asyncio.Task[T] | None) -> T:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        return await self._look()


class SharedLooks(Generic[K, T]):
    """A shared look for each key, forgotten as soon as nobody waits for it."""

    def __init__(self, look: Callable[[K], Awaitable[T]]) -> None:
        self._look = look
        self._looks: dict[K, SharedLook[T]] = {}

    async def fresh(self, key: K) -> T:
        """What a look at this key finds that has not begun yet."""
        shared = self._looks.setdefault(key, SharedLook(partial(self._look, key)))
        try:
            return await shared.fresh()
        finally:
            if shared.idle and self._looks.get(key) is shared:
                del self._looks[key]
