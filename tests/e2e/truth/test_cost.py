"""What a proof costs, in calls to the API server as the controller counts them; and how long it takes, for the eye alone."""

import re
import time
from collections import Counter

import pytest

from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually
from tests.e2e.truth.engines import announce

SUSPECTS = 5
PROOF = (("list", "endpointslices"), ("discover", "groups"), ("get", "namespaces"), ("exec", "pods"))
"""What is asked for a proof and for nothing else."""
MOST_A_PROOF = 6
CANARY = (
    ("create", "pods"),
    ("get", "pods"),
    ("delete", "pods"),
    ("exec", "pods"),
    ("create", "networkpolicies"),
    ("delete", "networkpolicies"),
    ("apply", "enforcementreports"),
)
MOST_A_MEASUREMENT = 11
"""One of each, a few looks whether the canary is ready, and one more for each thing that an earlier process may have left."""
Calls = Counter[tuple[str, str]]


def calls(kubectl: Kubectl) -> Calls:
    """How often the controller used each verb on each resource so far; the one before it, which a story replaced, is gone."""
    eventually(lambda: len(controllers(kubectl)) == 1, "there is one controller to ask")
    (pod,) = controllers(kubectl)
    text = kubectl("get", "--raw", f"/api/v1/namespaces/{HOME}/pods/{pod['metadata']['name']}:8081/proxy/metrics")
    found = re.findall(r'^rest_client_requests_total\{resource="([^"]*)",verb="([^"]*)"\} (\S+)$', text, re.MULTILINE)
    return Counter({(verb, resource): int(float(count)) for resource, verb, count in found})


def controllers(kubectl: Kubectl) -> list[Json]:
    return list(kubectl.json("-n", HOME, "pods", "-l", "app.kubernetes.io/component=controller")["items"])


@pytest.mark.alone
def test_a_proof_costs_few_calls(story: Story, kubectl: Kubectl) -> None:
    names = [f"suspect-{number}" for number in range(SUSPECTS)]
    for name in names:
        story.pod(name)
    before = calls(kubectl)
    for name in names:
        began = time.monotonic()
        story.incident(name, name, containment={"network": "Isolate", "node": "None"})
        story.wait("Isolated", name=name)
        print(f"\n{name} isolated and proved after {time.monotonic() - began:.1f} s", end="")
    spent = calls(kubectl) - before
    print(f"\ncalls for {SUSPECTS} proofs: { {call: spent[call] for call in PROOF} }; all calls: {dict(spent)}")
    assert spent["list", "endpointslices"] >= SUSPECTS, "the count is of this controller"
    assert sum(spent[call] for call in PROOF) <= MOST_A_PROOF * SUSPECTS


@pytest.mark.alone
def test_a_measurement_costs_few_calls_and_leaves_nothing_behind(story: Story, kubectl: Kubectl) -> None:
    """A new DaemonSet on the host's network calls for a measurement of each node."""
    checked = seen(kubectl)
    before = calls(kubectl)
    announce(story, "measured-anew")
    eventually(lambda: all(seen(kubectl)[node] != at for node, at in checked.items()), "every node is measured anew", 120)
    eventually(lambda: canaries(kubectl) <= held(kubectl), "no canary is left where nobody is held")
    spent = calls(kubectl) - before
    measured = spent["create", "networkpolicies"]
    print(f"\ncalls for {measured} measurements: { {call: spent[call] for call in CANARY} }")
    assert measured >= len(checked)
    assert sum(spent[call] for call in CANARY) <= MOST_A_MEASUREMENT * measured


def canaries(kubectl: Kubectl) -> set[str]:
    """The nodes on which a canary stands."""
    pods = kubectl.json("-n", HOME, "pods", "-l", "app.kubernetes.io/component=canary")["items"]
    return {pod["spec"]["nodeName"] for pod in pods}


def held(kubectl: Kubectl) -> set[str]:
    """The nodes of all open incidents of the cluster, where canaries stand guard."""
    return {incident["status"].get("node", "") for incident in kubectl.json("secinc", "-A")["items"] if "status" in incident}


def seen(kubectl: Kubectl) -> dict[str, str]:
    """When each node was last measured."""
    reports = kubectl.json("-n", HOME, "enforcement")["items"]
    return {report["metadata"]["name"]: report["status"]["checkedAt"] for report in reports}
