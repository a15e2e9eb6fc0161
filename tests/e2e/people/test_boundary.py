"""Whoever may make incidents in a namespace can hurt that namespace and no other, and no node: tried with a real token."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Story, eventually
from tests.e2e.people.persona import Persona

NO_CORDON = {"network": "Isolate", "node": "None"}


def test_a_responder_contains_a_pod_of_the_own_namespace(story: Story, tmp_path: Path) -> None:
    story.pod()
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    responder.story.incident("suspect", containment=NO_CORDON, requestedBy=responder.name)
    story.wait("Contained")


def test_a_responder_reaches_no_other_namespace_and_no_node(story: Story, tmp_path: Path) -> None:
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    elsewhere = {"kind": "Pod", "name": "anything", "namespace": "default"}
    responder.story.incident("anything", name="abroad", target=elsewhere)
    story.wait("Accepted", "False", "ForeignNamespace", name="abroad")

    for namespace in ("default", "firedoor-system"):
        refused = Story(responder.kubectl, namespace)
        said = refused.kubectl("-n", namespace, "create", "-f", "-", text=_incident(namespace), check=False)
        assert "forbidden" in said


def test_nobody_asks_in_another_name(story: Story, tmp_path: Path) -> None:
    responder = Persona(story, "responder", "firedoor-responder", tmp_path)
    text = _incident(story.namespace).replace('"spec": {', '"spec": {"requestedBy": "somebody-else", ')
    said = responder.kubectl("-n", story.namespace, "create", "-f", "-", text=text, check=False)
    assert "spec.requestedBy has to be your own name" in said


def test_only_who_asked_may_ask_for_more_and_anybody_takes_back_and_releases(story: Story, tmp_path: Path) -> None:
    first = Persona(story, "first", "firedoor-responder", tmp_path)
    other = Persona(story, "other", "firedoor-responder", tmp_path)
    asked = {"network": "None", "node": "None", "workload": "ScaleToZero", "identity": "FreezeServiceAccount"}
    first.story.incident("nobody", containment=asked, requestedBy=first.name)

    for more in ({"network": "Isolate"}, {"node": "Cordon"}):
        with pytest.raises(AssertionError, match=f"only {first.name} may ask for more"):
            other.story.ask(containment=more)
    other.story.ask(containment={"workload": "None", "identity": "Freeze"})
    first.story.ask(containment={"node": "Cordon"})
    other.story.release()
    story.wait("Released")


def test_a_forged_record_on_the_pod_is_not_restored(story: Story) -> None:
    before = story.pod()
    forged = 'firedoor.dev/prior={"labels": {"app": "bank"}, "owner": null}'
    story.kubectl("-n", story.namespace, "annotate", "pod", "suspect", forged)
    story.kubectl("-n", story.namespace, "label", "pod", "suspect", "firedoor.dev/incident.deadbeef=true")
    story.incident("suspect", containment=NO_CORDON)
    story.wait("Contained")
    story.kubectl("-n", story.namespace, "annotate", "--overwrite", "pod", "suspect", forged)

    story.release(mode="Restore")
    story.wait("Released")

    labels = {**before["metadata"]["labels"], "firedoor.dev/incident.deadbeef": "true"}
    eventually(lambda: story.get("pod", "suspect")["metadata"]["labels"] == labels, "the labels are what they were")


def _incident(namespace: str) -> str:
    target = '{"kind": "Pod", "name": "anything"}'
    kind = '"apiVersion": "firedoor.dev/v1alpha1", "kind": "SecurityIncident"'
    return f'{{{kind}, "metadata": {{"name": "stray", "namespace": "{namespace}"}}, "spec": {{"target": {target}}}}}'
