"""Logs as they lie on the node: also what the kubelet has rotated away, which the API never gives; raw, compressed files too.

The kubelet serves /var/log to those who may get nodes/log. The node may be the attacker's, so what it says is bounded here,
and it is shown no token of the collector's but one of an account that may do nothing else. A file is whole when as many bytes
came as it had; after a cut it is gone on with, if the bytes before the cut are still there.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import LOGS, Kind, Way
from firedoor.evidence.pieces import Pieces
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.kube.errors import Forbidden, Gone, Invalid, KubeError, in_words
from firedoor.kube.kubelet import Kubelet, kubelet
from firedoor.kube.resources import NODES

FILE = re.compile(r"\d{1,6}\.log(\.[0-9-]{1,20}(\.gz)?)?")
"""A run's number; what was rotated has the time of it behind that (kubelet, container_log_manager.go)."""
FILES_MOST: Final = 64
"""Of one container; the kubelet keeps five of each run."""
LOOKS: Final = 3
"""At a folder: files are rotated, compressed and removed while they are read."""
TAIL: Final = 4096
ANSWER_SECONDS: Final = 10.0
PLANNED: Final = f"{LOGS}/node-logs"
SOURCE: Final[Mapping[str, Any]] = {"kind": Kind.NODE_LOG, "way": Way.KUBELET}
SWITCHED_OFF: Final = "Reading logs from nodes is switched off (actions.nodeLogs.enabled)."


@dataclass(frozen=True, slots=True)
class Permit:
    """Whose token a kubelet may be shown, and which CAs sign the certificates of kubelets."""

    namespace: str
    account: str
    trust: ssl.SSLContext


async def capture(bag: Bag, suspect: Suspect, permit: Permit | None) -> None:
    """Captures the log files of every container from the suspect's node, where that is permitted."""
    node = suspect.pod["spec"].get("nodeName")
    if bag.has(PLANNED) or not node:
        return None
    if permit is None:
        return bag.skip(PLANNED, SOURCE, "skipped", "Forbidden", SWITCHED_OFF)
    try:
        async with AsyncExitStack() as stack:
            road = await _road(stack, suspect, node, permit)
            for container in suspect.containers:
                await _container(bag, suspect, container, road)
    except (KubeError, TimeoutError) as error:
        _not_permitted(bag, error)
    return None


async def _road(stack: AsyncExitStack, suspect: Suspect, node: str, permit: Permit) -> Kubelet:
    found = await suspect.kube.get(NODES, node)
    token = await suspect.kube.token(permit.namespace, permit.account)
    road = await stack.enter_async_context(kubelet(found, token, permit.trust))
    async with asyncio.timeout(ANSWER_SECONDS):
        await road.names("pods")  # whether it may be asked at all, before anything is planned
    return road


def _not_permitted(bag: Bag, error: KubeError | TimeoutError) -> None:
    """What an administrator has not granted or has switched off is no gap; a kubelet that cannot be believed or reached is."""
    match error:
        case Forbidden():
            bag.skip(PLANNED, SOURCE, "skipped", "Forbidden", str(error))
        case Invalid() | Gone():
            bag.skip(PLANNED, SOURCE, "skipped", "Unsupported", f"This kubelet does not serve container logs: {error}")
        case _:
            bag.skip(PLANNED, SOURCE, "failed", "KubeletUnreachable", in_words(error))


async def _container(bag: Bag, suspect: Suspect, container: Container, road: Kubelet) -> None:
    folder, tried, whole = f"pods/{folder_of(suspect)}/{container.name}", set[str](), set[str]()
    for _ in range(LOOKS):
        new = [name for name in await _names(road, folder) if name not in tried and name.removesuffix(".gz") not in whole]
        for name in new:
            tried.add(name)
            planned = f"{LOGS}/{container.folder}/node/{name}"
            source = {**SOURCE, "file": f"/var/log/{folder}/{name}", **container.source}
            await suspect.until_whole(bag, planned, source, partial(_file, bag, suspect, road, f"{folder}/{name}"))
            if any(one.id == planned and one.status == "complete" for one in bag.artifacts.values()):
                whole.add(name)
        if not new:
            return


async def _names(road: Kubelet, folder: str) -> list[str]:
    """The log files of a container, those first that will be removed next: rotated ones from the oldest on."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            found = {name for name in await road.names(folder) if FILE.fullmatch(name)}
    except Gone:
        return []  # it has never run, or the pod has left its node
    return sorted(found, key=lambda name: (name.endswith(".log"), name))[:FILES_MOST]


def folder_of(suspect: Suspect) -> str:
    """The pod's folder on its node. The kubelet knows a static pod by another uid than the API server."""
    metadata = suspect.pod["metadata"]
    notes = metadata.get("annotations") or {}
    uid = notes.get("kubernetes.io/config.hash") if "kubernetes.io/config.mirror" in notes else metadata["uid"]
    return f"{metadata['namespace']}_{metadata['name']}_{uid}"


async def _file(bag: Bag, suspect: Suspect, road: Kubelet, path: str, writer: Writer) -> None:
    reading = Reading(road, path, Pieces(bag, writer, suspect.limits.artifact_bytes))
    try:
        await _patiently(bag, suspect, reading, writer.artifact)
    finally:
        reading.pieces.close()


@dataclass
class Reading:
    """One file while it is read, over as many streams as it takes."""

    road: Kubelet
    path: str
    pieces: Pieces
    size: int | None = None
    got: int = 0
    tail: bytes = b""

    async def to_the_end(self) -> None:
        """One stream, from where the one before was cut. It goes on with bytes that are known: Replaced when they are not."""
        async with self.road.file(self.path, self.got - len(self.tail)) as part:
            self.size = part.size if self.size is None else self.size
            known = self.tail
            if part.start != self.got - len(known) or part.size < self.size:
                raise Replaced
            async for chunk in part.chunks:
                overlap, new = chunk[: len(known)], chunk[len(known) :]
                if overlap != known[: len(overlap)]:
                    raise Replaced
                known = known[len(overlap) :]
                self._take(new[: self.size - self.got])
                if self.got == self.size:
                    return
        if self.got < self.size:
            raise Cut

    def _take(self, new: bytes) -> None:
        self.pieces.write(new)
        self.got += len(new)
        self.tail = (self.tail + new)[-TAIL:]


class Replaced(Exception):
    """The file is another one than it was."""


class Cut(Exception):
    """The stream ended before the file did."""


async def _patiently(bag: Bag, suspect: Suspect, reading: Reading, artifact: Artifact) -> None:
    for pause in (*suspect.limits.pauses, None):
        try:
            async with asyncio.timeout(suspect.limits.artifact_seconds):
                return await reading.to_the_end()
        except TimeoutError:
            return artifact.short("Timeout", f"The file had not ended after {suspect.limits.artifact_seconds:.0f} s.")
        except Replaced:
            return artifact.short("Raced", "The file was rotated while it was read.")
        except Gone as error:
            return _gone(artifact, error)
        except (KubeError, Cut) as error:
            why = str(error) or "The stream ended before the file did."
            if pause is None or isinstance(error, (Forbidden, Invalid)):
                return _not_got(artifact, why, error)
            bag.note("log.resumed", object=artifact.path, offset=reading.got, error=why[:200])
            await asyncio.sleep(pause)
    return None


def _gone(artifact: Artifact, error: Gone) -> None:
    """Compressed or removed between the look and the reading: the next look finds what became of it."""
    if artifact.bytes:
        artifact.short("Raced", str(error))
    else:
        artifact.ends("skipped", "Raced", str(error))


def _not_got(artifact: Artifact, why: str, error: KubeError | Cut) -> None:
    if artifact.bytes or isinstance(error, Cut):
        artifact.short("StreamTruncated", why)
    else:
        artifact.ends("failed", reason_of(error), why)
