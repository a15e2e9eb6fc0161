"""An engine that is dead, or deaf in one direction, is known for what it is: in its report, and in the reason of `Isolated`."""

import time
from collections.abc import Callable, Iterator

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import Story, eventually
from tests.e2e.truth.engines import FOLLOWS_SECONDS, MEASURED_SECONDS, announce, report, reported, watched
from tests.e2e.truth.judging import NOTHING
from tests.e2e.truth.trial import Trial, nodes_of

pytestmark = pytest.mark.alone
NO_CORDON = {"network": "Isolate", "node": "None"}
Death = Callable[[str], None]


@pytest.fixture
def die(engine: Provider) -> Iterator[Death]:
    """Ends the engine of a node, whose rules stay as they are; it lives again when the story ends."""
    dead: list[str] = []

    def ended(node: str) -> None:
        dead.append(node)
        engine.control("stop", f"policy-{node}")

    yield ended
    for node in dead:
        engine.control("start", f"policy-{node}")


def test_an_engine_that_died_leaves_the_suspect_silent_and_the_claim_unknown(
    trial: Trial, story: Story, engine: Provider, die: Death
) -> None:
    node = nodes_of(story.kubectl)[0]
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    watched(story.kubectl, node)
    die(node)
    story.wait("Isolated", "Unknown", seconds=FOLLOWS_SECONDS)
    told = story.wait("Isolated", "Unknown", "CNIStopped", seconds=MEASURED_SECONDS)
    assert node in told["message"]
    assert trial.passing() == NOTHING
    assert report(story.kubectl, node)["verdict"] == "Stopped"
    engine.control("start", f"policy-{node}")
    story.wait("Isolated", seconds=MEASURED_SECONDS)


def test_behind_an_engine_that_died_without_leaving_rules_everything_passes_and_the_reason_names_the_engine(
    story: Story, engine: Provider, die: Death
) -> None:
    node = nodes_of(story.kubectl)[0]
    reported(story.kubectl, node, "Enforcing")
    engine.policy("off")
    time.sleep(1)
    die(node)
    engine.policy("strict")
    story.pod(nodeName=node)
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Isolated", "False", "TrafficPasses")
    reported(story.kubectl, node, "Stopped")
    eventually(lambda: "no longer follows changes" in story.condition("Isolated")["message"], "the reason names the engine")


def test_an_engine_that_lets_everything_out_is_no_engine(story: Story, engine: Provider) -> None:
    node = nodes_of(story.kubectl)[0]
    engine.policy("ingress")
    announce(story, "another-engine")
    reported(story.kubectl, node, "IngressOnly")
    story.pod(nodeName=node)
    story.incident("suspect", containment=NO_CORDON)
    told = story.wait("Isolated", "False", "CNIIngressOnly")
    assert "not those from it" in told["message"]
    assert report(story.kubectl, node)["egress"] == "Passes"
