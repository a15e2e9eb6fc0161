"""The suspect pod as the sources see it: its containers, and whether it is still the one that was meant.

Logs and exec go by the pod's name, so after every capture the pod is looked at again: what came from another pod or
another run of the container must not pass for the suspect's.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from dataclasses import field as with_default
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar, cast

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.order import Limits
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Forbidden, Gone, KubeError, Unavailable
from firedoor.kube.exec import ExecStream
from firedoor.kube.resources import PODS

T = TypeVar("T")
Capture = Callable[[Writer], Awaitable[None]]
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
STATUSES = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}
BY_REFERENCE = ("secret", "configMap", "projected", "downwardAPI", "csi")
"""Volumes that hold Secrets, tokens or ConfigMaps; a CSI driver's may, and on a disk they are read."""
WORTH_ANOTHER_TRY = ("StreamTruncated", "KubeletUnreachable")


@dataclass(frozen=True, slots=True)
class Container:
    """A container of the suspect as it was when the capture began."""

    name: str
    id: str
    field: str
    running: bool
    ran_before: bool
    started: float = 0.0
    """When this run began, in seconds of the epoch."""
    user: tuple[int, int] | None = None
    """Uid and gid of its first process, where the cluster tells."""
    security: Mapping[str, Any] = with_default(default_factory=dict)
    """Its own security context."""
    secrets: tuple[str, ...] = ()
    """Where Secrets and their like are mounted in it."""

    @property
    def folder(self) -> str:
        """Its folder in the bag: its name, which is a DNS label; a hash if the API server ever let another one pass."""
        return self.name if LABEL.fullmatch(self.name) else f"x-{sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def source(self) -> dict[str, str]:
        return {"container": self.name, "containerID": self.id}


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
        every = (found for place in STATUSES for found in _containers(self.pod, place))
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

    async def is_still_the_same(self, container: Container, artifact: Artifact) -> None:
        """Says in the artifact when pod or container were replaced meanwhile. A pod that is gone was not replaced."""
        namespace, name = self.key
        try:
            now = await patiently(lambda: self.kube.get(PODS, name, namespace), self.limits)
        except Gone:
            return
        except KubeError as error:
            artifact.short("Unconfirmed", f"It could not be seen whether the pod was still the same: {error}")
            return
        if now["metadata"]["uid"] != self.pod["metadata"]["uid"]:
            artifact.short("PodReplaced", "A pod of the same name took the suspect's place; this may be from that one.")
        elif container.id not in ("", *(found.id for found in _containers(now, container.field) if found.name == container.name)):
            artifact.short("ContainerRestarted", f"Container {container.name} was started again while this was captured.")

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


def _containers(pod: Obj, place: str) -> list[Container]:
    known = {status["name"]: status for status in pod.get("status", {}).get(STATUSES[place]) or ()}
    return [_container(pod, spec, known.get(spec["name"], {}), place) for spec in pod["spec"].get(place) or ()]


def _container(pod: Obj, spec: Obj, status: Obj, place: str) -> Container:
    security = spec.get("securityContext") or {}
    return Container(
        name=spec["name"],
        id=status.get("containerID", ""),
        field=place,
        running="running" in (status.get("state") or {}),
        ran_before=status.get("restartCount", 0) > 0 or bool((status.get("lastState") or {}).get("terminated")),
        started=_seconds(((status.get("state") or {}).get("running") or {}).get("startedAt")),
        user=_user(status, {**(pod["spec"].get("securityContext") or {}), **security}),
        security=security,
        secrets=_secrets(pod, spec),
    )


def _secrets(pod: Obj, spec: Obj) -> tuple[str, ...]:
    names = {volume["name"] for volume in pod["spec"].get("volumes") or () if not volume.keys().isdisjoint(BY_REFERENCE)}
    return tuple(mount["mountPath"] for mount in spec.get("volumeMounts") or () if mount["name"] in names)


def _user(status: Obj, security: Obj) -> tuple[int, int] | None:
    """What the runtime says (Kubernetes 1.31 on), else what was asked for, if both parts were."""
    told = (status.get("user") or {}).get("linux") or {}
    uid, gid = told.get("uid", security.get("runAsUser")), told.get("gid", security.get("runAsGroup"))
    return None if uid is None or gid is None else (int(uid), int(gid))


def _seconds(at: str | None) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0


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
