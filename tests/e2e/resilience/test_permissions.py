"""A permission that firedoor lacks is shown on the incident with its name, and what was asked for happens once it is given."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import Kubectl, Story

ROLE = "firedoor-controller"
NO_CORDON = {"network": "Isolate", "node": "None"}


@pytest.fixture
def give_back(kubectl: Kubectl) -> Iterator[Callable[[], None]]:
    """firedoor may not get pods, until this is called or the story ends."""
    before = kubectl.json("clusterrole", ROLE)["rules"]
    less = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "get"]} if _of_pods(rule) else rule for rule in before]
    _grant(kubectl, less)
    yield lambda: _grant(kubectl, before)
    _grant(kubectl, before)


def _of_pods(rule: dict[str, list[str]]) -> bool:
    return rule["apiGroups"] == [""] and rule["resources"] == ["pods"]


def _grant(kubectl: Kubectl, rules: list[dict[str, list[str]]]) -> None:
    """As helm, which could not upgrade a role whose rules somebody else has come to manage."""
    role = kubectl.json("clusterrole", ROLE)
    kept = {key: role["metadata"][key] for key in ("name", "labels", "annotations")}
    document = {"apiVersion": role["apiVersion"], "kind": "ClusterRole", "metadata": kept, "rules": rules}
    kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", text=json.dumps(document))


@pytest.mark.alone
def test_a_suspect_that_may_not_be_looked_at_is_said_until_the_permission_is_given(
    story: Story, give_back: Callable[[], None]
) -> None:
    story.pod()
    story.incident("suspect", containment=NO_CORDON)

    stalled = story.wait("Stalled", reason="Forbidden")
    assert 'cannot get resource "pods"' in stalled["message"]
    assert f'in the namespace "{story.namespace}"' in stalled["message"]
    assert story.wait("Isolated", "Unknown", "Forbidden")

    give_back()
    story.wait("Contained", seconds=90.0)
    assert story.condition("Stalled")["status"] == ""
