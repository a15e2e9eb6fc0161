"""The collector: one run, one incident, one bag, in the order of volatility; sealed whatever happens.

Runs as a Job of its own (`firedoor collect`). Started again after a crash it goes on where it was; started again after
the seal it reports the same bag. Writes to its volume and its termination message and nowhere else.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firedoor import __version__
from firedoor.evidence.bag import Bag
from firedoor.evidence.custody import digest
from firedoor.evidence.order import CaptureOrder, result
from firedoor.evidence.sources import files, logs
from firedoor.kube.client import Kube, Obj
from firedoor.kube.connection import connect
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import EVENTS, PODS

log = logging.getLogger(__name__)
ACTOR = ("POD_NAME", "POD_UID", "NODE_NAME", "SERVICE_ACCOUNT", "IMAGE")


async def collect(
    order: CaptureOrder, kube: Kube, root: Path, actor: Mapping[str, str], clock: Callable[[], str]
) -> dict[str, Any]:
    """Captures and seals; the result. A bag that is sealed already is reported as it is."""
    if (root / order.bundle).is_dir():
        return sealed_result(root / order.bundle)
    bag = Bag(root, order.bundle, actor, clock)
    started = clock()
    bag.custody.note(started, "collector.resumed" if bag.artifacts else "bag.opened", incident=order.incident)
    await _capture(bag, order, kube)
    status = "partial" if any(a.status != "complete" for a in bag.artifacts.values()) else "complete"
    span = {"started": started, "ended": clock()}
    capture = {"incident": order.incident, "incidentUID": order.incident_uid, "podUID": order.pod_uid, **span}
    figures = bag.seal(_information(order, status, span), capture)
    return result(order.bundle, clock(), figures, [artifact.told() for artifact in bag.artifacts.values()])


async def _capture(bag: Bag, order: CaptureOrder, kube: Kube) -> None:
    pod = await _pod(bag, order, kube, "data/00-pod/pod.json")
    await _events(bag, order, kube)
    if pod is None:
        return
    await files.capture(bag, kube, pod, order.paths)
    await logs.capture(bag, kube, pod)
    await _pod(bag, order, kube, "data/00-pod/pod.final.json")


async def _pod(bag: Bag, order: CaptureOrder, kube: Kube, path: str) -> Obj | None:
    source = {"kind": "api", "verb": "get pod"}
    try:
        pod = await kube.get(PODS, order.pod, order.namespace)
    except Gone as error:
        _skip_once(bag, path, source, "PodGone", str(error))
        return None
    if order.pod_uid and pod["metadata"]["uid"] != order.pod_uid:
        _skip_once(bag, path, source, "PodReplaced", "A pod of the same name is another one.")
        return None
    _keep(bag, path, source, pod)
    return pod


async def _events(bag: Bag, order: CaptureOrder, kube: Kube) -> None:
    source = {"kind": "api", "verb": "list events"}
    try:
        events = await kube.list(EVENTS, order.namespace, fields=f"regarding.uid={order.pod_uid}")
    except KubeError as error:
        bag.skip("data/00-pod/events.json", source, "failed", type(error).__name__, str(error))
        return
    _keep(bag, "data/00-pod/events.json", source, events)


def _keep(bag: Bag, path: str, source: Mapping[str, Any], document: object) -> None:
    if bag.has(path):
        return
    if bag.full:
        bag.skip(path, source, "skipped", "VolumeFull")
        return
    with bag.artifact(path, source) as writer:
        writer.write(json.dumps(document, indent=1).encode())


def _skip_once(bag: Bag, path: str, source: Mapping[str, Any], reason: str, message: str) -> None:
    if not bag.has(path):
        bag.skip(path, source, "failed", reason, message)


def _information(order: CaptureOrder, status: str, span: Mapping[str, str]) -> dict[str, str]:
    return {
        "External-Identifier": order.incident_uid,
        "Internal-Sender-Identifier": order.incident,
        "Bagging-Date": span["ended"][:10],
        "Bag-Software-Agent": f"firedoor/{__version__}",
        "Capture-Status": status,
        "Capture-Started": span["started"],
        "Capture-Ended": span["ended"],
        "Pod": f"{order.namespace}/{order.pod}",
        "Pod-UID": order.pod_uid,
    }


def sealed_result(bag: Path) -> dict[str, Any]:
    """The result of a bag that an earlier collector sealed, read from the bag itself."""
    last = (bag / "custody.jsonl").read_bytes().rstrip(b"\n").split(b"\n")[-1]
    line = json.loads(last)
    figures = {
        "tagManifestSHA256": digest((bag / "tagmanifest-sha256.txt").read_bytes()),
        "custodyHead": digest(last),
        "payloadOxum": line["oxum"],
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
        return await collect(order, kube, root, actor, utc_now)


def main() -> int:
    """Carries out the order of the environment; 0 when a bag was sealed."""
    outcome = asyncio.run(_run())
    log.info("sealed %s: %s, %s", outcome["bundle"], outcome["status"], outcome["payloadOxum"])
    Path(os.environ.get("FIREDOOR_TERMINATION", "/dev/termination-log")).write_text(json.dumps(outcome))
    return 0
