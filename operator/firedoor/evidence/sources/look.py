"""All artifacts of one helper: asked for by a plan, and what was not settled is asked for again while it can be had."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from firedoor.evidence.bag import Bag
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.entrance import Helper, state_of
from firedoor.evidence.sources.session import Session
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.evidence.sources.tasks import Task, source_of
from firedoor.kube.errors import Gone, KubeError
from firedoor.look.plan import Plan


class Look:
    """All that one helper is asked for."""

    def __init__(self, bag: Bag, suspect: Suspect, container: Container, helper: Helper, plan: Plan) -> None:
        self._bag = bag
        self._suspect = suspect
        self._container = container
        self._helper = helper
        self._plan = plan

    async def take(self, tasks: Sequence[Task]) -> None:
        """Captures these tasks' artifacts; again what was cut, and says of the rest that it could not be had."""
        left = [task for task in tasks if not self._bag.has(task.planned(self._container))]
        why = ("failed", "StreamTruncated", "The helper ended before it came to this.")
        for pause in (0.0, *self._suspect.limits.pauses):
            if not left or self._bag.full:
                break
            await asyncio.sleep(pause)
            session = Session(self._bag, self._suspect, self._container, self._helper, left)
            try:
                await session.run(replace(self._plan, tasks=tuple(task.name for task in left)))
            except KubeError as error:
                why = ("failed", reason_of(error), str(error))
            finally:
                session.cut("The stream ended before this was whole.")
            left = [task for task in left if session.is_worth_another_try(task)]
            # What the helper may have died of is asked for last, so that it does not stand before all the others again.
            left.sort(key=session.has_begun)
            if left and (ended := await self._ended()):
                why = ended
                break
        # On a full volume the space that is left is for the books: what is not there is told once for all.
        for task in left if not self._bag.full else ():
            if not self._bag.has(task.planned(self._container)):
                self._bag.skip(task.planned(self._container), self.source(task), *why)

    async def _ended(self) -> tuple[str, str, str] | None:
        """Why no other try can succeed, if so: the pod left, or the helper died with the container beside it."""
        try:
            state = state_of(await self._suspect.now(), self._helper.name)
        except Gone as error:
            return ("failed", "PodGone", str(error))
        except KubeError:
            return None
        return ("failed", "HelperEnded", f"{self._helper.name} had ended.") if "terminated" in state else None

    def source(self, task: Task) -> dict[str, Any]:
        return source_of(task, self._container, self._helper)
