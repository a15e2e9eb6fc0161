"""Logs of every container: init, ordinary and ephemeral, this run and the one before; raw, with timestamps.

`limitBytes` is never used: it keeps the oldest bytes and drops the newest without a mark. The kubelet returns failures
as HTTP 200 bodies (kubernetes issue 142258): a line that has no timestamp is an error text, and is told to be one.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import LOGS, Kind, Way
from firedoor.evidence.pieces import Pieces
from firedoor.evidence.sources.cursor import STAMP, STAMP_LONGEST, Cursor, Mismatch, Overlap
from firedoor.evidence.sources.suspect import Container, Suspect, reason_of
from firedoor.kube.errors import Invalid, KubeError


async def capture(bag: Bag, suspect: Suspect) -> None:
    """Captures what each container of the pod has said, in this run and the one before."""
    for container in suspect.containers:
        for previous in (False, True) if container.ran_before else (False,):
            planned = f"{LOGS}/{container.folder}/{'previous' if previous else 'current'}.log"
            source = {"kind": Kind.LOG, "way": Way.API, "previous": previous, **container.source}
            await suspect.until_whole(bag, planned, source, partial(_log, bag, suspect, container, previous))


@dataclass
class Reading:
    """One log while it is read, over as many streams as it takes."""

    suspect: Suspect
    container: Container
    previous: bool
    pieces: Pieces
    cursor: Cursor = field(default_factory=Cursor)
    start: bytes = b""

    async def to_the_end(self) -> None:
        """One stream, from where the one before was cut."""
        overlap = Overlap(self.cursor)
        stream = self.suspect.log(self.container, previous=self.previous, since=self.cursor.since)
        async with aclosing(stream) as log:
            async for chunk in log:
                new = overlap.feed(chunk)
                self.start = (self.start + new[:STAMP_LONGEST])[:STAMP_LONGEST]
                self.pieces.write(new)
                self.cursor.take(new)
        if not overlap.over:
            raise Mismatch


async def _log(bag: Bag, suspect: Suspect, container: Container, previous: bool, writer: Writer) -> None:
    reading = Reading(suspect, container, previous, Pieces(bag, writer, suspect.limits.artifact_bytes))
    try:
        await _patiently(bag, reading, writer.artifact)
    finally:
        reading.pieces.close()
    if reading.start and not STAMP.match(reading.start):
        return _error_text(bag, writer)
    if reading.cursor.last and not STAMP.match(reading.cursor.last):
        writer.artifact.short("ErrorBody200", "The log ends in an error text of the kubelet.")
    return await suspect.is_still_the_same(container, writer.artifact)


async def _patiently(bag: Bag, reading: Reading, artifact: Artifact) -> None:
    limits = reading.suspect.limits
    for pause in (*limits.pauses, None):
        try:
            async with asyncio.timeout(limits.artifact_seconds):
                await reading.to_the_end()
            return
        except TimeoutError:
            artifact.short("Timeout", f"The log had not ended after {limits.artifact_seconds:.0f} s.")
            return
        except Mismatch:
            artifact.short("StreamTruncated", "The log was cut, and did not go on where it was.")
            return
        except KubeError as error:
            if pause is None or not reading.cursor.length or not _may_come_back(error):
                _not_got(artifact, error)
                return
            bag.note("log.resumed", object=artifact.path, since=reading.cursor.since, error=str(error)[:200])
            await asyncio.sleep(pause)


def _may_come_back(error: KubeError) -> bool:
    return reason_of(error) == "KubeletUnreachable"


def _not_got(artifact: Artifact, error: KubeError) -> None:
    if artifact.bytes:
        artifact.short("StreamTruncated", str(error))
    elif isinstance(error, Invalid):
        reason = "NoPreviousRun" if artifact.source["previous"] else "ContainerNotRunning"
        artifact.ends("skipped", reason, str(error))
    else:
        artifact.ends("failed", reason_of(error), str(error))


def _error_text(bag: Bag, writer: Writer) -> None:
    writer.artifact.ends("failed", "ErrorBody200", "The kubelet answered with an error text in place of the log.")
    bag.rename(writer, writer.artifact.id.removesuffix(".log") + ".error.txt")
