"""What the stories about copies share: a cluster of the tests' own, whose home holds no other story's evidence."""

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import HOME, Kubectl


@pytest.fixture
def bare_home(provider: Provider, kubectl: Kubectl) -> None:
    """Every bag that is kept would be copied: those of other stories go first, and where strangers may lie nothing is tried."""
    if provider.name == "existing":
        pytest.skip("whatever evidence this cluster keeps would be copied too")
    ours = ("-l", "app.kubernetes.io/managed-by=firedoor")
    kubectl("-n", HOME, "delete", "jobs", *ours, "--timeout=60s")
    kubectl("-n", HOME, "delete", "pvc", *ours, "--timeout=60s")
