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
CONTROLLER = "app.kubernetes.io/component=controller"
AGES = {f"suspect-{number}": age for number, age in enumerate((0.0, 0.05, 0.15, 0.4, 1.0, 2.5))}
"""Of each suspect, how old its incident or its release is in seconds when the operator dies."""
FOLLOWED_SECONDS = 180
"""Within which nodes have followed an API server that is back, and run a new pod that reaches it: each kubelet, and what leads
pods to the API server's Service, waits up to a minute between its own tries."""


def kill_controller(kubectl: Kubectl) -> None:
    """The controller dies without a moment's notice, and its Deployment makes another."""
    kubectl("-n", HOME, "delete", "pod", "-l", CONTROLLER, "--grace-period=0", "--force")


def controllers(kubectl: Kubectl) -> dict[str, int]:
    """How often each controller's container was started again; a kubelet lets it wait longer each time."""
    pods = kubectl.json("-n", HOME, "pods", "-l", CONTROLLER)["items"]
    return {one["metadata"]["name"]: sum(c["restartCount"] for c in one["status"]["containerStatuses"]) for one in pods}


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
    """The next story begins when nodes have followed the API server."""
    yield
    story.kubectl("wait", "--for=condition=Ready", "node", "--all", f"--timeout={FOLLOWED_SECONDS}s")
    for node in story.kubectl.json("nodes")["items"]:
        name = f"after-{node['metadata']['name']}"
        story.kubectl.apply(pod(story.namespace, name, nodeName=node["metadata"]["name"]))
        story.kubectl("-n", story.namespace, "wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={FOLLOWED_SECONDS}s")


@pytest.mark.usefixtures("recovery")
@pytest.mark.alone
def test_an_api_server_that_goes_away_for_twenty_seconds_loses_nothing(story: Story, provider: Provider) -> None:
    if provider.name != "local":
        pytest.skip("only the local cluster's API server can be stopped")
    story.pod()
    begun = controllers(story.kubectl)
    story.incident("suspect", containment=NO_CORDON)
    with away(provider, "apiserver"):
        time.sleep(20)

    eventually(lambda: story.kubectl("get", "--raw", "/readyz", check=False) == "ok", "the API server is back")
    story.wait("Contained", seconds=FOLLOWED_SECONDS)
    assert controllers(story.kubectl) == begun
    assert len(story.kubectl.json("-n", story.namespace, "networkpolicies")["items"]) == 1
