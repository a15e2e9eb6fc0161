"""Asked-for files, as a tar stream from each running container, made by the container's own tools.

Exec drops what the client has not drained when the command ends, and still reports success (kubernetes issue 60140). So
the command waits, after its end mark, until we have said that everything arrived. Paths are arguments, never words of
a script; their globs are expanded by the container's shell and nothing else is. What a container's own binaries say is
not to be trusted more than they are, so capture.json marks it.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedoor.evidence.bag import Bag, Writer
from firedoor.evidence.sources.logs import FIELDS
from firedoor.evidence.tarindex import TarIndex
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import KubeError
from firedoor.kube.exec import STDERR, STDOUT, ExecStream

DEADLINE_SECONDS = 120.0
LIMIT = 256 << 20
WORDS_LIMIT = 64 << 10

SCRIPT = """
IFS=
left=$#
at=0
while [ $left -gt 0 ]; do
  pattern=$1; shift; left=$((left-1)); found=
  for path in $pattern; do
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; found=1; fi
  done
  [ -n "$found" ] || echo "$0 missing $at" >&2
  at=$((at+1))
done
code=0
if [ $# -gt 0 ]; then tar -cf - -- "$@"; code=$?; fi
echo "$0 end $code" >&2
read -r _
"""


@dataclass
class Talk:
    """What the command says beside the archive: lines of ours carry a word that only we know."""

    word: str
    said: bytes = b""
    missing: set[int] = field(default_factory=set)
    code: int | None = None

    def hear(self, data: bytes) -> None:
        self.said = (self.said + data)[-WORDS_LIMIT:]
        for line in self.said.split(b"\n")[:-1]:
            match line.decode("utf-8", "replace").split(" "):
                case [self.word, "missing", number]:
                    self.missing.add(int(number))
                case [self.word, "end", number]:
                    self.code = int(number)


async def capture(bag: Bag, kube: Kube, pod: Obj, patterns: Sequence[str]) -> None:
    """Captures the paths from every container that runs."""
    for container in running(pod) if patterns else ():
        await _container(bag, kube, pod, container, patterns)


def running(pod: Obj) -> list[str]:
    """Names of the pod's running containers."""
    statuses = (status for _, kind in FIELDS for status in pod.get("status", {}).get(kind) or ())
    return [status["name"] for status in statuses if "running" in status.get("state", {})]


async def _container(bag: Bag, kube: Kube, pod: Obj, container: str, patterns: Sequence[str]) -> None:
    path = f"data/02-files/{container}/files.tar"
    source = {"kind": "exec", "container": container, "trust": "target-binaries", "paths": list(patterns)}
    if bag.has(path) or bag.full:
        if not bag.has(path):
            bag.skip(path, source, "skipped", "VolumeFull")
        return
    index: list[bytes] = []
    talk = Talk(secrets.token_hex(8))
    with bag.artifact(path, source) as writer:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await _stream(kube, pod, container, patterns, talk, writer, index)
        except TimeoutError:
            writer.artifact.short("Timeout", f"The container's tar had not ended after {DEADLINE_SECONDS:.0f} s.")
        except KubeError as error:
            writer.artifact.short("StreamTruncated", str(error))
    _tell_missing(bag, container, patterns, talk)
    _write_index(bag, container, index)


async def _stream(
    kube: Kube, pod: Obj, container: str, patterns: Sequence[str], talk: Talk, writer: Writer, index: list[bytes]
) -> None:
    metadata = pod["metadata"]
    command = ["sh", "-c", SCRIPT, talk.word, *(_shell_glob(pattern) for pattern in patterns)]
    tar = TarIndex()
    async with kube.exec(metadata["namespace"], metadata["name"], container, command) as stream:
        await _drain(stream, talk, tar, writer, index)
        _judge(stream, talk, tar, writer)


async def _drain(stream: ExecStream, talk: Talk, tar: TarIndex, writer: Writer, index: list[bytes]) -> None:
    async for channel, data in stream:
        if channel == STDOUT:
            writer.write(data)
            index.extend(tar.feed(data))
        elif channel == STDERR:
            talk.hear(data)
        if writer.artifact.bytes > LIMIT:
            return writer.artifact.short("LimitReached", f"Cut after {LIMIT} bytes.")
        if talk.code is not None and (tar.ended or not writer.artifact.bytes):
            await stream.send(b"\n")  # everything has arrived: the command may end
            talk.said = b""
    return None


def _judge(stream: ExecStream, talk: Talk, tar: TarIndex, writer: Writer) -> None:
    artifact = writer.artifact
    if artifact.status != "complete":
        return
    if talk.code is None:
        no_shell = stream.outcome.exit_code in (126, 127, 128) or "executable file not found" in stream.outcome.message
        artifact.short("NoShell" if no_shell else "StreamTruncated", stream.outcome.message)
    elif talk.code == 127:
        artifact.short("NoTar", "The container has no tar.")
    elif tar.broken or (artifact.bytes and not tar.ended):
        artifact.short("StreamTruncated", tar.broken or "The archive has no end.")
    elif talk.code:
        artifact.short("Raced", talk.said.decode("utf-8", "backslashreplace"))


def _shell_glob(pattern: str) -> str:
    """`**` means everything below, which tar does by itself for a folder."""
    return pattern.split("/**", 1)[0] or "/"


def _tell_missing(bag: Bag, container: str, patterns: Sequence[str], talk: Talk) -> None:
    for number in sorted(talk.missing):
        if number < len(patterns):
            source: Mapping[str, Any] = {"kind": "exec", "container": container, "paths": [patterns[number]]}
            bag.skip(f"data/02-files/{container}/missing-{number}", source, "skipped", "NotFound")


def _write_index(bag: Bag, container: str, index: list[bytes]) -> None:
    path = f"data/02-files/{container}/index.jsonl"
    if bag.has(path):
        return
    if bag.full:
        bag.skip(path, {"kind": "index"}, "skipped", "VolumeFull")
        return
    with bag.artifact(path, {"kind": "index", "of": "files.tar"}) as writer:
        for line in index:
            writer.write(line)
