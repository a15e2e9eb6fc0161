"""Asked-for files, as a tar stream from each running container, made by the container's own tools.

What a container's own binaries say is not to be trusted more than they are, so capture.json marks it. The archive is
stored as it came and never unpacked.
"""

import asyncio
import secrets
from contextlib import suppress

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import FILESYSTEM, TARGET_BINARIES, Kind, Way
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.evidence.sources.talk import NO_COMMAND, Talk, command
from firedoor.evidence.tarindex import TarStream
from firedoor.evidence.volume import VolumeFull
from firedoor.kube.errors import KubeError
from firedoor.kube.exec import STDERR, STDOUT, ExecOutcome, ExecStream

FULL_WORDS = "The evidence volume took no more."


async def capture(bag: Bag, suspect: Suspect, container: Container, patterns: tuple[str, ...], file: str = "files.tar") -> None:
    """Captures the paths from a running container."""
    planned = f"{FILESYSTEM}/{container.folder}/{file}"
    source = {"kind": Kind.FILES, "way": Way.EXEC, "trust": TARGET_BINARIES, "paths": list(patterns), **container.source}
    await suspect.until_whole(bag, planned, source, Files(bag, suspect, container, patterns).capture)


class Files:
    """The asked-for files of one container."""

    def __init__(self, bag: Bag, suspect: Suspect, container: Container, patterns: tuple[str, ...]) -> None:
        self._bag = bag
        self._suspect = suspect
        self._container = container
        self._patterns = patterns
        self._limits = suspect.limits

    async def capture(self, archive: Writer) -> None:
        """One try: the archive, and the paths that were not there."""
        artifact, talk = archive.artifact, Talk(secrets.token_hex(8))
        self._bag.note("exec.started", object=artifact.path, word=talk.word, **self._container.source)
        try:
            async with asyncio.timeout(self._limits.artifact_seconds):
                await self._exec(talk, archive)
        except TimeoutError:
            artifact.short("Timeout", f"The container's tar had not ended after {self._limits.artifact_seconds:.0f} s.")
        except KubeError as error:
            _not_got(artifact, error)
        except VolumeFull:
            artifact.short("VolumeFull", FULL_WORDS)
        self._bag.note("exec.ended", object=artifact.path, word=talk.word)
        self._tell_missing(talk)
        await self._suspect.is_still_the_same(self._container, artifact)

    async def _exec(self, talk: Talk, archive: Writer) -> None:
        tar = TarStream()
        async with self._suspect.exec(self._container, command(talk.word, self._patterns)) as stream:
            await self._drain(stream, talk, tar, archive)
            _judge(archive.artifact, talk, tar, stream.outcome)

    async def _drain(self, stream: ExecStream, talk: Talk, tar: TarStream, archive: Writer) -> None:
        released = False
        async for channel, data in stream:
            if channel == STDOUT:
                archive.write(data[: self._limits.artifact_bytes - archive.artifact.bytes])
                tar.follow(data)
            elif channel == STDERR:
                talk.hear(data)
            if archive.artifact.bytes >= self._limits.artifact_bytes:
                archive.artifact.short("LimitReached", f"Cut after {self._limits.artifact_bytes} bytes.")
                return
            if not released and talk.code is not None and (tar.ended or not archive.artifact.bytes):
                released = True
                with suppress(ConnectionError):  # the outcome tells how a stream ended that takes no more
                    await stream.send(b"\n")

    def _tell_missing(self, talk: Talk) -> None:
        for number in sorted(talk.missing & set(range(len(self._patterns)))):
            planned = f"{FILESYSTEM}/{self._container.folder}/missing-{number}"
            source = {"kind": Kind.FILES, "way": Way.EXEC, "paths": [self._patterns[number]], **self._container.source}
            if not self._bag.has(planned):
                self._bag.skip(planned, source, "skipped", "NotFound")


def _judge(artifact: Artifact, talk: Talk, tar: TarStream, outcome: ExecOutcome) -> None:
    """Complete is only what has its end mark, the archive's own end, and the word that the command succeeded."""
    if artifact.status != "complete":
        return
    if talk.code is None and not artifact.bytes and _no_shell(outcome):
        artifact.ends("failed", "NoShell", outcome.message or "The container has no shell.")
    elif talk.code == NO_COMMAND and not artifact.bytes:
        artifact.ends("failed", "NoTar", "The container has no tar.")
    elif talk.code is None or not outcome.success:
        artifact.short("StreamTruncated", outcome.message)
    elif artifact.bytes and not tar.ended:
        artifact.short("StreamTruncated", tar.broken or "The archive has no end.")
    elif talk.code:
        artifact.short(talk.reason(), talk.text())
    elif not artifact.bytes:
        artifact.ends("skipped", "NotFound", "None of the paths is in the container.")


def _no_shell(outcome: ExecOutcome) -> bool:
    return outcome.exit_code in (126, 127, 128) or "executable file not found" in outcome.message


def _not_got(artifact: Artifact, error: KubeError) -> None:
    if artifact.bytes:
        artifact.short("StreamTruncated", str(error))
    else:
        artifact.ends("failed", reason_of(error), str(error))
