"""What the stories about truth share: a policy engine whose mode they may switch, and trials without a false claim."""

from collections.abc import Iterator

import pytest

from cluster.providers import Provider
from tests.conftest import COUNTED
from tests.e2e.conftest import Story
from tests.e2e.truth.trial import Trial


@pytest.fixture
def strict(provider: Provider) -> Provider:
    """A policy engine that is known to be strict, as only the local cluster's is."""
    if provider.name != "local":
        pytest.skip("what the network engine of this cluster does with open connections is not known")
    return provider


@pytest.fixture
def engine(strict: Provider) -> Iterator[Provider]:
    """The policy engine, whose mode a story that runs alone may switch."""
    yield strict
    strict.policy("strict")


@pytest.fixture
def trial(story: Story, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A trial whose false claims are counted when its story is over, however it ended; there may be none."""
    found = Trial(story)
    yield found
    found.end()
    false = found.false_claims()
    request.node.user_properties.append((COUNTED, false))
    assert false == 0, f"{false} bytes came through while the suspect was said to be isolated{found.record()}"
