"""What every story of the wire starts from: a furnished cluster, and the controller at work on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.apiserver import FakeCluster
from tests.wire.process import Operator, operated
from tests.wire.world import furnish


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster() as cluster:
        furnish(cluster)
        yield cluster


@pytest.fixture
async def operator(cluster: FakeCluster, tmp_path: Path) -> AsyncIterator[Operator]:
    async with operated(cluster, tmp_path) as operator:
        yield operator
