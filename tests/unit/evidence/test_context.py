"""What the cluster knows of the suspect: found, kept, and secret values left where they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from firedoor.api import names
from firedoor.evidence.sources.context import binds, references
from firedoor.evidence.sources.objects import changes
from tests.unit.evidence.apiserver import ApiServer, pod
from tests.unit.evidence.test_collector import BAG, judged, told

SECRET = {"secretKeyRef": {"name": "db", "key": "password"}}


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


def suspect(**annotations: str) -> dict[str, Any]:
    found = pod()
    found["metadata"]["annotations"] = annotations
    container = found["spec"]["containers"][0]
    container["env"] = [{"name": "PASSWORD", "valueFrom": SECRET}, {"name": "LITERAL", "value": "hunter2"}]
    return found


def kept(volume: Path, about: str) -> Any:
    return json.loads((volume / BAG / f"data/06-cluster/{about}.json").read_bytes())


async def test_owner_account_rights_services_policies_and_node_are_in_the_bag(volume: Path) -> None:
    prior = {"labels": {"app": "web"}, "owner": {"kind": "ReplicaSet", "name": "web-7f", "uid": "u"}}
    found = suspect(**{names.PRIOR: json.dumps(prior)})
    outcome = await ApiServer(pods=[found]).collected(volume)

    judged(volume)
    assert outcome["status"] == "Complete"
    assert [owner["metadata"]["name"] for owner in kept(volume, "owners")] == ["web-7f"]
    assert kept(volume, "service-account")["metadata"]["name"] == "default"
    assert [binding["metadata"]["name"] for binding in kept(volume, "bindings")["bindings"]] == ["reads"]
    assert [role["metadata"]["name"] for role in kept(volume, "bindings")["roles"]] == ["reader"]
    assert [service["metadata"]["name"] for service in kept(volume, "services")] == ["web"]
    assert kept(volume, "policies") == kept(volume, "policies.final")
    assert kept(volume, "node")["metadata"]["name"] == "node-1"
    assert kept(volume, "references") == [{"key": "password", "kind": "Secret", "name": "db"}]
    assert b"hunter2" not in b"".join(file.read_bytes() for file in (volume / BAG).rglob("*.json"))


@pytest.mark.parametrize(
    "note", ["", "[]", "[" * 100_000, '{"labels": [], "owner": "x"}', '{"owner": {"kind": "Secret", "name": "x"}}']
)
async def test_a_note_that_its_owner_has_forged_leads_nowhere(volume: Path, note: str) -> None:
    await ApiServer(pods=[suspect(**{names.PRIOR: note})]).collected(volume)
    assert (kept(volume, "owners"), kept(volume, "services")) == ([], [])


async def test_what_changed_between_the_first_look_and_the_last_is_said(volume: Path) -> None:
    later = suspect(new="note")
    await ApiServer(pods=[suspect(), suspect(), suspect(), later]).collected(volume)
    source = told(volume, "data/06-cluster/pod.final.json")["source"]
    assert source["changed"] == [".metadata.annotations.new"]
    assert "target.changed" in (volume / BAG / "custody.jsonl").read_text()


def test_changes_are_named_by_their_paths() -> None:
    first, last = {"a": [{"b": 1}, {"c": 2}], "d": 1}, {"a": [{"b": 1}, {"c": 3}], "e": 1}
    assert list(changes(first, last)) == [".a[1].c", ".d", ".e"]


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ({"kind": "ServiceAccount", "name": "web"}, True),
        ({"kind": "ServiceAccount", "name": "web", "namespace": "elsewhere"}, False),
        ({"kind": "Group", "name": "system:serviceaccounts:shop"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:elsewhere"}, False),
        ({"kind": "User", "name": "system:serviceaccount:shop:web"}, True),
    ],
)
def test_a_binding_is_the_suspects_by_name_or_by_group(subject: dict[str, str], found: bool) -> None:
    assert binds({"metadata": {"namespace": "shop"}, "subjects": [subject]}, "shop", "web") is found


def test_references_are_found_wherever_a_pod_can_have_them() -> None:
    spec = {
        "imagePullSecrets": [{"name": "pull"}],
        "containers": [{"envFrom": [{"configMapRef": {"name": "settings"}}]}],
        "volumes": [{"secret": {"secretName": "key"}}, {"projected": {"sources": [{"configMap": {"name": "ca"}}]}}],
    }
    assert [(one["kind"], one["name"]) for one in references({"spec": spec})] == [
        ("ConfigMap", "ca"),
        ("ConfigMap", "settings"),
        ("Secret", "key"),
        ("Secret", "pull"),
    ]
