"""Processes, sockets and mounts as the suspect's own shell tells of them, where no helper could be put beside it.

The suspect's tools may lie, so this is marked and kept as it came: text, never parsed here. The shell waits after its
end mark until it is told that everything has arrived, because exec drops what was not drained (kubernetes issue 60140).
"""

import asyncio
import secrets
from contextlib import suppress
from typing import Final

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import TARGET_BINARIES, VOLATILE, Kind, Way
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.evidence.volume import VolumeFull
from firedoor.kube.errors import KubeError
from firedoor.kube.exec import STDOUT, ExecOutcome, ExecStream

SCRIPT: Final = """
for p in /proc/[0-9]*; do
  echo "$0 process $p"
  cat "$p/status" "$p/cmdline" 2>&1
  echo
  ls -l "$p/exe" "$p/cwd" "$p/root" "$p/fd" "$p/ns" 2>&1
done
for n in tcp tcp6 udp udp6 unix route arp; do
  echo "$0 net $n"
  cat "/proc/net/$n" 2>&1
done
echo "$0 mounts"
cat /proc/self/mountinfo 2>&1
echo "$0 end"
read -r _
"""


async def capture(bag: Bag, suspect: Suspect, container: Container) -> None:
    """Captures what the container's shell says of /proc."""
    source = {"kind": Kind.PROCESSES_TEXT, "way": Way.EXEC, "trust": TARGET_BINARIES, **container.source}

    async def one(writer: Writer) -> None:
        try:
            async with asyncio.timeout(suspect.limits.artifact_seconds):
                await _exec(bag, suspect, container, writer)
        except TimeoutError:
            writer.artifact.short("Timeout", "The container's shell did not come to an end.")
        except KubeError as error:
            _not_got(writer.artifact, error)
        await suspect.is_still_the_same(container, writer.artifact)

    await suspect.until_whole(bag, f"{VOLATILE}/{container.folder}/processes.txt", source, one)


async def _exec(bag: Bag, suspect: Suspect, container: Container, writer: Writer) -> None:
    word = secrets.token_hex(8)
    async with suspect.exec(container, ["sh", "-c", SCRIPT, word]) as stream:
        ended = await _drain(bag, stream, f"{word} end\n".encode(), writer, suspect.limits.artifact_bytes)
        _judge(writer.artifact, ended, stream.outcome)


async def _drain(bag: Bag, stream: ExecStream, mark: bytes, writer: Writer, limit: int) -> bool:
    last, ended = b"", False
    async for channel, data in stream:
        if channel != STDOUT:
            continue
        if bag.full:
            raise VolumeFull  # by another artifact: the space that is left is for the books
        writer.write(data[: limit - writer.artifact.bytes])
        if writer.artifact.bytes >= limit:
            writer.artifact.short("LimitReached", f"Cut after {limit} bytes.")
            return False
        last = (last + data)[-len(mark) :]
        if last == mark:
            ended = True
            with suppress(ConnectionError):  # the outcome tells how a stream ended that takes no more
                await stream.send(b"\n")
    return ended


def _judge(artifact: Artifact, ended: bool, outcome: ExecOutcome) -> None:
    if artifact.status != "complete" or (ended and outcome.success):
        return
    if not artifact.bytes and (outcome.exit_code in (126, 127, 128) or "executable file not found" in outcome.message):
        artifact.ends("failed", "NoShell", outcome.message or "The container has no shell.")
    else:
        artifact.short("StreamTruncated", outcome.message)


def _not_got(artifact: Artifact, error: KubeError) -> None:
    if artifact.bytes:
        artifact.short("StreamTruncated", str(error))
    else:
        artifact.ends("failed", reason_of(error), str(error))
