"""Copies of sealed bags, as the controller sees to them: who is told what, and that nothing else waits for one."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.fakes.apiserver import FakeCluster
from tests.fakes.objects import Obj
from tests.fakes.store import Store
from tests.fakes.workloads import JOBS, PODS, collectors, owned_by
from tests.wire.process import operated
from tests.wire.world import CLAIMS, EVENTS, HOME, INCIDENTS, eventually, furnish, over, release, report, says

COPIER = "app.kubernetes.io/component=copier"
WORDS = {"objects": 3, "bytes": 9, "mode": "COMPLIANCE", "retainUntil": "2126-03-02T00:00:00Z", "replaced": ""}
DENIED = {"reason": "AccessDenied", "message": "GET https://store/evidence: no"}
STORE = {"endpoint": "https://store", "bucket": "evidence", "region": "eu", "prefix": "prod", "mode": "COMPLIANCE"}
SETTINGS = {
    "FIREDOOR_ACTIONS": "network,cordon,scaleToZero,identity,evidence,storeCopies",
    "FIREDOOR_OBJECT_STORE": json.dumps({**STORE, "retention": "24h", "secret": "store"}),
}


def copiers(words: Obj, ends: str = "Complete") -> Callable[[Store], None]:
    """Every copier ends at once, and says this; without an end it stays at work."""

    def work(cluster: Store) -> None:
        for job in cluster.all(JOBS, labels=COPIER):
            if "status" in job:
                continue
            name, labels = job["metadata"]["name"], job["spec"]["template"]["metadata"]["labels"]
            owners = [owned_by("Job", name, job["metadata"]["uid"])]
            state = {"terminated": {"exitCode": 0 if ends == "Complete" else 3, "message": json.dumps(words)}}
            metadata = {
                "name": f"{name}-{job['metadata']['uid'][:5]}",
                "namespace": HOME,
                "labels": labels,
                "ownerReferences": owners,
            }
            cluster.add(PODS, {"metadata": metadata, "status": {"containerStatuses": [{"name": "copier", "state": state}]}})
            conditions = [{"type": ends, "status": "True"}] if ends else []
            cluster.change(JOBS, HOME, name, {"status": {"conditions": conditions}})

    return work


def told(cluster: FakeCluster) -> Obj:
    """What the incident says of its copy."""
    evidence = cluster.get(INCIDENTS, "shop", "incident").get("status", {}).get("evidence", {})
    return dict(next(iter(evidence.get("copies", [])), {"state": ""}))


def jobs(cluster: FakeCluster) -> list[Obj]:
    return cluster.all(JOBS, labels=COPIER)


async def test_a_signed_bag_is_copied_by_a_job_that_alone_holds_the_credentials(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(copiers(WORDS), collectors)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path, **SETTINGS):
            report(cluster, evidence={})
            await eventually(lambda: told(cluster)["state"] == "Kept", "the copy is kept")
        (claim,) = cluster.all(CLAIMS)
        where = f"https://store/evidence/prod/{claim['metadata']['labels']['firedoor.dev/incident-uid']}/{told(cluster)['where'][-17:]}"
        assert (told(cluster)["where"], json.loads(claim["metadata"]["annotations"]["firedoor.dev/copied"])) == (
            where,
            told(cluster),
        )
        (job,) = jobs(cluster)
        pod = job["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"], "readOnly": True}
        assert pod["volumes"][1]["secret"]["secretName"] == "store"
        names = [
            one["metadata"]["name"] for one in sorted(cluster.all(JOBS), key=lambda one: int(one["metadata"]["resourceVersion"]))
        ]
        assert names[-1].startswith("firedoor-copy-"), "it comes after the signature"
        assert not [asked for asked in cluster.requests if "secrets" in asked.collection]
        assert [event for event in cluster.all(EVENTS) if "EvidenceCopied=True" in event["note"]]


async def test_a_copy_that_fails_is_told_and_tried_again_when_its_job_is_gone_and_nothing_waits_for_it(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(copiers(DENIED, "Failed"), collectors)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path, **SETTINGS):
            report(cluster, evidence={}, containment={"workload": "ScaleToZero"})
            await eventually(lambda: told(cluster)["state"] == "Failed", "it failed")
            assert (told(cluster)["reason"], told(cluster)["message"]) == ("AccessDenied", DENIED["message"])
            await eventually(lambda: says(cluster, "EvidenceSealed") and says(cluster, "WorkloadScaled"), "all else holds")
            (failed,) = jobs(cluster)
            cluster.remove(JOBS, HOME, failed["metadata"]["name"])
            await eventually(lambda: bool(jobs(cluster)), "another one is made", 45.0)
            assert jobs(cluster)[0]["metadata"]["uid"] != failed["metadata"]["uid"]


async def test_an_incident_that_is_over_is_told_all_the_same(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(copiers({}, ""), collectors)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path, **SETTINGS):
            report(cluster, evidence={})
            await eventually(lambda: told(cluster)["state"] == "Copying", "the copier is at work")
            release(cluster)
            await eventually(lambda: over(cluster), "the incident is over")
            (job,) = jobs(cluster)
            cluster.change(
                JOBS, HOME, job["metadata"]["name"], {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
            )
            (pod,) = cluster.all(PODS, HOME, COPIER)
            state = {"terminated": {"exitCode": 0, "message": json.dumps(WORDS)}}
            words = {"status": {"containerStatuses": [{"name": "copier", "state": state}]}}
            cluster.change(PODS, HOME, pod["metadata"]["name"], words)
            await eventually(lambda: told(cluster)["state"] == "Kept", "it says so")
            assert says(cluster, "Released")


async def test_what_was_sealed_before_there_was_a_store_is_copied_and_what_is_noted_is_not_copied_again(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(copiers(WORDS), collectors)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path):
            report(cluster, evidence={})
            await eventually(lambda: says(cluster, "EvidenceSealed"), "sealed, and there is no store")
        assert jobs(cluster) == []
        async with operated(cluster, tmp_path, **SETTINGS):
            await eventually(lambda: told(cluster)["state"] == "Kept", "the copy is kept")
        made = len([change for change in cluster.history if change.key[0] == JOBS and change.before is None])
        for job in cluster.all(JOBS):
            cluster.remove(JOBS, HOME, job["metadata"]["name"])
        async with operated(cluster, tmp_path, **SETTINGS):
            await eventually(lambda: told(cluster)["state"] == "Kept", "the copy is still kept")
        assert len([change for change in cluster.history if change.key[0] == JOBS and change.before is None]) == made
