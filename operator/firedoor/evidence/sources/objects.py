"""The API server's own words: the pod as it was first and last seen, and its events (kept for an hour by default)."""

import json
from collections.abc import Mapping
from typing import Any

from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import CLUSTER, VOLATILE, Kind, Way
from firedoor.evidence.order import CaptureOrder
from firedoor.evidence.redact import redacted
from firedoor.evidence.sources.suspect import patiently, reason_of
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import EVENTS, PODS

POD, EVENTS_FILE, POD_AT_THE_END = f"{VOLATILE}/pod.json", f"{VOLATILE}/events.json", f"{CLUSTER}/pod.final.json"
GET: Mapping[str, str] = {"kind": Kind.POD, "way": Way.API, "verb": "get pod"}
LIST: Mapping[str, str] = {"kind": Kind.EVENTS, "way": Way.API, "verb": "list events"}
REPLACED = "The pod of this name is another one than the suspect."


async def pod(bag: Bag, order: CaptureOrder, kube: Kube, key: str) -> Obj | None:
    """The suspect as it is now, kept as it was first seen; None, and told of, when there is nothing to capture from."""
    try:
        found = await patiently(lambda: kube.get(PODS, order.pod, order.namespace), order.limits)
    except KubeError as error:
        _lost(bag, reason_of(error), str(error))
        return None
    if found["metadata"]["uid"] != order.pod_uid:
        _lost(bag, "PodReplaced", REPLACED)
        return None
    keep(bag, POD, GET, redacted(found, key))
    return found


async def events(bag: Bag, order: CaptureOrder, kube: Kube) -> None:
    """What Kubernetes has to say about the pod of this uid."""
    if bag.has(EVENTS_FILE):
        return
    try:
        found = await patiently(lambda: kube.list(EVENTS, order.namespace, fields=f"regarding.uid={order.pod_uid}"), order.limits)
    except KubeError as error:
        bag.skip(EVENTS_FILE, LIST, "failed", reason_of(error), str(error))
    else:
        keep(bag, EVENTS_FILE, LIST, found)


async def pod_at_the_end(bag: Bag, order: CaptureOrder, kube: Kube, key: str) -> None:
    """The suspect once more. One that left after all was captured leaves no gap."""
    try:
        found = await patiently(lambda: kube.get(PODS, order.pod, order.namespace), order.limits)
    except Gone as error:
        bag.skip(POD_AT_THE_END, GET, "skipped", "PodGone", str(error))
    except KubeError as error:
        bag.skip(POD_AT_THE_END, GET, "failed", reason_of(error), str(error))
    else:
        keep(bag, POD_AT_THE_END, GET, redacted(found, key))


def keep(bag: Bag, planned: str, source: Mapping[str, Any], document: object) -> None:
    """Keeps a JSON document, once."""
    if bag.has(planned):
        return
    if bag.full:
        bag.skip(planned, source, "failed", "VolumeFull", "The evidence volume was full before.")
        return
    with bag.artifact(planned, source) as writer:
        writer.write(json.dumps(document, indent=1).encode())


def _lost(bag: Bag, reason: str, message: str) -> None:
    """Nothing more can be had: told of at the pod itself, or, when an earlier collector still saw it, at its end."""
    bag.skip(POD_AT_THE_END if bag.has(POD) else POD, GET, "failed", reason, message)
