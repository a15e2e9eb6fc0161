"""The canary: what the network engine of a node does with a deny, measured on a pod of firedoor's own and not assumed.

A small pod on the node is reached from the probes and reaches them, over TCP and UDP, and connections are kept open in
both directions. Then it is denied: both directions have to fall silent, and to answer again once the deny is lifted. A
refusal is no silence. Where a suspect is held, the canary then stays, denied, and stands guard: whatever an engine begins
to let through is told at once, and what it begins to deny calls for the next measurement. That is made on the same canary,
whose deny is lifted for a moment: one that stays silent then stands behind an engine that follows changes no longer.
Nothing of any suspect is touched. `controller.enforcement` says when and where; nobody else asks.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from firedoor.controller.canary_objects import CANARIES
from firedoor.controller.canary_pods import LOOK_SECONDS, CanaryPods, NotMeasured
from firedoor.controller.canary_trial import Patience, Trial
from firedoor.controller.probes import SILENCE_SECONDS, Probes
from firedoor.controller.session import Session
from firedoor.kube.errors import KubeError
from firedoor.planner.enforcement import Finding, worse

log = logging.getLogger(__name__)
WATCHED_SECONDS = 40.0
"""How long a node counts as watched after its guard last looked: a measurement comes between two guards."""
AT_ONCE = 4
"""Nodes that are measured side by side at most; whoever calls for measurements keeps to it."""
MOST_POSTS = len(CANARIES) - AT_ONCE
"""Canaries that stay at most, so that there are names for those that do not; of the other nodes nothing is told in between."""

Errand = Callable[[Session], Awaitable[None]]
"""What else is done from a canary, because it stands on the node that matters."""


@dataclass(slots=True)
class Post:
    """A canary that stays on its node, denied."""

    trial: Trial
    standing: AsyncExitStack
    """What takes it away."""
    found: Finding
    guard: "asyncio.Task[None] | None" = None


@dataclass(slots=True)
class Canary:
    """Measures nodes, and stands guard on those that hold a suspect."""

    pods: CanaryPods
    probes: Probes
    errand: Errand
    holds: Callable[[str], bool]
    """Whether a suspect is held on a node."""
    on_breach: Callable[[Finding], None]
    """Called with what a guard saw when something got through."""
    on_doubt: Callable[[str], None]
    """Called with a node that has to be measured anew, because its engine seems to do something else than before."""
    on_guard: Callable[[str], None]
    """Called with a node that was not watched and is now."""
    patience: Patience = field(default_factory=Patience)
    _looked: dict[str, float] = field(default_factory=dict)
    """When the guard of each node last saw that nothing gets through."""
    _posts: dict[str, Post] = field(default_factory=dict)

    @property
    def posted(self) -> tuple[str, ...]:
        """The nodes on which a canary stays."""
        return tuple(self._posts)

    def watched(self, node: str) -> bool:
        """Whether a canary on guard would have told by now if the engine had let anything through."""
        return asyncio.get_running_loop().time() - self._looked.get(node, -WATCHED_SECONDS) < WATCHED_SECONDS

    async def measure(self, node: str, pool: str) -> Finding:
        """What the engine of this node does, and the errand there; a finding of Unknown says why it could not be seen."""
        began = datetime.now(UTC)
        try:
            async with asyncio.timeout(self.patience.whole):
                return await self._measured(Finding(node, pool, began, began))
        except NotMeasured as reason:
            why = str(reason)
        except KubeError as error:
            why = error.message
        except TimeoutError:
            why = f"the canary did not start, or its measurement did not end, within {self.patience.whole:.0f} s."
        log.warning("the network engine of node %s could not be measured: %s", node, why)
        await self.relieve(node)
        return Finding(node, pool, began, datetime.now(UTC), why=why[:768])

    async def relieve(self, *nodes: str) -> None:
        """Takes away the canaries that stay on these nodes."""
        posts = [post for node in nodes if (post := self._posts.pop(node, None)) is not None]
        await asyncio.gather(*(_end(post.guard) for post in posts))
        await asyncio.gather(*(post.standing.aclose() for post in posts))

    async def _measured(self, empty: Finding) -> Finding:
        post = self._posts.get(empty.node)
        if post is None:
            return await self._from_a_new_one(empty)
        await _end(post.guard)
        if post.trial.session.stream is None:
            await self.relieve(empty.node)
            return await self._from_a_new_one(empty)
        try:
            return await self._from_its_post(post, empty)
        except NotMeasured:
            self.on_doubt(empty.node)  # a new canary tells whether it was this one
            raise

    async def _from_a_new_one(self, empty: Finding) -> Finding:
        async with AsyncExitStack() as standing:
            session = await standing.enter_async_context(self.pods.standing(empty.node))
            trial = Trial(session, self.probes, self.patience)
            standing.push_async_callback(self.probes.drop, trial.name)
            await trial.control(self.patience.back)
            await self.errand(session)
            found = await self._denied(trial, empty, self.patience.enforced)
            await self.pods.let(trial.name)
            await trial.answers()
            found = replace(found, at=datetime.now(UTC))
            if self.holds(empty.node) and len(self._posts) < MOST_POSTS:
                self._stand_guard(Post(trial, standing.pop_all(), found), denied=False)
            return found

    async def _from_its_post(self, post: Post, empty: Finding) -> Finding:
        """The same on a canary that was denied until now: that it answers when let shows what its silence was worth."""
        trial, seconds = post.trial, self.patience.follow(post.found)
        await self.pods.let(trial.name)
        try:
            await trial.control(seconds)
        except NotMeasured:
            if not self.probes.up:
                raise
            raise NotMeasured(
                "a canary whose deny was lifted is still silent, so the engine may no longer follow changes; "
                "what it denied before may stand."
            ) from None
        await self.errand(trial.session)
        post.found = replace(await self._denied(trial, empty, seconds), at=datetime.now(UTC))
        self._stand_guard(post, denied=True)
        return post.found

    async def _denied(self, trial: Trial, empty: Finding, seconds: float) -> Finding:
        began = asyncio.get_running_loop().time()
        await self.pods.deny(trial.name)
        silent_at = await trial.silence(seconds)
        found = trial.told(empty, await trial.open_ones() if silent_at else "Alive")
        return replace(found, seconds=None if silent_at is None else round(silent_at - began, 2))

    def _stand_guard(self, post: Post, *, denied: bool) -> None:
        node = post.found.node
        self._posts[node] = post
        post.guard = asyncio.create_task(self._guard(post, denied), name=f"canary on guard on {node}")

    async def _guard(self, post: Post, denied: bool) -> None:
        """Until something changes or it is relieved; one that is lost is replaced by the next measurement."""
        node, found = post.found.node, post.found
        try:
            if not denied:
                await self.pods.deny(post.trial.name)
            first = await self._at_first(post.trial, found, denied)
            seen = await self._change(post.trial, found) if first is found else first
        except (NotMeasured, KubeError) as reason:
            log.info("the canary on guard on node %s is lost: %s", node, reason)
            self.on_doubt(node)
            return
        now = datetime.now(UTC)
        self._looked.pop(node, None)
        if seen is not None and worse(seen, found):
            self.on_breach(replace(seen, began=now, at=now))
        else:
            self.on_doubt(node)

    async def _at_first(self, trial: Trial, found: Finding, denied: bool) -> Finding | None:
        """The finding, once the engine does what it was just found to do; some need a moment for that. None: it does not.

        What gets through a deny under which it was silent just now is a breach, and told as that.
        """
        deadline = asyncio.get_running_loop().time() + self.patience.follow(found) + self.patience.cut
        while not (seen := await trial.seen(found)).says_what(found):
            if denied and worse(seen, found):
                return seen
            if asyncio.get_running_loop().time() > deadline:
                return None
            await asyncio.sleep(LOOK_SECONDS)
        return found

    async def _change(self, trial: Trial, found: Finding) -> Finding:
        """Waits until the engine does something else than it was found to do: what that is."""
        while True:
            begins = not self.watched(found.node)
            self._looked[found.node] = asyncio.get_running_loop().time()
            if begins:
                self.on_guard(found.node)
            await asyncio.sleep(SILENCE_SECONDS)
            seen = await trial.seen(found)
            if worse(seen, found) or worse(found, seen):
                return seen


async def _end(guard: "asyncio.Task[None] | None") -> None:
    if guard is not None:
        guard.cancel()
        await asyncio.gather(guard, return_exceptions=True)
