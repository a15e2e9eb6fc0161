"""One exec of a helper: artifacts received as frames, believed only with count and checksum, then acknowledged.

The helper's program is ours, but it runs as the suspect's user: what it sends is bounded here too, and a stream that
does not make sense is cut. An artifact is whole with its END. Look alone calls it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import FILESYSTEM, Kind, Way
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.entrance import LOOK, Helper
from firedoor.evidence.sources.suspect import WORTH_ANOTHER_TRY, Suspect
from firedoor.evidence.sources.tasks import Task, source_of
from firedoor.evidence.tarindex import TarStream
from firedoor.evidence.volume import VolumeFull
from firedoor.kube.exec import STDOUT, ExecStream
from firedoor.look.frames import ACKNOWLEDGED, Frame, Garbled, Reader
from firedoor.look.frames import Kind as FrameKind
from firedoor.look.plan import Plan

SILENCE_SECONDS: Final = 30.0
REASONS: Final = ("Forbidden", "Raced", "LimitReached", "ReadErrors", "Doubtful", "Unexpected", "Withheld", "Unsupported")
NO_MORE_SPACE: Final = "The evidence volume took no more."
NOTHING_IN_IT: Final = 1024
"""Bytes of an empty archive."""


@dataclass
class Receiving:
    """One artifact while it arrives."""

    task: Task
    writer: Writer
    tar: TarStream = field(default_factory=TarStream)
    bytes: int = 0

    @property
    def holds_nothing(self) -> bool:
        written = self.writer.artifact.bytes
        return written == 0 or (self.task.archive and written <= NOTHING_IN_IT)


class Session:
    """One exec of the helper."""

    def __init__(self, bag: Bag, suspect: Suspect, container: Container, helper: Helper, tasks: Sequence[Task]) -> None:
        self._bag = bag
        self._suspect = suspect
        self._container = container
        self._helper = helper
        self._waiting = list(tasks)
        self._longest = suspect.limits.artifact_seconds * len(tasks)
        self._open: Receiving | None = None
        self._settled: dict[Task, Artifact] = {}
        self._paths: tuple[str, ...] = ()

    async def run(self, plan: Plan) -> None:
        """One plan from its start to the acknowledgement, or to where it was cut."""
        self._paths = plan.paths
        self._bag.note("exec.started", object=self._helper.name, tasks=list(plan.tasks), **self._container.source)
        try:
            at = replace(self._container, name=self._helper.name)
            async with asyncio.timeout(self._longest), self._suspect.exec(at, LOOK) as stream:
                await stream.send(plan.dump())
                await self._receive(stream)
        except Garbled as garbled:
            self.cut(f"What came made no sense: {garbled}.")
        except VolumeFull:
            self.cut(NO_MORE_SPACE, "VolumeFull")
        except TimeoutError:
            self.cut(f"Nothing came for {SILENCE_SECONDS:.0f} s, or it took too long.", "Timeout")
        except ConnectionError as error:
            self.cut(f"The stream was cut: {error}")
        finally:
            self._bag.note("exec.ended", object=self._helper.name)

    def has_begun(self, task: Task) -> bool:
        return task in self._settled

    def is_worth_another_try(self, task: Task) -> bool:
        return task not in self._settled or self._settled[task].reason in WORTH_ANOTHER_TRY

    def cut(self, message: str, reason: str = "StreamTruncated") -> None:
        """Settles what was under way when the stream ended."""
        if self._open is not None:
            self._open.writer.artifact.short(reason, message)
            self._finish(self._open)

    async def _receive(self, stream: ExecStream) -> None:
        reader, words, clock = Reader(), b"", asyncio.get_running_loop().time
        heard = clock()
        async with asyncio.timeout(SILENCE_SECONDS) as silence:
            async for channel, data in stream:
                if channel != STDOUT:
                    words = (words + data)[-500:]
                for frame in reader.feed(data) if channel == STDOUT else ():
                    if frame.kind is not FrameKind.DATA:
                        silence.reschedule(None)  # what follows an end is our own time
                    await self._take(frame, stream)
                if silence.when() is None or clock() > heard + 1.0:
                    heard = clock()
                    silence.reschedule(heard + SILENCE_SECONDS)
        if not stream.outcome.success:
            self.cut(f"{stream.outcome.message} {words.decode('utf-8', 'backslashreplace')}".strip())

    async def _take(self, frame: Frame, stream: ExecStream) -> None:
        match frame.kind:
            case FrameKind.OPEN:
                self._begin(str(frame.told().get("task", "")))
            case FrameKind.DATA:
                self._data(frame.payload)
            case FrameKind.END:
                await self._end(frame.told())
            case FrameKind.LAST:
                if self._open is not None:
                    raise Garbled("the last frame came inside an artifact")
                with suppress(ConnectionError):  # the outcome tells how a stream ended that takes no more
                    await stream.send(ACKNOWLEDGED)
            case FrameKind.ALIVE:
                pass

    def _begin(self, name: str) -> None:
        if self._open is not None or not self._waiting or self._waiting[0].name != name:
            raise Garbled("an artifact came that was not asked for")
        task = self._waiting.pop(0)
        planned, source = task.planned(self._container), source_of(task, self._container, self._helper)
        if task.kind is Kind.FILES:
            source["paths"] = list(self._paths)
        writer = self._bag.begin(planned, source)
        self._open = Receiving(task, writer)

    def _data(self, data: bytes) -> None:
        if (now := self._open) is None:
            raise Garbled("bytes came outside of any artifact")
        now.bytes += len(data)
        self._write(now.writer, data, self._suspect.limits.artifact_bytes)
        if now.task.archive:
            now.tar.follow(data)

    def _write(self, writer: Writer, data: bytes, limit: int) -> None:
        if self._bag.full:
            raise VolumeFull  # by another artifact: the space that is left is for the books
        if writer.artifact.status != "complete":
            return
        if writer.artifact.bytes + len(data) > limit:
            writer.artifact.short("LimitReached", f"Cut after {writer.artifact.bytes} bytes.")
            return
        writer.write(data)

    async def _end(self, told: Mapping[str, Any]) -> None:
        if (now := self._open) is None:
            raise Garbled("an end came outside of any artifact")
        artifact = now.writer.artifact
        # What was not written for want of space or over the limit is partial already.
        if artifact.status == "complete" and told.get("bytes") != now.bytes:
            artifact.short("StreamTruncated", "What arrived is not what was sent.")
        missing = told.get("missing")
        self._lacking(now, [one for one in missing if isinstance(one, dict)] if isinstance(missing, list) else [])
        # Where the helper could not go on it has said why, and another try would end the same way.
        if now.task.archive and not now.tar.ended:
            artifact.short("StreamTruncated", now.tar.broken or "The archive has no end.")
        if now.task.kind is Kind.FILES and now.holds_nothing and artifact.status == "complete":
            artifact.ends("skipped", "NotFound", "None of the paths is in the container.")
        self._not_there(told.get("absent"))
        await self._suspect.is_still_the_same(self._container, artifact)
        self._finish(now)

    def _lacking(self, now: Receiving, missing: Sequence[Mapping[str, Any]]) -> None:
        artifact = now.writer.artifact
        reasons = [_reason(one) for one in missing]
        message = ". ".join(f"{reason} {_such(one)}" for reason, one in zip(reasons, missing, strict=True))
        if reasons and now.holds_nothing and artifact.status == "complete":
            artifact.ends("failed", reasons[0], message)
        if reasons:
            artifact.short(reasons[0], message)

    def _not_there(self, absent: object) -> None:
        numbers = absent if isinstance(absent, list) else []
        for number in (n for n in range(len(self._paths)) if n in numbers):
            planned = f"{FILESYSTEM}/{self._container.folder}/missing-{number}"
            source = {"kind": Kind.FILES, "way": Way.HELPER, "paths": [self._paths[number]], **self._container.source}
            if not self._bag.has(planned):
                self._bag.skip(planned, source, "skipped", "NotFound")

    def _finish(self, now: Receiving) -> None:
        artifact, self._open = now.writer.artifact, None
        self._bag.finish(now.writer)
        self._settled[now.task] = artifact


def _reason(lack: Mapping[str, Any]) -> str:
    """Reasons reach conditions, and who shares the helper's user could have sent any word."""
    return str(lack["reason"]) if lack.get("reason") in REASONS else "ReadErrors"


def _such(lack: Mapping[str, Any]) -> str:
    such = lack["such"] if isinstance(lack.get("such"), list) else []
    return f"{lack.get('count')}: {'; '.join(str(word) for word in such[:3])}"
