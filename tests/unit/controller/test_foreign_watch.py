"""Policies of other kinds: they are found in whatever version they are served, and one that comes later is news."""

import asyncio
from collections.abc import Mapping

from firedoor.controller.foreign_watch import ForeignWatch
from firedoor.controller.residue import Residues
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import ENDPOINT_SLICES, Resource
from tests.builders import UID, pod, quarantined

V1 = {"cilium.io": ("v2", "v2alpha1"), "policy.networking.k8s.io": ("v1alpha2", "v1alpha1")}


class Cluster(Kube):
    """An API server that serves these groups, and of each kind these objects by version and plural."""

    def __init__(self, groups: Mapping[str, tuple[str, ...]]) -> None:
        self.served = groups
        self.objects: dict[tuple[str, str], list[Obj]] = {}
        self.listed: list[tuple[str, str, str | None]] = []

    async def groups(self) -> dict[str, tuple[str, ...]]:
        return dict(self.served)

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        if resource is ENDPOINT_SLICES:
            return []
        self.listed.append((resource.version, resource.plural, namespace))
        if (resource.version, resource.plural) not in self.objects:
            raise Gone("no such kind")
        found = self.objects[resource.version, resource.plural]
        return [{"apiVersion": resource.api_version, "kind": resource.kind, **one} for one in found]

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        return {"metadata": {"name": name}}


def policy(name: str = "lets-all", namespace: str | None = "shop", generation: int = 1, version: str = "7") -> Obj:
    about = {"name": name, "uid": name, "generation": generation, "resourceVersion": version}
    spec = {"endpointSelector": {}, "egress": [{"toEntities": ["all"]}]}
    return {"metadata": about | ({"namespace": namespace} if namespace else {}), "spec": spec}


async def test_a_kind_that_is_served_in_another_version_only_is_found_there() -> None:
    cluster = Cluster({"cilium.io": ("v4", "v3"), "other.io": ("v1",)})
    cluster.objects["v3", "ciliumnetworkpolicies"] = [policy()]
    found = await Residues(cluster).of(quarantined())
    assert [(grant.kind, grant.name, grant.direction) for grant in found.grants] == [
        ("CiliumNetworkPolicy", "lets-all", "Egress")
    ]


async def test_a_kind_that_is_served_in_the_known_version_is_looked_for_nowhere_else() -> None:
    cluster = Cluster(V1)
    assert await Residues(cluster).foreign() == []
    assert {(version, plural) for version, plural, _ in cluster.listed} == {
        ("v2", "ciliumnetworkpolicies"),
        ("v2", "ciliumclusterwidenetworkpolicies"),
        ("v1alpha1", "adminnetworkpolicies"),
        ("v1alpha2", "clusternetworkpolicies"),
    }


async def test_what_policies_would_allow_a_pod_is_asked_with_the_labels_that_it_would_have() -> None:
    cluster = Cluster(V1)
    of_all, of_web = policy("lets-all"), policy("lets-web")
    of_web["spec"] = {**of_web["spec"], "endpointSelector": {"matchLabels": {"app": "web"}}}
    cluster.objects["v2", "ciliumnetworkpolicies"] = [of_all, of_web]
    would = await Residues(cluster).of_policies(quarantined())
    assert [grant.name for grant in would.grants] == ["lets-all"]
    assert [grant.name for grant in (await Residues(cluster).of_policies(pod())).grants] == ["lets-all", "lets-web"]


async def test_what_comes_changes_or_goes_is_told_with_its_namespace_and_what_only_has_another_status_is_not() -> None:
    cluster, told = Cluster(V1), list[str | None]()
    cluster.objects["v2", "ciliumnetworkpolicies"] = kept = [policy()]
    watch = ForeignWatch(Residues(cluster), lambda: (UID,), told.append)
    await watch._look()
    told.clear()
    kept[0] = policy(version="8")
    await watch._look()
    assert told == []
    kept[0] = policy(generation=2)
    await watch._look()
    kept.append(policy("other", "bank"))
    await watch._look()
    cluster.objects["v2", "ciliumclusterwidenetworkpolicies"] = [policy(namespace=None)]
    await watch._look()
    del kept[0]
    await watch._look()
    assert told == ["shop", "bank", None, "shop"]


async def test_what_came_between_the_first_try_and_the_first_look_is_news() -> None:
    cluster, told, held = Cluster(V1), list[str | None](), [UID]
    cluster.objects["v2", "ciliumnetworkpolicies"] = [policy()]
    watch = ForeignWatch(Residues(cluster), lambda: held, told.append)
    await watch._look()
    held.clear()
    await watch._look()
    held.append(UID)
    await watch._look()
    assert told == ["shop", "shop"]


async def test_nobody_is_asked_anything_while_nobody_is_held() -> None:
    cluster = Cluster(V1)
    looking = asyncio.create_task(ForeignWatch(Residues(cluster), tuple, lambda _: None, seconds=0.01).run())
    await asyncio.sleep(0.1)
    looking.cancel()
    assert cluster.listed == []
