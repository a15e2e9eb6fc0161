"""Below a CronJob: the suspect's own Job is put to rest too, because it would start the same image again at once."""

from typing import Any

import pytest

from tests.fakes.apiserver import FakeCluster
from tests.fakes.objects import Obj
from tests.fakes.workloads import JOBS, PODS, owned_by
from tests.wire.process import Operator
from tests.wire.world import condition, eventually, over, picture, release, report, says

CRON_JOBS = "batch/v1/cronjobs"
AT_REST: dict[str, Any] = {"node": "None", "workload": "ScaleToZero"}


@pytest.fixture
def nightly(cluster: FakeCluster) -> FakeCluster:
    """A CronJob, a Job that was made from it by hand, and the pod of that."""
    cron = cluster.add(CRON_JOBS, {"metadata": {"name": "nightly", "namespace": "shop"}, "spec": {"suspend": False}})
    above = [owned_by("CronJob", "nightly", cron["metadata"]["uid"])]
    metadata: Obj = {"name": "now", "namespace": "shop", "ownerReferences": above}
    selector = {"matchLabels": {"job": "now"}}
    job = cluster.add(JOBS, {"metadata": metadata, "spec": {"suspend": False, "selector": selector}, "status": {}})
    owner = [owned_by("Job", "now", job["metadata"]["uid"])]
    metadata = {"name": "now-1", "namespace": "shop", "labels": {"job": "now"}, "ownerReferences": owner}
    cluster.add(PODS, {"metadata": metadata, "spec": {"nodeName": "node-a", "containers": []}, "status": {"phase": "Running"}})
    cluster.controllers = (job_controller,)
    return cluster


def job_controller(cluster: Any) -> None:
    """A Job owns the pods that its selector finds."""
    job = cluster.get(JOBS, "shop", "now")
    for pod in cluster.all(PODS, "shop"):
        name, mine = pod["metadata"]["name"], pod["metadata"].get("labels", {}).get("job") == "now"
        if name == "now-1" and mine != bool(pod["metadata"].get("ownerReferences")):
            owners = [owned_by("Job", "now", job["metadata"]["uid"])] if mine else None
            cluster.change(PODS, "shop", name, {"metadata": {"ownerReferences": owners}})


def suspended(cluster: FakeCluster) -> tuple[bool, bool]:
    """Whether the CronJob is, and its Job."""
    found: list[Obj] = [cluster.get(CRON_JOBS, "shop", "nightly"), cluster.get(JOBS, "shop", "now")]
    return found[0]["spec"]["suspend"], found[1]["spec"]["suspend"]


async def test_of_a_pod_both_its_job_and_the_cronjob_above_are_suspended_and_given_back(
    nightly: FakeCluster, operator: Operator
) -> None:
    before = picture(nightly)
    report(nightly, target={"kind": "Pod", "name": "now-1"}, containment=AT_REST)
    await eventually(lambda: says(nightly, "WorkloadScaled"), "at rest")
    assert suspended(nightly) == (True, True)
    release(nightly)
    await eventually(lambda: over(nightly), "released")
    assert picture(nightly) == before


async def test_a_job_that_is_the_target_is_suspended_and_what_its_cronjob_starts_besides_is_said(
    nightly: FakeCluster, operator: Operator
) -> None:
    report(nightly, target={"kind": "Job", "name": "now"}, containment=AT_REST)
    await eventually(lambda: says(nightly, "WorkloadScaled"), "at rest")
    assert suspended(nightly) == (False, True)
    assert "CronJob nightly starts other Jobs like Job now" in condition(nightly, "WorkloadScaled")["message"]
