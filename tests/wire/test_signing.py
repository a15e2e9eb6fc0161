"""Sealed bags are signed whatever becomes of their incident; one that must not or cannot be signed says why and is kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firedoor.evidence.signature import key_id
from tests.fakes.apiserver import FakeCluster
from tests.fakes.kinds import Asked
from tests.fakes.objects import Obj, Refusal
from tests.fakes.store import Store
from tests.fakes.workloads import JOBS, PODS, collectors
from tests.wire.process import operated
from tests.wire.world import (
    CLAIMS,
    HOME,
    INCIDENTS,
    KEY,
    condition,
    delete,
    eventually,
    furnish,
    incidents,
    over,
    release,
    report,
    says,
)

KEEPER = "firedoor-keep-"
NO_KEY = "-----BEGIN EC PRIVATE KEY-----\nsecretsecret\n-----END EC PRIVATE KEY-----\n"


def evidence(cluster: FakeCluster) -> Obj:
    return dict(cluster.get(INCIDENTS, "shop", "incident")["status"]["evidence"])


def keepers(cluster: FakeCluster) -> list[Obj]:
    return [job for job in cluster.all(JOBS) if job["metadata"]["name"].startswith(KEEPER)]


def lying(cluster: Store) -> None:
    """Collectors that name the bag of another incident."""
    collectors(cluster)
    for pod in cluster.all(PODS, HOME):
        (status,) = pod["status"]["containerStatuses"]
        told = json.loads(status["state"]["terminated"]["message"])
        if told["bundle"] != "incident-ffffffff":
            message = json.dumps({**told, "bundle": "incident-ffffffff"})
            state = {"terminated": {"exitCode": 0, "message": message}}
            changed = {"status": {"containerStatuses": [{"name": "collector", "state": state}]}}
            cluster.change(PODS, HOME, pod["metadata"]["name"], changed)


def nothing() -> None:
    pass


def unlucky(cluster: Store) -> None:
    """Jobs that fail at their first try, as when their pods are killed."""
    for job in cluster.all(JOBS):
        if "status" not in job and "firedoor.dev/try" not in job["metadata"]["annotations"]:
            failed = {"conditions": [{"type": "Failed", "status": "True"}]}
            cluster.change(JOBS, HOME, job["metadata"]["name"], {"status": failed})
    collectors(cluster)


@asynccontextmanager
async def sealed(
    folder: Path, controller: Callable[[Store], None] = collectors, meanwhile: Callable[[], object] = nothing
) -> AsyncIterator[FakeCluster]:
    """A cluster on which a bag was sealed. meanwhile: what happens while the controller runs, before the incident comes."""
    async with FakeCluster(controllers=(controller,)) as cluster:
        furnish(cluster)
        async with operated(cluster, folder):
            meanwhile()
            report(cluster, evidence={})
            await eventually(lambda: says(cluster, "EvidenceSealed"), "sealed")
        yield cluster


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Where the controller looks for its key."""
    return tmp_path / "key.pem"


async def test_a_sealed_bag_is_signed_and_the_claim_knows_it(tmp_path: Path) -> None:
    async with sealed(tmp_path) as cluster:
        assert evidence(cluster)["keyId"] == key_id(KEY.public_key())
        (claim,) = cluster.all(CLAIMS)
        noted = json.loads(claim["metadata"]["annotations"]["firedoor.dev/sealed"])
        assert (noted["keyId"], noted["custodyHead"]) == (evidence(cluster)["keyId"], evidence(cluster)["custodyHead"])
        (keeper,) = keepers(cluster)
        (container,) = keeper["spec"]["template"]["spec"]["containers"]
        assert keeper["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
        assert "PRIVATE" not in str(container)


async def test_a_collector_and_a_keeper_that_failed_are_begun_again_and_the_bag_is_sealed_and_signed(tmp_path: Path) -> None:
    async with sealed(tmp_path, unlucky) as cluster:
        assert evidence(cluster)["keyId"] == key_id(KEY.public_key())
        assert len(keepers(cluster)) == 2
        assert len(cluster.all(JOBS)) == 4


async def test_without_a_key_the_bag_is_sealed_and_said_not_to_be_signed(tmp_path: Path, key: Path) -> None:
    async with sealed(tmp_path, meanwhile=key.unlink) as cluster:
        assert "no signing key" in evidence(cluster)["unsigned"]
        assert "not signed" in condition(cluster, "EvidenceSealed")["message"]
        assert keepers(cluster) == []


async def test_a_key_that_is_none_is_told_without_a_word_of_it(tmp_path: Path, key: Path) -> None:
    async with sealed(tmp_path, meanwhile=lambda: key.write_text(NO_KEY)) as cluster:
        assert "the signing process failed" in evidence(cluster)["unsigned"]
        assert "secretsecret" not in str(incidents(cluster)) + Path(tmp_path / "controller.log").read_text()


async def test_what_a_collector_says_of_another_bag_is_not_signed(tmp_path: Path) -> None:
    async with sealed(tmp_path, lying) as cluster:
        assert "another incident" in evidence(cluster)["unsigned"]
        assert keepers(cluster) == []


async def test_a_bag_that_cannot_be_signed_now_keeps_no_other_waiting_and_is_not_tried_at_each_look(tmp_path: Path) -> None:
    tries = 0

    def fail(asked: Asked) -> None:
        nonlocal tries
        if (asked.method, asked.collection, asked.name) == ("PATCH", CLAIMS, "firedoor-evidence-aaaaaaaa"):
            tries += 1
            raise Refusal(503, "ServiceUnavailable", "not now")

    async with FakeCluster(controllers=(collectors,), before_write=fail) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path):
            report(cluster, "first", "aaaaaaaa-0000-0000-0000-000000000000", evidence={})
            await eventually(lambda: tries > 0, "the first one is tried")
            report(cluster, evidence={})
            await eventually(lambda: says(cluster, "EvidenceSealed"), "the other one is sealed")
            before = tries
            await asyncio.sleep(8)
            assert tries - before <= 3
            assert not says(cluster, "EvidenceSealed", name="first")


def impersonated(cluster: Store) -> None:
    """Beside each collector stands a pod with its Job's label that speaks first, and of another bag."""
    for job in cluster.all(JOBS):
        if "status" not in job:
            name = job["metadata"]["name"]
            state = {"terminated": {"exitCode": 0, "message": json.dumps({"bundle": "incident-ffffffff"})}}
            metadata = {"name": f"a-{name}", "namespace": HOME, "labels": {"batch.kubernetes.io/job-name": name}}
            cluster.add(PODS, {"metadata": metadata, "status": {"containerStatuses": [{"name": "collector", "state": state}]}})
    collectors(cluster)


async def test_what_a_pod_says_that_only_bears_the_collectors_label_is_not_heard(tmp_path: Path) -> None:
    async with FakeCluster(controllers=(impersonated,)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path):
            report(cluster, evidence={})
            await eventually(lambda: says(cluster, "EvidenceSealed"), "sealed")
        assert evidence(cluster)["keyId"] == key_id(KEY.public_key())


async def test_a_note_on_the_claim_that_somebody_broke_is_told_and_ends_nothing(tmp_path: Path) -> None:
    def breaks(cluster: Store) -> None:
        for one in cluster.all(CLAIMS):
            if "firedoor.dev/sealed" not in one["metadata"].get("annotations", {}):
                notes = {"metadata": {"annotations": {"firedoor.dev/sealed": "{not json"}}}
                cluster.change(CLAIMS, HOME, one["metadata"]["name"], notes)
        collectors(cluster)

    async with FakeCluster(controllers=(breaks,)) as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path):
            report(cluster, evidence={})
            await eventually(lambda: says(cluster, "EvidenceSealed"), "sealed")
        assert "was changed" in evidence(cluster)["unsigned"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_bag_that_is_sealed_after_the_release_is_told_of_with_its_key(tmp_path: Path, restarted: bool) -> None:
    async with FakeCluster() as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path) as operator:
            report(cluster, evidence={})
            await eventually(lambda: bool(cluster.all(JOBS)), "a collector is at work")
            release(cluster)
            await eventually(lambda: over(cluster), "the incident is over")
            assert condition(cluster, "EvidenceSealed")["reason"] == "Capturing"
            before = condition(cluster, "Released")
            if restarted:
                operator.kill()
                collectors(cluster)
                await operator.again()
            collectors(cluster)
            await eventually(lambda: bool(keepers(cluster)), "the bag is being signed", 45.0)
            collectors(cluster)
            await eventually(lambda: says(cluster, "EvidenceSealed"), "sealed", 45.0)
            assert evidence(cluster)["keyId"] == key_id(KEY.public_key())
            assert condition(cluster, "Released") == before
            assert over(cluster)


async def test_a_bag_is_signed_also_when_its_incident_is_gone(tmp_path: Path) -> None:
    async with FakeCluster() as cluster:
        furnish(cluster)
        async with operated(cluster, tmp_path):
            report(cluster, evidence={})
            await eventually(lambda: bool(cluster.all(JOBS)), "a collector is at work")
            release(cluster)
            await eventually(lambda: over(cluster), "the incident is over")
            delete(cluster)
            await eventually(lambda: not incidents(cluster), "the incident is gone")
            collectors(cluster)
            await eventually(lambda: bool(keepers(cluster)), "the bag is signed", 45.0)
