"""What else works in a cluster, as far as containment depends on it: owners that follow labels, and Jobs that end.

Each looks at everything and sets right what differs. `FakeCluster.controllers` takes them.
"""

import json

from firedoor.evidence.seal import SUBJECTS
from tests.fakes.objects import Obj, stamp
from tests.fakes.store import Store

PODS, REPLICA_SETS, DEPLOYMENTS, JOBS = "v1/pods", "apps/v1/replicasets", "apps/v1/deployments", "batch/v1/jobs"


def replica_sets(cluster: Store) -> None:
    """A ReplicaSet owns the pods that its selector finds, and deletes them when it or its Deployment wants none."""
    for replica_set in cluster.all(REPLICA_SETS):
        namespace, selector = replica_set["metadata"]["namespace"], replica_set["spec"]["selector"]["matchLabels"]
        for pod in cluster.all(PODS, namespace):
            _own(cluster, replica_set, pod, selector.items() <= pod["metadata"].get("labels", {}).items())
        wanted = replica_set["spec"].get("replicas", 1)
        if wanted == 0 or cluster.get(DEPLOYMENTS, namespace, owner(replica_set))["spec"]["replicas"] == 0:
            for pod in cluster.all(PODS, namespace):
                if owner(pod) == replica_set["metadata"]["name"]:
                    cluster.remove(PODS, namespace, pod["metadata"]["name"])


def _own(cluster: Store, replica_set: Obj, pod: Obj, mine: bool) -> None:
    name, uid = replica_set["metadata"]["name"], replica_set["metadata"]["uid"]
    if mine != (owner(pod) == name):
        owners = [owned_by("ReplicaSet", name, uid)] if mine else None
        cluster.change(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"], {"metadata": {"ownerReferences": owners}})


def owned_by(kind: str, name: str, uid: str) -> Obj:
    """An owner reference of a controller."""
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}


def owner(obj: Obj) -> str:
    """The name of an object's controller, if it has one."""
    return str(next((reference["name"] for reference in obj["metadata"].get("ownerReferences") or ()), ""))


def collectors(cluster: Store) -> None:
    """Every Job is done at once, and its pod tells of a sealed bag."""
    for job in cluster.all(JOBS):
        if "status" in job:
            continue
        name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
        told = {"terminated": {"exitCode": 0, "message": json.dumps(_sealed(job))}}
        metadata = {
            "name": name,
            "namespace": namespace,
            "labels": {"batch.kubernetes.io/job-name": name},
            "ownerReferences": [owned_by("Job", name, job["metadata"]["uid"])],
        }
        status = {"phase": "Succeeded", "containerStatuses": [{"name": "collector", "state": told}]}
        cluster.add(PODS, {"metadata": metadata, "status": status})
        done = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
        cluster.change(JOBS, namespace, name, {"status": done})


def _sealed(job: Obj) -> Obj:
    """What a collector tells of its sealed bag."""
    digests = {name: "0" * (128 if algorithm == "sha512" else 64) for name, algorithm in SUBJECTS.items()}
    told = {"status": "Complete", "sealedAt": stamp(), "payloadOxum": "1.1", "custodyHead": "0" * 64}
    bundle = f"incident-{job['metadata']['labels']['firedoor.dev/incident-uid'].replace('-', '')[:8]}"
    return {**told, "bundle": bundle, "tagManifestSHA256": "0" * 64, "digests": digests}
