"""The world of the wire tests: a shop on the fake API server, what people do to it, and what must be true of it."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from firedoor.evidence.signature import key_id
from tests.fakes.apiserver import FakeCluster
from tests.fakes.objects import Obj
from tests.fakes.store import Key
from tests.fakes.workloads import DEPLOYMENTS, JOBS, PODS, REPLICA_SETS, owned_by
from tests.keys import public_pem

NODES, POLICIES, CLAIMS = "v1/nodes", "networking.k8s.io/v1/networkpolicies", "v1/persistentvolumeclaims"
INCIDENTS, EVENTS = "firedoor.dev/v1alpha1/securityincidents", "events.k8s.io/v1/events"
CONFIG_MAPS = "v1/configmaps"
COUNTERS = ("resourceVersion", "generation")
PRIOR = "firedoor.dev/prior"
HOME = "firedoor-system"
LABELS = {"app": "web", "tier": "front"}
REPLICAS = 3
KEY = ec.generate_private_key(ec.SECP256R1())
EVERYTHING: Obj = {"containment": {"workload": "ScaleToZero"}, "evidence": {}}
"""What an incident asks for that wants all there is."""
ONCE = Counter(
    {
        ("POST", POLICIES): 1,
        ("DELETE", POLICIES): 1,
        ("PATCH", PODS): 2,
        ("PATCH", NODES): 2,
        ("PATCH", DEPLOYMENTS): 2,
        ("POST", CLAIMS): 1,
        ("PATCH", CLAIMS): 1,
        ("POST", JOBS): 2,
    }
)
"""What such an incident and its release change at least, outside of themselves: each thing once, there and back."""


def furnish(cluster: FakeCluster) -> None:
    """Two ready nodes, a Deployment with the suspect among its pods, and a signing key that is known already."""
    known = {f"{key_id(KEY.public_key())}.pem": public_pem(KEY)}
    cluster.add(CONFIG_MAPS, {"metadata": {"name": "firedoor-signing-keys", "namespace": HOME}, "data": known})
    for name in ("node-a", "node-b"):
        status = {"conditions": [{"type": "Ready", "status": "True"}]}
        cluster.add(NODES, {"metadata": {"name": name, "annotations": {"kept": "yes"}}, "spec": {}, "status": status})
    selector = {"matchLabels": {"app": "web"}}
    deployment = _in_shop(cluster, DEPLOYMENTS, "web", {"replicas": REPLICAS, "selector": selector})
    above = [owned_by("Deployment", "web", deployment["metadata"]["uid"])]
    replica_set = _in_shop(cluster, REPLICA_SETS, "web-7f45", {"selector": selector}, ownerReferences=above)
    above = [owned_by("ReplicaSet", "web-7f45", replica_set["metadata"]["uid"])]
    spec = {"nodeName": "node-a", "containers": [{"name": "web", "ports": [{"containerPort": 8080}]}]}
    _in_shop(cluster, PODS, "suspect", spec, labels=dict(LABELS), ownerReferences=above)
    cluster.change(PODS, "shop", "suspect", {"status": {"phase": "Running", "podIP": "127.0.0.1"}})


def _in_shop(cluster: FakeCluster, collection: str, name: str, spec: Obj, **metadata: Any) -> Obj:
    return cluster.add(collection, {"metadata": {"name": name, "namespace": "shop", **metadata}, "spec": spec})


def report(cluster: FakeCluster, name: str = "incident", uid: str | None = None, **spec: Any) -> Obj:
    """An incident about the suspect."""
    aimed = {"target": {"kind": "Pod", "name": "suspect"}, "evidence": {"enabled": False}, **spec}
    return _in_shop(cluster, INCIDENTS, name, aimed, **({"uid": uid} if uid else {}))


async def contain(cluster: FakeCluster, name: str = "incident", **spec: Any) -> None:
    """An incident about the suspect that holds."""
    report(cluster, name, **spec)
    await eventually(lambda: says(cluster, "NodeCordoned", name=name), "contained")


def release(cluster: FakeCluster, name: str = "incident", mode: str = "Restore") -> None:
    """The wish to give everything back."""
    cluster.change(INCIDENTS, "shop", name, {"spec": {"release": {"reason": "over", "mode": mode}}})


def ask(cluster: FakeCluster, name: str = "incident", **spec: Any) -> None:
    """Another wish, in place of what the incident asked for before."""
    cluster.change(INCIDENTS, "shop", name, {"spec": spec})


def delete(cluster: FakeCluster, name: str = "incident") -> None:
    """What `kubectl delete` does."""
    cluster.remove(INCIDENTS, "shop", name)


def suspect(cluster: FakeCluster) -> Obj:
    return cluster.get(PODS, "shop", "suspect")


def condition(cluster: FakeCluster, about: str, name: str = "incident") -> Obj:
    """What the incident says about it."""
    found = cluster.get(INCIDENTS, "shop", name).get("status", {}).get("conditions", [])
    return next((c for c in found if c["type"] == about), {"status": "", "reason": ""})


def says(cluster: FakeCluster, about: str, status: str = "True", name: str = "incident") -> bool:
    return bool(condition(cluster, about, name)["status"] == status)


def contained(cluster: FakeCluster, name: str = "incident") -> bool:
    """Whether everything that EVERYTHING asks for is said to hold."""
    return all(says(cluster, about, name=name) for about in ("NodeCordoned", "WorkloadScaled", "EvidenceSealed"))


def over(cluster: FakeCluster, name: str = "incident") -> bool:
    """Whether an incident was released and let go of."""
    return says(cluster, "Released", name=name) and "finalizers" not in cluster.get(INCIDENTS, "shop", name)["metadata"]


def labels(cluster: FakeCluster) -> Obj:
    return dict(suspect(cluster)["metadata"]["labels"])


def quarantines(cluster: FakeCluster) -> list[str]:
    """The labels by which incidents hold the suspect."""
    return [key for key in labels(cluster) if key.startswith("firedoor.dev/incident.")]


def incidents(cluster: FakeCluster) -> list[Obj]:
    return cluster.all(INCIDENTS)


def picture(cluster: FakeCluster) -> dict[Key, Obj]:
    """Everything that is outside of firedoor's home, incidents and events, but for what counts versions."""
    return {
        (collection, namespace, name): {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in COUNTERS}}
        for (collection, namespace, name), obj in cluster.held.items()
        if collection not in (INCIDENTS, EVENTS) and namespace != HOME
    }


def annotations(obj: Obj) -> Obj:
    return dict(obj["metadata"].get("annotations", {}))


def versions(cluster: FakeCluster, collection: str) -> list[Obj]:
    """Every form that an object of this kind ever had."""
    return [change.after for change in cluster.history if change.key[0] == collection and change.after]


def prior(obj: Obj) -> Obj | None:
    """The record on an object of what it was before."""
    noted = annotations(obj).get(PRIOR)
    return None if noted is None else dict(json.loads(noted))


def held(obj: Obj) -> bool:
    """Whether an object carries the mark of an incident."""
    marks = {*obj["metadata"].get("labels", {}), *annotations(obj)} - {PRIOR}
    return any(mark.startswith("firedoor.dev/") for mark in marks)


def outside(cluster: FakeCluster, since: int = 0) -> Counter[tuple[str, str]]:
    """What was changed outside of incidents and events, and how often."""
    own = (INCIDENTS, EVENTS)
    return Counter((asked.method, asked.collection) for asked in cluster.written[since:] if asked.collection not in own)


def done_once(cluster: FakeCluster) -> bool:
    """Whether one incident did all that it is known to do, and nothing twice."""
    found = outside(cluster)
    return found >= ONCE and all(count <= ONCE.get(kind, 1) for kind, count in found.items())


async def eventually(claim: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Waits until the claim is true."""
    try:
        async with asyncio.timeout(seconds):
            while not claim():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None
