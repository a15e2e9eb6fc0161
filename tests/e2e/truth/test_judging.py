"""What firedoor reports of a suspect equals what came through to it and from it, with every mode of the engine.

The suspect talks without end, over new connections and over those that were open before, TCP and UDP, in both directions, with
a partner on its own node and one on another.
"""

import json

import pytest

from cluster.providers import Provider
from tests.e2e.conftest import Json, Story, eventually
from tests.e2e.truth.engines import watched
from tests.e2e.truth.judging import (
    EVERYTHING,
    NEW,
    NOTHING,
    OPEN_BEFORE,
    OUTWARD,
    Claim,
    isolated_while_bytes_passed,
    taken_back,
)
from tests.e2e.truth.trial import Trial

LONG_SECONDS = 45.0
"""A canary on guard sees within seconds that an engine changed; a measurement and a try have to follow before that counts."""


def flow(story: Story) -> str:
    return str(story.get("secinc", "incident")["status"]["isolation"]["flow"])


def test_with_a_strict_engine_nothing_comes_through_and_it_says_so(trial: Trial, story: Story, strict: Provider) -> None:
    trial.suspect()
    trial.accuse()
    assert "firedoor-probe" in story.wait("Isolated")["message"]
    assert trial.passing() == NOTHING
    assert flow(story) == "Cut"
    assert taken_back(trial.claims) == 0


@pytest.mark.alone
def test_with_an_engine_that_keeps_open_connections_these_alone_come_through(
    trial: Trial, story: Story, engine: Provider
) -> None:
    engine.policy("established")
    trial.suspect()
    trial.accuse()
    story.wait("Isolated", "False", "EstablishedConnectionsPossible")
    assert trial.passing() == OPEN_BEFORE
    assert flow(story) == "Alive"


@pytest.mark.alone
def test_with_an_engine_that_does_nothing_everything_comes_through(trial: Trial, story: Story, engine: Provider) -> None:
    engine.policy("off")
    trial.suspect()
    trial.accuse()
    story.wait("Isolated", "False", "TrafficPasses")
    assert trial.passing() == EVERYTHING


@pytest.mark.alone
def test_with_a_slow_engine_nothing_is_claimed_before_nothing_comes_through(trial: Trial, story: Story, engine: Provider) -> None:
    engine.policy("slow")
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    assert trial.passing() == NOTHING


@pytest.mark.alone
def test_an_engine_that_stops_while_the_incident_is_open_is_noticed_and_so_is_its_return(
    trial: Trial, story: Story, engine: Provider
) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    trial.breaks(lambda: engine.policy("off"))
    story.wait("Isolated", "False", "TrafficPasses")
    assert trial.passing() >= NEW
    engine.policy("strict")
    story.wait("Isolated", seconds=LONG_SECONDS)
    assert trial.passing() == NOTHING


@pytest.mark.alone
def test_connections_that_come_back_to_life_while_the_incident_is_open_are_noticed(
    trial: Trial, story: Story, engine: Provider
) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    trial.breaks(lambda: engine.policy("established"))
    story.wait("Isolated", "False", "EstablishedConnectionsPossible")
    assert trial.passing(seconds=10) <= OPEN_BEFORE
    engine.policy("strict")
    story.wait("Isolated", seconds=LONG_SECONDS)
    assert trial.passing() == NOTHING


@pytest.mark.alone
def test_an_incident_that_comes_when_an_engine_is_right_again_is_not_judged_by_what_it_was(
    story: Story, engine: Provider
) -> None:
    engine.policy("established")
    node = story.pod()["spec"]["nodeName"]
    story.incident("suspect", containment={"network": "Isolate", "node": "None"})
    story.wait("Isolated", "False", "EstablishedConnectionsPossible")
    story.kubectl("-n", story.namespace, "delete", "secinc", "incident", "--timeout=60s")
    engine.policy("strict")
    story.pod("other", nodeName=node)
    story.incident("other", "second", containment={"network": "Isolate", "node": "None"})
    story.wait("Isolated", name="second", seconds=LONG_SECONDS)


@pytest.mark.alone
def test_an_engine_that_begins_to_let_everything_out_while_the_incident_is_open_is_noticed(
    trial: Trial, story: Story, engine: Provider
) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    watched(story.kubectl, story.get("pod", "suspect")["spec"]["nodeName"])
    trial.breaks(lambda: engine.policy("ingress"))
    story.wait("Isolated", "False", "CNIIngressOnly", seconds=LONG_SECONDS)
    assert trial.passing() <= OUTWARD
    assert trial.passing() & NEW
    engine.policy("strict")
    story.wait("Isolated", seconds=LONG_SECONDS)
    assert trial.passing() == NOTHING


def test_a_policy_that_allows_everything_later_is_noticed_at_once_and_so_is_its_end(
    trial: Trial, story: Story, strict: Provider
) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    trial.breaks(lambda: story.kubectl.apply(allowing(story.namespace)))
    story.wait("Isolated", "False", "OverlappingAllowPolicies", seconds=10)
    assert trial.passing() >= NEW
    story.kubectl("-n", story.namespace, "delete", "networkpolicy", "let-all")
    story.wait("Isolated")
    assert trial.passing() == NOTHING


@pytest.mark.alone
def test_a_policy_that_allows_one_partner_is_not_forgotten_before_a_slow_engine_has_forgotten_it(
    trial: Trial, story: Story, engine: Provider
) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    partners = {"podSelector": {"matchLabels": {"app": "partner"}}}
    trial.breaks(lambda: story.kubectl.apply(allowing(story.namespace, partners)))
    story.wait("Isolated", "False", "OverlappingAllowPolicies", seconds=10)
    engine.policy("slow")
    story.kubectl("-n", story.namespace, "delete", "networkpolicy", "let-all")
    story.wait("Isolated")
    assert trial.passing() == NOTHING


def test_a_label_that_is_put_back_opens_nothing_for_long(trial: Trial, story: Story, strict: Provider) -> None:
    trial.suspect()
    policy = allowing(story.namespace)
    policy["spec"]["podSelector"] = {"matchLabels": {"app": "suspect"}}
    story.kubectl.apply(policy)
    trial.accuse()
    story.wait("Isolated")
    trial.breaks(lambda: story.kubectl("-n", story.namespace, "label", "pod", "suspect", "app=suspect"))
    eventually(lambda: "app" not in story.get("pod", "suspect")["metadata"]["labels"], "the label is off again", seconds=10)
    eventually(lambda: taken_back(trial.claims) == 1, "the claim is taken back until it is proved again", seconds=10)
    story.wait("Isolated")
    assert trial.passing() == NOTHING


def test_a_deny_policy_that_is_deleted_by_hand_comes_back_and_is_proved_anew(
    trial: Trial, story: Story, strict: Provider
) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    lose_the_deny_policy(trial, story)


@pytest.mark.alone
def test_a_deny_policy_that_comes_back_late_on_a_slow_engine_is_proved_anew(trial: Trial, story: Story, engine: Provider) -> None:
    trial.suspect()
    trial.accuse()
    story.wait("Isolated")
    engine.policy("slow")
    lose_the_deny_policy(trial, story)


def lose_the_deny_policy(trial: Trial, story: Story) -> None:
    """Somebody deletes it by hand: the claim is taken back, and proved again."""
    trial.breaks(lambda: story.kubectl("-n", story.namespace, "delete", "networkpolicy", "--all"))
    eventually(lambda: taken_back(trial.claims) == 1, "the claim is taken back until it is proved again", seconds=10)
    story.wait("Isolated")
    assert len(story.kubectl.json("-n", story.namespace, "networkpolicies")["items"]) == 1
    assert trial.passing() == NOTHING


def test_the_count_of_false_claims_can_rise(trial: Trial, story: Story) -> None:
    """A claim that nobody proved is written into the status by hand, of a suspect whom nothing isolates."""
    trial.suspect()
    trial.accuse(containment={"network": "None", "node": "None"})
    story.wait("Isolated", "False", "NotRequested")
    assert trial.false_claims() == 0
    pretend(story)
    eventually(lambda: trial.false_claims() > 0, "the false claim is counted", seconds=20)
    trial.claims.clear()


def test_a_byte_is_excused_only_by_what_broke_the_claim_that_stood(trial: Trial) -> None:
    trial.suspect()
    came = trial.came()
    first, last = min(byte.at for byte in came), max(byte.at for byte in came)
    stands, returns = Claim(first, "True", "Isolated"), Claim(last, "True", "Isolated")
    between = Claim((first + last) / 2, "False", "TrafficPasses")
    assert isolated_while_bytes_passed([stands], came) == len(came)
    assert isolated_while_bytes_passed([between], came) == 0
    assert isolated_while_bytes_passed([stands, between, returns], came, [first]) > 0


def allowing(namespace: str, *peers: Json) -> Json:
    spec = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [*peers]}],
        "egress": [{"to": [*peers]}],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "let-all", "namespace": namespace},
        "spec": spec,
    }


def pretend(story: Story) -> None:
    conditions = story.get("secinc", "incident")["status"]["conditions"]
    said = [c | {"status": "True", "reason": "Isolated"} if c["type"] == "Isolated" else c for c in conditions]
    body = json.dumps({"status": {"conditions": said}})
    story.kubectl("-n", story.namespace, "patch", "secinc", "incident", "--subresource=status", "--type=merge", "-p", body)
