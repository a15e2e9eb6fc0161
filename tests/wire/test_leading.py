"""A lead that is lost ends what the controller does, and not the controller: under the same pid it waits to lead again."""

import os
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.apiserver import FakeCluster
from tests.wire.world import HOME, INCIDENTS, eventually, outside, report, says

LEASES = "coordination.k8s.io/v1/leases"
LEASE = (LEASES, HOME, "firedoor-controller")


@pytest.fixture
async def replica(cluster: FakeCluster, tmp_path: Path) -> AsyncIterator[Process]:
    """One that was started as its container starts it, and leads."""
    environment = os.environ | {"KUBECONFIG": str(cluster.kubeconfig(tmp_path)), "FIREDOOR_PORT": "0", "POD_NAME": "replica"}
    with (tmp_path / "controller.log").open("wb") as log:
        command = str(Path(sys.executable).with_name("firedoor"))
        process = await create_subprocess_exec(command, "run", env=environment, stdout=log, stderr=log)
    try:
        await eventually(lambda: holder(cluster) == "replica", "it leads")
        yield process
    finally:
        process.kill()
        await process.wait()


def holder(cluster: FakeCluster) -> str | None:
    lease = cluster.held.get(LEASE)
    return None if lease is None else lease["spec"].get("holderIdentity")


def looks_at_the_lease(cluster: FakeCluster, since: int) -> int:
    return sum(asked.collection == LEASES and asked.method == "GET" for asked in cluster.requests[since:])


def beginnings(log: Path) -> int:
    return log.read_text().count("begins anew")


async def test_a_controller_that_lost_the_lead_begins_anew_and_does_nothing_until_it_leads_again(
    cluster: FakeCluster, replica: Process, tmp_path: Path
) -> None:
    renewed = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    cluster.change(*LEASE, {"spec": {"holderIdentity": "other", "renewTime": renewed}})
    await eventually(lambda: beginnings(tmp_path / "controller.log") == 1, "the lead is lost")
    asked, written = len(cluster.requests), len(cluster.written)
    report(cluster)
    await eventually(lambda: looks_at_the_lease(cluster, asked) > 1, "it waits for the lead")
    assert cluster.watched[INCIDENTS]
    assert not outside(cluster, written)

    cluster.change(*LEASE, {"spec": {"holderIdentity": None}})
    await eventually(lambda: says(cluster, "NodeCordoned"), "it leads, and contains what came meanwhile")
    assert holder(cluster) == "replica"
    assert replica.returncode is None
