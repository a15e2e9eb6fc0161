"""The API server's own words: the pod as it was first and last seen, and its events (kept for an hour by default)."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
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
EVENTS_AT_THE_END = f"{CLUSTER}/events.final.json"
BOOKKEEPING = (".metadata.resourceVersion", ".metadata.managedFields")
CHANGES_MOST, FIELD_LENGTH = 50, 200
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


async def events(bag: Bag, order: CaptureOrder, kube: Kube, planned: str = EVENTS_FILE) -> None:
    """What Kubernetes has to say about the pod of this uid."""
    if bag.has(planned):
        return
    try:
        found = await patiently(lambda: kube.list(EVENTS, order.namespace, fields=f"regarding.uid={order.pod_uid}"), order.limits)
    except KubeError as error:
        bag.skip(planned, LIST, "failed", reason_of(error), str(error))
    else:
        keep(bag, planned, LIST, found)


async def at_the_end(bag: Bag, order: CaptureOrder, kube: Kube, first: Obj, key: str) -> None:
    """The suspect and its events once more, and what changed meanwhile. One that left after all was captured leaves no gap."""
    await events(bag, order, kube, EVENTS_AT_THE_END)
    try:
        found = await patiently(lambda: kube.get(PODS, order.pod, order.namespace), order.limits)
    except Gone as error:
        bag.skip(POD_AT_THE_END, GET, "skipped", "PodGone", str(error))
    except KubeError as error:
        bag.skip(POD_AT_THE_END, GET, "failed", reason_of(error), str(error))
    else:
        meanwhile = list(islice(changes(first, found), CHANGES_MOST))
        if meanwhile and not bag.has(POD_AT_THE_END):
            bag.note("target.changed", object=f"{order.namespace}/{order.pod}", fields=meanwhile)
        keep(bag, POD_AT_THE_END, {**GET, "changed": meanwhile}, redacted(found, key))


def changes(first: object, last: object, at: str = "") -> Iterator[str]:
    """Fields that differ between two looks at an object, by their paths; its bookkeeping is left out."""
    if isinstance(first, dict) and isinstance(last, dict):
        for name in sorted(first.keys() | last.keys()):
            if f"{at}.{name}" not in BOOKKEEPING:
                yield from changes(first.get(name), last.get(name), f"{at}.{name}")
    elif isinstance(first, list) and isinstance(last, list) and len(first) == len(last):
        for number, (one, other) in enumerate(zip(first, last, strict=True)):
            yield from changes(one, other, f"{at}[{number}]")
    elif first != last:
        yield at[:FIELD_LENGTH]


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
