"""The suspect pod as the sources see it: its containers, and whether it is still the one that was meant.

Logs and exec go by the pod's name, so after every capture the pod is looked at again: what came from another pod or
another run of the container must not pass for the suspect's.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar, cast

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.order import Limits
from firedoor.evidence.sources.container import STATUSES, Container, containers, in_pod
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Forbidden, Gone, KubeError, Unavailable
from firedoor.kube.exec import ExecStream
from firedoor.kube.resources import PODS

T = TypeVar("T")
Capture = Callable[[Writer], Awaitable[None]]
WORTH_ANOTHER_TRY = ("StreamTruncated", "KubeletUnreachable")


@dataclass(frozen=True, slots=True)
class Suspect:
    """The pod as it was when the capture began, and the way to it."""

    kube: Kube
    pod: Obj
    limits: Limits

    helpers: str = ""
    """How the names of our own ephemeral containers begin."""

    @property
    def containers(self) -> list[Container]:
        """Every container but our own: init, ordinary and ephemeral."""
        every = (found for place in STATUSES for found in containers(self.pod, place))
        return [found for found in every if not (self.helpers and found.name.startswith(self.helpers))]

    async def now(self) -> Obj:
        """The pod as it is now; Gone when it is not, or is another one."""
        namespace, name = self.key
        found = await patiently(lambda: self.kube.get(PODS, name, namespace), self.limits)
        if found["metadata"]["uid"] != self.pod["metadata"]["uid"]:
            raise Gone(f"Pod {namespace}/{name} is another one than the suspect.")
        return found

    def log(self, container: Container, *, previous: bool, since: str = "") -> AsyncGenerator[bytes, None]:
        namespace, name = self.key
        lines = self.kube.logs(namespace, name, container.name, previous=previous, since=since)
        return cast("AsyncGenerator[bytes, None]", lines)  # it is one, and must be closed when left early

    def exec(self, container: Container, command: Sequence[str]) -> AbstractAsyncContextManager[ExecStream]:
        namespace, name = self.key
        return self.kube.exec(namespace, name, container.name, command)

    async def is_still_the_same(self, container: Container, artifact: Artifact) -> Container | None:
        """Says in the artifact when pod or container were replaced meanwhile. A pod that is gone was not replaced.

        The container as it is now; None where that was not to be seen.
        """
        namespace, name = self.key
        try:
            now = await patiently(lambda: self.kube.get(PODS, name, namespace), self.limits)
        except Gone:
            return None
        except KubeError as error:
            artifact.short("Unconfirmed", f"It could not be seen whether the pod was still the same: {error}")
            return None
        if now["metadata"]["uid"] != self.pod["metadata"]["uid"]:
            artifact.short("PodReplaced", "A pod of the same name took the suspect's place; this may be from that one.")
            return None
        found = in_pod(now, container)
        if container.was_replaced_by(found):
            artifact.short("ContainerRestarted", f"Container {container.name} was started again while this was captured.")
        return found

    async def until_whole(self, bag: Bag, planned: str, source: Mapping[str, object], capture: Capture) -> None:
        """Captures a planned artifact; again, beside what was got, when the stream was cut or nobody answered."""
        if bag.has(planned):
            return
        for pause in (0.0, *self.limits.pauses):
            await asyncio.sleep(pause)
            if bag.full:
                bag.skip(planned, source, "failed", "VolumeFull", "The evidence volume was full before.")
                return
            with bag.artifact(planned, source) as writer:
                await capture(writer)
            if writer.artifact.reason not in WORTH_ANOTHER_TRY:
                return

    @property
    def key(self) -> tuple[str, str]:
        return self.pod["metadata"]["namespace"], self.pod["metadata"]["name"]


async def patiently(ask: Callable[[], Awaitable[T]], limits: Limits) -> T:
    """The answer; asked again while nobody answers, then Unavailable."""
    for pause in limits.pauses:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(pause)
    return await ask()


def reason_of(error: KubeError) -> str:
    """The word of capture.json for what went wrong on the road before anything came."""
    match error:
        case Gone():
            return "PodGone"
        case Forbidden():
            return "Forbidden"
        case Unavailable():
            return "KubeletUnreachable"
        case _:
            return type(error).__name__
