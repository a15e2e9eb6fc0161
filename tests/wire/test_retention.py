"""Evidence whose time is over goes, with a record that was there before; all other evidence stays."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.objects import Obj, Refusal
from tests.wire.process import operated
from tests.wire.world import CLAIMS, CONFIG_MAPS, HOME, INCIDENTS, eventually, furnish

CONTAINMENT = "firedoor.dev/v1alpha1/containmentpolicies"


def claim(cluster: FakeCluster, name: str, age: timedelta, namespace: str = "shop") -> Obj:
    sealed = json.dumps({"sealedAt": (datetime.now(UTC) - age).isoformat(), "custodyHead": "c0ffee"})
    notes = {"firedoor.dev/incident": f"{namespace}/{name}", "firedoor.dev/sealed": sealed}
    labels = {"app.kubernetes.io/managed-by": "firedoor", "firedoor.dev/incident-uid": name}
    return cluster.add(
        CLAIMS, {"metadata": {"name": name, "namespace": HOME, "labels": labels, "annotations": notes}, "spec": {}}
    )


async def test_what_is_kept_long_enough_goes_with_a_record(tmp_path: Path) -> None:
    async with FakeCluster() as cluster:
        furnish(cluster)
        claim(cluster, "old", timedelta(days=3))
        claim(cluster, "young", timedelta(hours=1))
        cluster.add(CONTAINMENT, {"metadata": {"name": "policy"}, "spec": {"evidenceRetention": "48h"}})
        async with operated(cluster, tmp_path):
            await eventually(lambda: [one["metadata"]["name"] for one in cluster.all(CLAIMS)] == ["young"], "the old one is gone")
    (record,) = (one for one in cluster.all(CONFIG_MAPS) if "deleted" in one["metadata"]["name"])
    assert (record["data"]["incident"], record["data"]["deletedBy"]) == (
        "shop/old",
        f"system:serviceaccount:{HOME}:firedoor-controller",
    )
    changes = [(change.key[0], change.after is None) for change in cluster.history]
    assert changes.index((CLAIMS, True)) > max(at for at, one in enumerate(changes) if one == (CONFIG_MAPS, False))


async def test_evidence_of_an_incident_that_cannot_be_read_stays(tmp_path: Path) -> None:
    async with FakeCluster() as cluster:
        furnish(cluster)
        claim(cluster, "broken", timedelta(days=3))
        claim(cluster, "old", timedelta(days=3))
        unreadable = {"target": {"kind": "Pod", "name": "suspect"}, "source": {"name": "a", "receivedAt": "0000-01-01T00:00:00Z"}}
        cluster.add(INCIDENTS, {"metadata": {"name": "broken", "namespace": "shop", "uid": "broken"}, "spec": unreadable})
        cluster.add(CONTAINMENT, {"metadata": {"name": "policy"}, "spec": {"evidenceRetention": "48h"}})
        async with operated(cluster, tmp_path):
            await eventually(lambda: "old" not in [one["metadata"]["name"] for one in cluster.all(CLAIMS)], "the old one is gone")
            await asyncio.sleep(0.5)
    assert [one["metadata"]["name"] for one in cluster.all(CLAIMS)] == ["broken"]


def left(cluster: FakeCluster) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.all(CLAIMS)]


async def test_a_claim_that_may_not_be_deleted_keeps_no_other(tmp_path: Path) -> None:
    def forbid(asked: Asked) -> None:
        if (asked.method, asked.collection, asked.name) == ("DELETE", CLAIMS, "a-held"):
            raise Refusal(403, "Forbidden", "held by somebody")

    async with FakeCluster(before_write=forbid) as cluster:
        furnish(cluster)
        for name in ("a-held", "b-free"):
            claim(cluster, name, timedelta(days=3))
        cluster.add(CONTAINMENT, {"metadata": {"name": "policy"}, "spec": {"evidenceRetention": "48h"}})
        async with operated(cluster, tmp_path):
            await eventually(lambda: left(cluster) == ["a-held"], "the free one is gone")


async def test_evidence_of_a_namespace_that_is_gone_stays_while_a_policy_selects_by_labels(tmp_path: Path) -> None:
    async with FakeCluster() as cluster:
        furnish(cluster)
        cluster.add("v1/namespaces", {"metadata": {"name": "bank", "labels": {"env": "test"}}})
        claim(cluster, "a-gone", timedelta(days=3), "vanished")
        claim(cluster, "b-known", timedelta(days=3), "bank")
        longer = {"namespaceSelector": {"matchLabels": {"env": "prod"}}, "evidenceRetention": "720h"}
        cluster.add(CONTAINMENT, {"metadata": {"name": "prod"}, "spec": longer})
        cluster.add(CONTAINMENT, {"metadata": {"name": "policy"}, "spec": {"evidenceRetention": "48h"}})
        async with operated(cluster, tmp_path):
            await eventually(lambda: "b-known" not in left(cluster), "what is known to be over is gone")
        assert left(cluster) == ["a-gone"]
