"""The operator is killed, the API server goes away: what was begun comes to the same end, once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import HOME, Kubectl, Story, eventually, pod

NO_CORDON = {"network": "Isolate", "node": "None"}
AGES = {f"suspect-{number}": age for number, age in enumerate((0.0, 0.05, 0.15, 0.4, 1.0, 2.5))}
"""Of each suspect, how old its incident or its release is in seconds when the operator dies."""


def kill_controller(kubectl: Kubectl) -> None:
    """SIGKILL to the controller's container: the pod stays, the container starts again."""
    kubectl("-n", HOME, "delete", "pod", "-l", "app.kubernetes.io/component=controller", "--grace-period=0", "--force")


@pytest.mark.alone
def test_an_operator_killed_at_any_moment_comes_to_the_same_end(story: Story) -> None:
    """One kill meets incidents of every age, and one meets their releases."""
    before = {name: story.pod(name) for name in AGES}
    killed_among(story, lambda name: story.incident(name, name, containment=NO_CORDON))

    for name in AGES:
        story.wait("Accepted", name=name)
        story.wait("Contained", name=name, seconds=90)
    assert len(story.kubectl.json("-n", story.namespace, "networkpolicies")["items"]) == len(AGES)

    killed_among(story, story.release)
    for name in AGES:
        story.wait("Released", name=name, seconds=90)
        assert story.get("pod", name)["metadata"]["labels"] == before[name]["metadata"]["labels"]
    assert not story.kubectl.exists("-n", story.namespace, "networkpolicy")


def killed_among(story: Story, act: Callable[[str], None]) -> None:
    """Acts on each suspect, and kills the operator when what was done to each is as old as its age says."""

    def later(seconds: float, what: Callable[[], None]) -> None:
        time.sleep(seconds)
        what()

    with ThreadPoolExecutor(len(AGES) + 1) as at_once:
        oldest = max(AGES.values())
        begun = [at_once.submit(later, oldest - age, partial(act, name)) for name, age in AGES.items()]
        begun.append(at_once.submit(later, oldest, partial(kill_controller, story.kubectl)))
    for one in begun:
        one.result()


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
@pytest.mark.alone
def test_an_api_server_that_goes_away_for_twenty_seconds_loses_nothing(story: Story, provider: Provider) -> None:
    if provider.name != "local":
        pytest.skip("only the local cluster's API server can be stopped")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    with away(provider, "apiserver"):
        time.sleep(20)

    eventually(lambda: story.kubectl("get", "--raw", "/readyz", check=False) == "ok", "the API server is back")
    story.wait("Contained", seconds=90)
    assert len(story.kubectl.json("-n", story.namespace, "networkpolicies")["items"]) == 1
