"""The log of one run of a container: raw, with timestamps, over as many streams as it takes.

`limitBytes` is never used: it keeps the oldest bytes and drops the newest without a mark. The kubelet returns failures
as HTTP 200 bodies (kubernetes issue 142258): a line that has no timestamp is an error text, and is told to be one. Which
runs there are is known in runs.py.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.pieces import Pieces
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.cursor import STAMP, STAMP_LONGEST, Cursor, Mismatch, Overlap
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.kube.errors import Invalid, KubeError


@dataclass
class Reading:
    """One log while it is read, over as many streams as it takes."""

    suspect: Suspect
    container: Container
    previous: bool
    pieces: Pieces
    cursor: Cursor = field(default_factory=Cursor)
    start: bytes = b""
    goes_on: bool = False
    """Whether it began behind what was read of the same run before."""

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

    def begins_anew(self) -> None:
        """What was read before was of another run: everything is new."""
        self.cursor, self.start, self.goes_on = Cursor(), b"", False


async def read(bag: Bag, reading: Reading, writer: Writer) -> None:
    """Reads to the end, and says in the artifact what is missing."""
    try:
        await _patiently(bag, reading, writer.artifact)
    finally:
        reading.pieces.close()
    if reading.start and not STAMP.match(reading.start):
        _error_text(bag, writer)
    elif reading.cursor.last and not STAMP.match(reading.cursor.last):
        writer.artifact.short("ErrorBody200", "The log ends in an error text of the kubelet.")


async def _patiently(bag: Bag, reading: Reading, artifact: Artifact) -> None:
    limits = reading.suspect.limits
    for pause in (*limits.pauses, None):
        try:
            async with asyncio.timeout(limits.artifact_seconds):
                await reading.to_the_end()
            return None
        except TimeoutError:
            return artifact.short("Timeout", f"The log had not ended after {limits.artifact_seconds:.0f} s.")
        except Mismatch:
            if reading.goes_on and not artifact.bytes:
                reading.begins_anew()
                return await _patiently(bag, reading, artifact)
            return artifact.short("StreamTruncated", "The log was cut, and did not go on where it was.")
        except KubeError as error:
            if pause is None or not reading.cursor.length or not _may_come_back(error):
                return _not_got(artifact, error)
            bag.note("log.resumed", object=artifact.path, since=reading.cursor.since, error=str(error)[:200])
            await asyncio.sleep(pause)
    return None


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
