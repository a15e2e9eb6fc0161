"""What the stories about truth share: a policy engine whose mode they may switch, and the sum of all false claims."""

from collections.abc import Iterator

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import Story
from tests.e2e.truth.trial import Trial


@pytest.fixture
def engine(provider: Provider) -> Iterator[Provider]:
    """The policy engine, whose mode a story may switch; only the local cluster's can be."""
    if provider.name != "local":
        pytest.skip("only the local cluster's policy engine can be switched")
    yield provider
    provider.policy("strict")


@pytest.fixture(scope="session")
def isolated_while_bytes_passed() -> dict[str, int]:
    """Of each trial by name, how many bytes came through while its suspect was said to be isolated."""
    return {}


@pytest.fixture
def trial(story: Story, isolated_while_bytes_passed: dict[str, int], request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A trial whose false claims are counted when its story is over, however it ended."""
    found = Trial(story)
    yield found
    found.end()
    isolated_while_bytes_passed[request.node.name] = found.false_claims()
    if found.false_claims():
        print(found.record())
