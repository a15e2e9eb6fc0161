"""The real API server takes what the CRD allows and refuses what it does not, constraint by constraint and by name."""

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.e2e.api.cases import ABSENT, CASES, CHANGES, INCIDENT, Change, Pair

pytestmark = pytest.mark.e2e

Kubectl = Callable[..., str]
NAMESPACE = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "constraints-"}})


def cases(root: str) -> list[Any]:
    of_root = ((path, pairs) for path, pairs in CASES.items() if path.split(".")[0] == root)
    return [pytest.param(path, pair, id=f"{path} {word}") for path, pairs in of_root for word, pair in pairs.items()]


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl) -> Iterator[str]:
    name = kubectl("create", "-f", "-", "-o", "jsonpath={.metadata.name}", text=NAMESPACE)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def stored(kubectl: Kubectl, namespace: str) -> str:
    """Name of an incident that is there, so that its status can be written."""
    return made(kubectl, namespace, {"target": {"name": "no-such-pod"}})


@pytest.mark.parametrize(("path", "pair"), cases("spec"))
def test_a_constraint_of_the_spec_refuses_what_breaks_it(path: str, pair: Pair, kubectl: Kubectl, namespace: str) -> None:
    def create(value: Any) -> None:
        whole = placed(path, value)
        kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", text=manifest(whole.get("spec")))

    create(pair.taken)
    assert field_of(path) in refusal(lambda: create(pair.refused))


@pytest.mark.parametrize(("path", "pair"), cases("status"))
def test_a_constraint_of_the_status_refuses_what_breaks_it(
    path: str, pair: Pair, kubectl: Kubectl, namespace: str, stored: str
) -> None:
    def report(value: Any) -> None:
        patch(kubectl, namespace, stored, {"status": placed(path, value)["status"]}, "--subresource=status")

    report(pair.taken)
    assert field_of(path) in refusal(lambda: report(pair.refused))


@pytest.mark.parametrize(("sentence", "change"), CHANGES.items(), ids=CHANGES)
def test_a_rule_across_fields_says_why_it_refuses(sentence: str, change: Change, kubectl: Kubectl, namespace: str) -> None:
    def ask(spec: dict[str, Any]) -> None:
        if change.before is None:
            kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", text=manifest(spec))
        else:
            patch(kubectl, namespace, name, {"spec": spec})

    name = made(kubectl, namespace, change.before or change.taken)
    ask(change.taken)
    for refused in change.refused:
        assert sentence in refusal(partial(ask, refused))


def test_a_target_is_all_that_an_incident_needs(kubectl: Kubectl, namespace: str) -> None:
    stored = json.loads(
        kubectl(
            "create", "-n", namespace, "--dry-run=server", "-o", "json", "-f", "-", text=manifest({"target": {"name": "web"}})
        )
    )
    assert stored["spec"] == {
        "severity": "high",
        "target": {"kind": "Pod", "name": "web"},
        "containment": {"network": "Isolate", "node": "Cordon", "workload": "None"},
        "evidence": {"enabled": True, "paths": [], "storage": {"size": "2Gi"}},
    }


def test_a_misspelt_field_is_an_error_and_not_dropped(kubectl: Kubectl, namespace: str) -> None:
    misspelt = manifest({"target": {"name": "web"}, "containmnet": {}})
    said = refusal(lambda: kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", text=misspelt))
    assert 'unknown field "spec.containmnet"' in said


def placed(path: str, value: Any) -> dict[str, Any]:
    """The valid incident with this value at this path of the schema."""
    whole = copy.deepcopy(INCIDENT)
    *parents, last = path.replace("[]", ".0").split(".")
    at: Any = whole
    for parent in parents:
        at = at[int(parent) if parent.isdigit() else parent]
    if value is ABSENT:
        del at[last]
    else:
        at[int(last) if last.isdigit() else last] = value
    return whole


def made(kubectl: Kubectl, namespace: str, spec: dict[str, Any]) -> str:
    """Makes an incident and gives its name."""
    return kubectl("create", "-n", namespace, "-f", "-", "-o", "jsonpath={.metadata.name}", text=manifest(spec))


def manifest(spec: Any) -> str:
    kind = {"apiVersion": "firedoor.dev/v1alpha1", "kind": "SecurityIncident", "metadata": {"generateName": "constraints-"}}
    return json.dumps(kind if spec is None else kind | {"spec": spec})


def patch(kubectl: Kubectl, namespace: str, name: str, body: dict[str, Any], *more: str) -> None:
    arguments = ("-n", namespace, "--type=merge", "--dry-run=server", "-p", json.dumps(body))
    kubectl("patch", "securityincident", name, *arguments, *more)


def field_of(path: str) -> str:
    """The field as the API server names it."""
    return path.replace("[]", "[0]")


def refusal(ask: Callable[[], object]) -> str:
    """What the API server says when it refuses; an assertion when it does not."""
    with pytest.raises(AssertionError) as refused:
        ask()
    return str(refused.value)
