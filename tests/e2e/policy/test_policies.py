"""What administrators allow: pauses, protected pods, budgets, and a second person whom the API server has seen."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Kubectl, Story, eventually
from tests.e2e.people.persona import Persona

NO_CORDON = {"network": "Isolate", "node": "None"}
Policy = Callable[..., None]


@pytest.fixture
def policy(story: Story, kubectl: Kubectl) -> Iterator[Policy]:
    """Writes a policy for the story's namespace; it goes when the story ends."""

    def write(**spec: Any) -> None:
        document = {
            "apiVersion": "firedoor.dev/v1alpha1",
            "kind": "ContainmentPolicy",
            "metadata": {"name": story.namespace},
            "spec": {"namespaces": [story.namespace], **spec},  # those of the story, where it does not say otherwise
        }
        kubectl.apply(document)

    yield write
    kubectl("delete", "containmentpolicy", story.namespace, "--ignore-not-found")


def decide(person: Persona, story: Story, decision: str, approver: str = "", check: bool = True) -> str:
    uid = story.get("secinc", "incident")["metadata"]["uid"]
    spec = {"incident": "incident", "incidentUid": uid, "decision": decision, "actions": ["Isolate"]}
    document = {
        "apiVersion": "firedoor.dev/v1alpha1",
        "kind": "IncidentApproval",
        "metadata": {"generateName": "decision-", "namespace": story.namespace},
        "spec": {**spec, "approver": approver or person.name},
    }
    return person.kubectl("create", "-f", "-", text=str(document).replace("'", '"'), check=check)


def test_a_paused_cluster_touches_nothing_until_the_pause_is_lifted(story: Story, policy: Policy) -> None:
    policy(paused=True)
    before = story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Accepted", "False", "Paused")
    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]

    policy(paused=False)

    story.wait("Contained")


def test_what_is_contained_stays_so_through_a_pause(story: Story, policy: Policy) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")
    policy(paused=True)
    story.kubectl("-n", story.namespace, "delete", "networkpolicy", "--all")
    eventually(lambda: story.kubectl.exists("-n", story.namespace, "networkpolicy"), "the door is closed again")
    story.wait("Contained")


def test_a_namespace_that_is_protected_later_keeps_what_is_held_and_gets_it_back(story: Story, policy: Policy) -> None:
    before = story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")
    policy(protectedNamespaces=[story.namespace])
    story.kubectl("-n", story.namespace, "delete", "networkpolicy", "--all")
    eventually(lambda: story.kubectl.exists("-n", story.namespace, "networkpolicy"), "the door is closed again")
    story.wait("Contained")

    story.release()

    assert story.wait("Released")["message"] == "Everything is as it was."
    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]


def test_a_policy_speaks_of_a_namespace_from_the_moment_it_has_the_label(story: Story, policy: Policy) -> None:
    policy(namespaces=[], namespaceSelector={"matchLabels": {"story": story.namespace}}, paused=True)
    story.kubectl("label", "namespace", story.namespace, f"story={story.namespace}")
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    assert story.namespace in story.wait("Accepted", "False", "Paused")["message"]

    story.kubectl("label", "namespace", story.namespace, "story-")

    story.wait("Contained")


def test_a_policy_that_selects_other_namespaces_says_nothing_here(story: Story, policy: Policy) -> None:
    policy(namespaces=[], namespaceSelector={"matchExpressions": [{"key": "story", "operator": "Exists"}]}, paused=True)
    story.pod()
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")


def test_a_protected_pod_is_refused(story: Story, policy: Policy) -> None:
    policy(protectedLabels=["team=shop"])
    story.pod()
    story.incident("suspect")
    found = story.wait("Accepted", "False", "ProtectedPod")
    assert "team=shop" in found["message"]


def test_a_budget_lets_the_next_one_wait_until_another_is_released(story: Story, policy: Policy) -> None:
    policy(budgets={"isolatedPodsPerNamespace": 1})
    story.pod("first")
    story.pod("second")
    story.incident("first", name="first", containment=NO_CORDON)
    story.wait("Contained", name="first")
    story.incident("second", name="second", containment=NO_CORDON)
    story.wait("Accepted", "False", "BudgetExceeded", name="second")

    story.release("first")

    story.wait("Contained", name="second")


def test_a_second_person_lets_it_happen_and_nobody_else_can(story: Story, policy: Policy, tmp_path: Path) -> None:
    policy(approval={"actions": ["Isolate"]})
    story.pod()
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    both = Persona(story, "responder", "firedoor-approver", tmp_path)
    approver = Persona(story, "approver", "firedoor-approver", tmp_path)
    responder.story.incident("suspect", containment=NO_CORDON, requestedBy=responder.name)
    story.wait("Accepted", "False", "AwaitingApproval")

    assert "approver has to be your own name" in decide(both, story, "Approve", approver=approver.name, check=False)
    decide(both, story, "Approve")
    story.wait("Accepted", "False", "AwaitingApproval")

    decide(approver, story, "Approve")

    story.wait("Contained")


def test_who_asks_for_more_later_needs_the_second_person_too(story: Story, policy: Policy, tmp_path: Path) -> None:
    policy(approval={"actions": ["Isolate"]})
    before = story.pod()
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    approver = Persona(story, "approver", "firedoor-approver", tmp_path)
    nothing_closed = {"network": "None", "node": "None"}
    responder.story.incident("suspect", containment=nothing_closed, requestedBy=responder.name)
    story.wait("Accepted")

    responder.story.ask(containment=NO_CORDON)

    story.wait("Isolated", "False", "AwaitingApproval")
    assert story.get("pod", "suspect")["metadata"]["labels"] == before["metadata"]["labels"]
    decide(approver, story, "Approve")
    story.wait("Contained")


def test_a_denial_ends_the_wait(story: Story, policy: Policy, tmp_path: Path) -> None:
    policy(approval={"actions": ["Isolate"]})
    story.pod()
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    approver = Persona(story, "approver", "firedoor-approver", tmp_path)
    responder.story.incident("suspect", requestedBy=responder.name)
    story.wait("Accepted", "False", "AwaitingApproval")
    decide(approver, story, "Deny")
    found = story.wait("Accepted", "False", "ApprovalDenied")
    assert approver.name in found["message"]


def test_after_the_deadline_nothing_happens_unless_the_policy_says_so(story: Story, policy: Policy, tmp_path: Path) -> None:
    policy(approval={"actions": ["Isolate"], "deadline": "2s"})
    story.pod()
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    responder.story.incident("suspect", containment=NO_CORDON, requestedBy=responder.name)
    story.wait("Accepted", "False", "ApprovalDenied")
    policy(approval={"actions": ["Isolate"], "deadline": "2s", "afterDeadline": "Allow"})
    story.wait("Contained")
