"""Logs of every container: init, ordinary and ephemeral, this run and the one before; raw, with timestamps.

`limitBytes` is never used: it keeps the oldest bytes and drops the newest without a mark. The kubelet returns failures
as HTTP 200 bodies (kubernetes issue 142258): a log whose first line has no timestamp is an error text, and kept as one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from firedoor.evidence.bag import Bag, Writer
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Invalid, KubeError

STAMP = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) ")
LIMIT = 256 << 20
FIELDS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


async def capture(bag: Bag, kube: Kube, pod: Obj) -> None:
    """Captures what each container of the pod has said."""
    for name, status in containers(pod):
        await _log(bag, kube, pod, name, previous=False)
        if status.get("restartCount", 0) > 0 or status.get("lastState", {}).get("terminated"):
            await _log(bag, kube, pod, name, previous=True)


def containers(pod: Obj) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of a pod by name, with its status."""
    for specs, statuses in FIELDS:
        known = {status["name"]: status for status in pod.get("status", {}).get(statuses) or ()}
        for container in pod["spec"].get(specs) or ():
            yield container["name"], known.get(container["name"], {})


async def _log(bag: Bag, kube: Kube, pod: Obj, container: str, *, previous: bool) -> None:
    metadata = pod["metadata"]
    path = f"data/01-logs/{container}/{'previous' if previous else 'current'}.log"
    source = {"kind": "log", "container": container, "previous": previous}
    if bag.has(path) or bag.full:
        return _full(bag, path, source)
    try:
        stream = kube.logs(metadata["namespace"], metadata["name"], container, previous=previous)
        first = await anext(stream, b"")
    except Invalid as error:
        return bag.skip(path, source, "skipped", "NoPreviousRun" if previous else "ContainerNotRunning", str(error))
    except KubeError as error:
        return bag.skip(path, source, "failed", type(error).__name__, str(error))
    with bag.artifact(path, source) as writer:
        writer.write(first)
        if first and not STAMP.match(first):
            writer.artifact.status, writer.artifact.reason = "failed", "ErrorBody200"
        await _rest(writer, stream)
    return None


async def _rest(writer: Writer, stream: Any) -> None:
    try:
        async for chunk in stream:
            writer.write(chunk)
            if writer.artifact.bytes > LIMIT:
                return writer.artifact.short("LimitReached", f"Cut after {LIMIT} bytes; newer lines are not in the bag.")
    except KubeError as error:
        writer.artifact.short("StreamTruncated", str(error))
    return None


def _full(bag: Bag, path: str, source: Mapping[str, Any]) -> None:
    if not bag.has(path):
        bag.skip(path, source, "skipped", "VolumeFull")
