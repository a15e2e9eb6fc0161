"""Logs on nodes: what the kubelet has rotated away is in no `kubectl logs` any more, and in the bag where that is permitted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.install import install
from cluster.providers import Provider
from tests.e2e.conftest import HOME, Kubectl, Story, eventually
from tests.e2e.evidence.bags import artifacts, fetch, judged

NO_CORDON = {"network": "Isolate", "node": "None"}
FIRST = "the-door-was-opened-by-the-third-man"
TALK = f"echo {FIRST}; yes 'nothing of interest to anybody at all' | head -c 12000000; while true; do echo later; sleep 1; done"
COLLECTOR = f"system:serviceaccount:{HOME}:firedoor-collector"
READER = f"system:serviceaccount:{HOME}:firedoor-node-logs"


@pytest.fixture
def permitted(provider: Provider) -> Iterator[None]:
    install(provider, ("--set", "actions.nodeLogs.enabled=true"))
    yield
    install(provider)


def may(kubectl: Kubectl, account: str, verb: str, resource: str, subresource: str) -> bool:
    asked = ("auth", "can-i", verb, resource, f"--subresource={subresource}", "-n", HOME, f"--as={account}")
    return kubectl(*asked, check=False).strip() == "yes"


def says(story: Story) -> str:
    return story.kubectl("-n", story.namespace, "logs", "suspect", "--limit-bytes=1000")


@pytest.mark.alone
def test_what_was_rotated_away_is_in_the_bag_and_the_account_that_kubelets_see_may_do_nothing_else(
    story: Story, permitted: None, tmp_path: Path
) -> None:
    talker = {"name": "web", "image": "firedoor.test/busybox:1", "command": ["sh", "-c", TALK]}
    story.pod(containers=[talker])
    eventually(lambda: FIRST not in says(story), "the kubelet has rotated the log", seconds=60)
    for account, allowed in ((READER, True), (COLLECTOR, False)):
        assert may(story.kubectl, account, "get", "nodes", "log") is allowed
    assert not any(may(story.kubectl, READER, verb, "pods", "exec") for verb in ("get", "create"))

    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)

    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)
    judged(bag)
    files = artifacts(bag, "node-log")
    assert {one["status"] for one in files} == {"complete"}
    assert any(FIRST.encode() in (bag / one["path"]).read_bytes() for one in files)
    assert all(FIRST.encode() not in (bag / one["path"]).read_bytes() for one in artifacts(bag, "log"))
    assert any(f"stdout F {FIRST}\n".encode() in (bag / one["path"]).read_bytes() for one in files)


def test_by_default_nobody_may_read_a_node_and_the_bag_says_so_without_calling_it_a_gap(story: Story, tmp_path: Path) -> None:
    assert not story.kubectl.exists("-n", HOME, "serviceaccount", "firedoor-node-logs")
    assert not may(story.kubectl, COLLECTOR, "create", "serviceaccounts", "token")
    story.pod()
    story.incident("suspect", containment=NO_CORDON, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)
    (told,) = artifacts(fetch(story.kubectl, story.get("secinc", "incident"), tmp_path), "node-log")
    assert (told["status"], told["reason"]) == ("skipped", "Forbidden")
