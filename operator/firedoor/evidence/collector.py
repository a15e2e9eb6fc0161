"""The collector: one run, one incident, one bag, in the order of volatility; sealed whatever happens.

Runs as a Job of its own (`firedoor collect`). Started again after a crash it goes on where it was; started again after
the seal it reports the same bag. Writes to its volume and its termination message and nowhere else.
"""

import asyncio
import json
import logging
import os
import resource
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firedoor import __version__
from firedoor.api import names
from firedoor.evidence import indices
from firedoor.evidence.artifact import file_digest
from firedoor.evidence.bag import Bag
from firedoor.evidence.custody import digest
from firedoor.evidence.layout import CLUSTER, FILESYSTEM, LOGS, VOLATILE, Kind
from firedoor.evidence.order import CaptureOrder, result, status
from firedoor.evidence.seal import SIGNED, SUBJECTS
from firedoor.evidence.sources import inside, nodelogs, objects, runs
from firedoor.evidence.sources.context import Context
from firedoor.evidence.sources.nodelogs import Permit
from firedoor.evidence.sources.suspect import Suspect
from firedoor.evidence.views import write as views
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect
from firedoor.kube.credentials import ACCOUNT
from firedoor.kube.kubelet import trusted

log = logging.getLogger(__name__)
ACTOR = ("POD_NAME", "POD_UID", "NODE_NAME", "SERVICE_ACCOUNT", "IMAGE")
TOLD_IN_THE_LOG = ("bundle", "status", "payloadOxum", "custodyHead")
FULL = "data/space"
LEAST_SECONDS = 20.0
"""For a collector that comes so late that the others have used it all."""
NOT_TRIED = "memory of processes, files that were deleted and are not held open"


async def collect(
    order: CaptureOrder,
    kube: Kube,
    root: Path,
    actor: Mapping[str, str],
    clock: Callable[[], str],
    permit: Permit | None = None,
) -> dict[str, Any]:
    """Captures and seals; the result. A bag that is sealed already is reported as it is. permit: to ask kubelets as well."""
    if not (root / order.bundle).is_dir():
        bag = Bag(root, order.bundle, actor, clock)
        bag.note("collector.resumed" if bag.custody.lines else "bag.opened", incident=order.incident)
        await _in_time(bag, order, kube, clock, permit)
        _seal(bag, order, clock())
    return sealed_result(root / order.bundle)


async def _in_time(bag: Bag, order: CaptureOrder, kube: Kube, clock: Callable[[], str], permit: Permit | None) -> None:
    used = (datetime.fromisoformat(clock()) - datetime.fromisoformat(_opened(bag))).total_seconds()
    whole = asyncio.timeout(max(LEAST_SECONDS, order.limits.capture_seconds - used))
    try:
        async with whole:
            await _capture(bag, order, kube, permit)
    except TimeoutError:
        if not whole.expired():
            raise
        bag.skip("data/time", {}, "failed", "Timeout", "The time for the capture was over; what is not listed was not tried.")


async def _capture(bag: Bag, order: CaptureOrder, kube: Kube, permit: Permit | None) -> None:
    objects.keep(bag, f"{CLUSTER}/order.json", {"kind": Kind.ORDER}, order.told())
    key = secrets.token_hex(32)
    pod = await objects.pod(bag, order, kube, key)
    await objects.events(bag, order, kube)
    if pod is None:
        return
    suspect = Suspect(kube, pod, order.limits, order.helpers)
    surroundings = Context(bag, order, kube, pod, key)
    insides: list[inside.Inside] = []
    try:
        await _told(bag, f"{VOLATILE}/capture", lambda: inside.opened(insides, bag, suspect, order, key))
        await asyncio.gather(*(_told(bag, f"{VOLATILE}/capture", one.vanishing) for one in insides))
        await _told(bag, f"{CLUSTER}/capture", surroundings.at_the_start)
        await _told(bag, f"{LOGS}/capture", lambda: runs.capture(bag, suspect))
        await _told(bag, f"{LOGS}/capture", lambda: nodelogs.capture(bag, suspect, permit))
        for one in insides:
            await _told(bag, f"{FILESYSTEM}/capture", one.lasting)
    finally:
        await inside.leave(insides)
    await _told(bag, f"{CLUSTER}/capture", surroundings.at_the_end)
    await _told(bag, f"{CLUSTER}/capture", lambda: objects.at_the_end(bag, order, kube, pod, key))


async def _told(bag: Bag, planned: str, capture: Callable[[], Awaitable[None]]) -> None:
    """What nobody foresaw ends this source and is told of, never the capture. A disk that fails ends the collector.

    A full volume ends the capture: the space that is left is for the books, so what follows is told of once for all.
    """
    if bag.full:
        if not bag.has(FULL):
            bag.skip(FULL, {}, "failed", "VolumeFull", "The evidence volume was full; what is not listed was not tried.")
        return
    try:
        await capture()
    except Exception as error:
        # A connection's errors are of the same family as a disk's.
        if isinstance(error, (OSError, AssertionError)) and not isinstance(error, (TimeoutError, ConnectionError)):
            raise
        log.exception("capturing %s", planned)
        bag.skip(planned, {}, "failed", "Unexpected", f"{type(error).__name__}: {error}")


def _seal(bag: Bag, order: CaptureOrder, ended: str) -> None:
    indices.write(bag)
    bag.read_back()
    artifacts = [artifact.told() for artifact in bag.artifacts.values()]
    span = {"started": _opened(bag), "ended": ended}
    suspect = {"namespace": order.namespace, "name": order.pod, "uid": order.pod_uid}
    incident = {"key": order.incident, "uid": order.incident_uid, "paths": list(order.paths)}
    capture = {"v": 1, "incident": incident, "pod": suspect, **span, "status": status(artifacts), "notTried": NOT_TRIED}
    views.write(bag, capture)
    bag.seal(_information(order, status(artifacts), span), capture)


def _opened(bag: Bag) -> str:
    return str(bag.custody.lines[0]["ts"])


def _information(order: CaptureOrder, said: str, span: Mapping[str, str]) -> dict[str, str]:
    return {
        "External-Identifier": order.incident_uid,
        "Internal-Sender-Identifier": order.incident,
        "External-Description": "Evidence of a compromised pod. Sensitive: logs and files are raw, nothing is redacted.",
        "Bagging-Date": span["ended"][:10],
        "Bag-Software-Agent": f"firedoor/{__version__}",
        "Capture-Status": said.lower(),
        "Capture-Started": span["started"],
        "Capture-Ended": span["ended"],
        "Pod": f"{order.namespace}/{order.pod}",
        "Pod-UID": order.pod_uid,
    }


def sealed_result(bag: Path) -> dict[str, Any]:
    """The result of a sealed bag, read from the bag itself: every collector that is asked says the same."""
    last = (bag / "custody.jsonl").read_bytes().rstrip(b"\n").split(b"\n")[-1]
    line = json.loads(last)
    digests = {name: file_digest(bag / name, algorithm) for name, algorithm in SUBJECTS.items()}
    figures = {
        "tagManifestSHA256": digests[SIGNED],
        "custodyHead": digest(last),
        "payloadOxum": line["oxum"],
        "digests": digests,
    }
    artifacts = json.loads((bag / "capture.json").read_bytes())["artifacts"]
    return result(bag.name, line["ts"], figures, artifacts)


def utc_now() -> str:
    """The wall clock, RFC 3339 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


async def _run() -> dict[str, Any]:
    order = CaptureOrder.load(os.environ["FIREDOOR_CAPTURE"])
    root = Path(os.environ.get("FIREDOOR_EVIDENCE_ROOT", "/evidence"))
    actor = {name.lower(): os.environ.get(name, "") for name in ACTOR}
    async with connect() as kube:
        return await collect(order, kube, root, actor, utc_now, _permit(order))


def _permit(order: CaptureOrder) -> Permit | None:
    """What kubelets are asked with, where an administrator allows that."""
    if not order.node_logs:
        return None
    return Permit(order.node_logs, names.NODE_LOGS, trusted(ACCOUNT, os.environ.get("FIREDOOR_KUBELET_CA")))


def main() -> int:
    """Carries out the order of the environment; 0 when a bag was sealed."""
    outcome = asyncio.run(_run())
    log.info("sealed %s: %s, %s, custody head %s", *(outcome[key] for key in TOLD_IN_THE_LOG))
    log.info("at most %d MiB of memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
    Path(os.environ.get("FIREDOOR_TERMINATION", "/dev/termination-log")).write_text(json.dumps(outcome))
    return 0
