"""What a release leaves behind on a workload: not even firedoor's claim to the field that it gave back."""

import aiohttp

from firedoor.actions import workload
from firedoor.kube.client import Kube
from tests.builders import UID
from tests.fakes.apiserver import HOST, FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.objects import Obj
from tests.fakes.workloads import DEPLOYMENTS

HELM = {"manager": "helm", "fieldsV1": {"f:spec": {"f:template": {}}}}
OURS = {"manager": "firedoor", "fieldsV1": {"f:spec": {"f:replicas": {}}}}


def held(cluster: FakeCluster, *managers: Obj) -> workload.At:
    """A Deployment that an incident holds at rest, whose fields these manage."""
    annotations = {f"firedoor.dev/scale.{UID[:8]}": "shop/shell", "firedoor.dev/prior": "{}"}
    metadata = {"name": "web", "namespace": "shop", "annotations": annotations, "managedFields": list(managers)}
    made = cluster.add(DEPLOYMENTS, {"metadata": metadata, "spec": {"replicas": 0}})
    return workload.At("Deployment", "shop", "web", made["metadata"]["resourceVersion"])


def managers(cluster: FakeCluster) -> list[str]:
    return [entry["manager"] for entry in cluster.get(DEPLOYMENTS, "shop", "web")["metadata"].get("managedFields", [])]


async def given_back(cluster: FakeCluster, at: workload.At, *, last: bool = True) -> None:
    async with aiohttp.ClientSession() as session:
        kube = Kube(f"http://{HOST}:{cluster.port}", session)
        await workload.give_back(kube, at, UID, spec={"replicas": 3} if last else None, last=last)


async def test_the_last_holder_gives_back_the_field_and_the_claim_to_it() -> None:
    async with FakeCluster() as cluster:
        await given_back(cluster, held(cluster, OURS, HELM, OURS))
        assert managers(cluster) == ["helm"]
        assert cluster.get(DEPLOYMENTS, "shop", "web")["spec"]["replicas"] == 3


async def test_while_another_incident_holds_it_the_claim_stays() -> None:
    async with FakeCluster() as cluster:
        await given_back(cluster, held(cluster, OURS, HELM), last=False)
        assert managers(cluster) == ["firedoor", "helm"]


async def test_where_nothing_is_claimed_nothing_more_is_written() -> None:
    async with FakeCluster() as cluster:
        await given_back(cluster, held(cluster, HELM))
        assert [asked.method for asked in cluster.written] == ["PATCH"]


async def moved_on(change: Obj) -> tuple[list[str], int]:
    """Who manages the workload, and its replicas, when it was changed so between the gift and the letting go."""
    async with FakeCluster() as cluster:
        at = held(cluster, OURS, HELM)

        def move_on(asked: Asked) -> None:
            cluster.after_write = lambda _: None
            cluster.change(DEPLOYMENTS, "shop", "web", change)

        cluster.after_write = move_on
        await given_back(cluster, at)
        return managers(cluster), cluster.get(DEPLOYMENTS, "shop", "web")["spec"]["replicas"]


async def test_a_workload_that_has_moved_on_stays_as_it_became_and_is_claimed_no_more() -> None:
    assert await moved_on({"spec": {"replicas": 5}}) == (["helm"], 5)


async def test_a_workload_that_another_incident_holds_meanwhile_stays_claimed() -> None:
    assert await moved_on({"metadata": {"annotations": {"firedoor.dev/prior": "{}"}}}) == (["firedoor", "helm"], 3)
