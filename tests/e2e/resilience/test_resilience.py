"""The operator is killed, the API server goes away: what was begun comes to the same end, once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import HOME, Kubectl, Story, pod

NO_CORDON = {"network": "Isolate", "node": "None"}
MOMENTS = (0.0, 0.05, 0.15, 0.4, 1.0, 2.5)


def kill_controller(kubectl: Kubectl) -> None:
    """SIGKILL to the controller's container: the pod stays, the container starts again."""
    kubectl("-n", HOME, "delete", "pod", "-l", "app.kubernetes.io/component=controller", "--grace-period=0", "--force")


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_operator_killed_at_any_moment_comes_to_the_same_end(story: Story, moment: float) -> None:
    before = story.pod()
    story.incident("suspect", containment=NO_CORDON)
    time.sleep(moment)
    kill_controller(story.kubectl)

    story.wait("Accepted")
    story.wait("Contained", seconds=90)
    assert len(story.kubectl.json("-n", story.namespace, "networkpolicies")["items"]) == 1
    story.release()
    time.sleep(moment)
    kill_controller(story.kubectl)
    story.wait("Released", seconds=90)

    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")


@contextmanager
def away(provider: Provider, part: str) -> Iterator[None]:
    """A part of the cluster is stopped while the block lasts."""
    provider.control("stop", part)
    try:
        yield
    finally:
        provider.control("start", part)


@pytest.fixture
def recovery(story: Story) -> Iterator[None]:
    """The next story begins when kubelets, which wait up to a minute between their own tries, found the API server again."""
    yield
    story.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=150s")
    for node in story.kubectl.json("nodes")["items"]:
        name = f"after-{node['metadata']['name']}"
        story.kubectl.apply(pod(story.namespace, name, nodeName=node["metadata"]["name"]))
        story.kubectl("-n", story.namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=150s")


@pytest.mark.usefixtures("recovery")
def test_an_api_server_that_goes_away_for_twenty_seconds_loses_nothing(story: Story, provider: Provider) -> None:
    if provider.name != "local":
        pytest.skip("only the local cluster's API server can be stopped")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    with away(provider, "apiserver"):
        time.sleep(20)

    story.kubectl("wait", "--for=create", "namespace/default", "--timeout=60s", check=False)
    story.wait("Contained", seconds=90)
    assert len(story.kubectl.json("-n", story.namespace, "networkpolicies")["items"]) == 1
