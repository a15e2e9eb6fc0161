"""Logs of every container: init, ordinary and ephemeral, this run and the one before; raw, with timestamps.

`limitBytes` is never used: it keeps the oldest bytes and drops the newest without a mark. The kubelet returns failures
as HTTP 200 bodies (kubernetes issue 142258): a log whose first line has no timestamp is an error text, and kept as one.
"""

import asyncio
import re
from contextlib import aclosing
from functools import partial

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import LOGS, Kind, Way
from firedoor.evidence.pieces import Pieces
from firedoor.evidence.sources.suspect import Container, Suspect, reason_of
from firedoor.kube.errors import Invalid, KubeError

STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) ")
STAMP_LONGEST = 36


async def capture(bag: Bag, suspect: Suspect) -> None:
    """Captures what each container of the pod has said, in this run and the one before."""
    for container in suspect.containers:
        for previous in (False, True) if container.ran_before else (False,):
            planned = f"{LOGS}/{container.folder}/{'previous' if previous else 'current'}.log"
            source = {"kind": Kind.LOG, "way": Way.API, "previous": previous, **container.source}
            await suspect.until_whole(bag, planned, source, partial(_log, bag, suspect, container, previous))


async def _log(bag: Bag, suspect: Suspect, container: Container, previous: bool, writer: Writer) -> None:
    artifact, limits = writer.artifact, suspect.limits
    pieces, start = Pieces(bag, writer, limits.artifact_bytes), b""
    try:
        async with asyncio.timeout(limits.artifact_seconds), aclosing(suspect.log(container, previous=previous)) as log:
            async for chunk in log:
                start = (start + chunk)[:STAMP_LONGEST]
                pieces.write(chunk)
    except TimeoutError:
        artifact.short("Timeout", f"The log had not ended after {limits.artifact_seconds:.0f} s.")
    except KubeError as error:
        _not_got(artifact, error)
    finally:
        pieces.close()
    if start and not STAMP.match(start):
        return _error_text(bag, writer)
    return await suspect.is_still_the_same(container, artifact)


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
