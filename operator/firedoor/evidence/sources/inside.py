"""What is inside the suspect's containers, by the least intrusive way that works for each.

A helper beside the container, as its own user; where none is permitted, or where it may not look into the container's
processes, the container's own tools; where there are none, what the API server knows has to do. Each artifact says which,
and a way that was refused is told of with its reason.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import VOLATILE, Kind, Way
from firedoor.evidence.order import CaptureOrder
from firedoor.evidence.sources import files, shell, tasks
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.entrance import NOBODY, PYTHON, Helper, NoEntry, enter
from firedoor.evidence.sources.look import Look
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.evidence.sources.tasks import Task
from firedoor.kube.errors import KubeError, in_words
from firedoor.kube.exec import STDOUT
from firedoor.look.plan import Plan

VANISHING: Final = (tasks.SOCKETS, tasks.PROCESSES, tasks.SYSTEM, tasks.MOUNTS, tasks.EXECUTABLES, tasks.TMPFS)
LASTING: Final = (tasks.SOCKETS_LATER, tasks.LISTING, tasks.CHANGED)
WHO: Final = (PYTHON, "-I", "-m", "firedoor.look.who")
LEAVE: Final = (PYTHON, "-I", "-m", "firedoor.look.leave")
WORD_SECONDS: Final = 10.0
"""For a helper that is asked or told a word."""
WORD_BYTES: Final = 64
BESIDE: Final = "files.exec.tar"
"""Asked-for files that the helper was forbidden, as the container's own tools give them."""
NOT_RUNNING: Final = "Container {} was not running, so nothing of its processes and files could be had."


@dataclass(frozen=True, slots=True)
class Inside:
    """A running container, and the helper beside it, if there is one."""

    bag: Bag
    suspect: Suspect
    container: Container
    order: CaptureOrder
    key: str
    helper: Helper | None

    async def vanishing(self) -> None:
        """What is lost first: /proc, executables without a file, files in memory."""
        if self.helper is None:
            await shell.capture(self.bag, self.suspect, self.container)
        else:
            await self._look(self.helper, VANISHING)
            if self._was_forbidden(tasks.TMPFS):
                await shell.capture(self.bag, self.suspect, self.container)

    async def lasting(self) -> None:
        """The sockets once more, and files: all by name, those that changed, and those that were asked for."""
        if self.helper is None:
            if self.order.paths:
                await files.capture(self.bag, self.suspect, self.container, self.order.paths)
        else:
            await self._look(self.helper, (*LASTING, tasks.PATHS) if self.order.paths else LASTING)
            if self._was_forbidden(tasks.PATHS):
                await files.capture(self.bag, self.suspect, self.container, self.order.paths, BESIDE)

    async def _look(self, helper: Helper, wanted: tuple[Task, ...]) -> None:
        await Look(self.bag, self.suspect, self.container, helper, self._plan()).take(wanted)

    def _was_forbidden(self, task: Task) -> bool:
        """Whether the helper runs and may not look inside, as beside a privileged or an undumpable container (ptrace(2))."""
        planned = task.planned(self.container)
        found = (artifact for artifact in self.bag.artifacts.values() if artifact.id == planned)
        return any((artifact.status, artifact.reason) == ("failed", "Forbidden") for artifact in found)

    def _plan(self) -> Plan:
        limits = self.order.limits
        return Plan(
            tasks=(),
            container_id=self.container.id.rpartition("//")[2],
            started=self.container.started,
            paths=self.order.paths,
            secrets=self.container.secrets,
            key=self.key,
            files=limits.files,
            file_bytes=limits.file_bytes,
            tar_bytes=limits.artifact_bytes,
        )


async def opened(insides: list[Inside], bag: Bag, suspect: Suspect, order: CaptureOrder, key: str) -> None:
    """Adds every running container with a helper beside it, if that can be; all at the same time. Says which do not run."""
    for container in suspect.containers:
        if not container.running:
            _say_not_running(bag, container)
    running = [container for container in suspect.containers if container.running]
    insides += await asyncio.gather(*(_one(bag, suspect, order, key, container) for container in running))


def _say_not_running(bag: Bag, container: Container) -> None:
    """An ordinary container that does not run has files that could not be had; others end as a matter of course."""
    status = "failed" if container.field == "containers" else "skipped"
    planned = f"{VOLATILE}/{container.folder}/helper"
    source = {"kind": Kind.HELPER, "way": Way.HELPER, **container.source}
    if not bag.has(planned):
        bag.skip(planned, source, status, "ContainerNotRunning", NOT_RUNNING.format(container.name))


async def leave(insides: list[Inside]) -> None:
    """Ends the helpers. One that cannot be told ends by itself."""
    await asyncio.gather(*(_told_to_leave(one.suspect, one.helper) for one in insides if one.helper is not None))


async def _one(bag: Bag, suspect: Suspect, order: CaptureOrder, key: str, container: Container) -> Inside:
    planned = f"{VOLATILE}/{container.folder}/helper"
    try:
        helper = await _helper(bag, suspect, order, container)
    except (NoEntry, KubeError, TimeoutError, ConnectionError) as error:
        reason, message = _why(error)
        if not bag.has(planned):
            # What an administrator has decided is told, and is no gap.
            status = "skipped" if reason == "SwitchedOff" else "failed"
            bag.skip(planned, {"kind": Kind.HELPER, "way": Way.HELPER, **container.source}, status, reason, message)
        return Inside(bag, suspect, container, order, key, None)
    return Inside(bag, suspect, container, order, key, helper)


def _why(error: NoEntry | KubeError | TimeoutError | ConnectionError) -> tuple[str, str]:
    match error:
        case NoEntry():
            return error.reason, error.message
        case KubeError():
            return reason_of(error), str(error)
        case _:
            return "KubeletUnreachable", in_words(error)


async def _helper(bag: Bag, suspect: Suspect, order: CaptureOrder, container: Container) -> Helper:
    user = container.user
    if user is None:
        scout = await enter(bag, suspect, container, order.helper_image, NOBODY)
        user = await _user(suspect, container, scout)
        if user in (None, scout.user):
            return scout
    return await enter(bag, suspect, container, order.helper_image, user)


async def _user(suspect: Suspect, container: Container, scout: Helper) -> tuple[int, int] | None:
    """Uid and gid of the container's first process, as a helper of another user sees them.

    None when it does not say, not in time, or too much.
    """
    words = b""
    namespace, name = suspect.key
    command = [*WHO, container.id.rpartition("//")[2]]
    try:
        async with asyncio.timeout(WORD_SECONDS), suspect.kube.exec(namespace, name, scout.name, command, stdin=False) as stream:
            async for channel, data in stream:
                words += data if channel == STDOUT else b""
                if len(words) > WORD_BYTES:
                    return None
    except TimeoutError:
        return None
    found = words.split()
    return (int(found[0]), int(found[1])) if len(found) == 2 and all(word.isdigit() for word in found) else None


async def _told_to_leave(suspect: Suspect, helper: Helper) -> None:
    namespace, name = suspect.key
    try:
        async with asyncio.timeout(WORD_SECONDS):
            async with suspect.kube.exec(namespace, name, helper.name, [*LEAVE, helper.name], stdin=False) as stream:
                async for _ in stream:
                    pass
    except (KubeError, TimeoutError):
        return
