"""The real API server takes what the CRDs allow and refuses what they do not, constraint by constraint and by name."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from firedoor.api import names
from tests.e2e.api.cases import SHEETS
from tests.e2e.api.incident import POD, SECURITY_INCIDENT
from tests.e2e.api.policy import CONTAINMENT_POLICY
from tests.e2e.api.sheet import ENTRY, Change, Json, Pair, Sheet

pytestmark = pytest.mark.e2e

Kubectl = Callable[..., str]
NAMESPACE = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "constraints-"}})


class Server:
    """The API server, as one namespace sees it. What it is only asked about is not stored."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl = kubectl
        self._namespace = namespace

    def taking(self, sheet: Sheet, spec: Any) -> Json:
        """The object that it would store."""
        taken: Json = json.loads(self._create(sheet, spec, "json", "--dry-run=server"))
        return taken

    def keeping(self, sheet: Sheet, spec: Any) -> str:
        """Name of an object that it stored."""
        return self._create(sheet, spec, "jsonpath={.metadata.name}")

    def forgetting(self, sheet: Sheet, name: str) -> None:
        """What is of the whole cluster goes with no namespace."""
        self._kubectl("delete", sheet.kind.plural, name, *self._place(sheet), "--wait=false")

    def patching(self, sheet: Sheet, name: str, body: Json, *more: str) -> None:
        arguments = (*self._place(sheet), "--type=merge", "--dry-run=server", "-p", json.dumps(body), *more)
        self._kubectl("patch", sheet.kind.plural, name, *arguments)

    def _create(self, sheet: Sheet, spec: Any, output: str, *more: str) -> str:
        arguments = (*self._place(sheet), *speaker(spec), "-f", "-", "-o", output, *more)
        return self._kubectl("create", *arguments, text=manifest(sheet, spec))

    def _place(self, sheet: Sheet) -> tuple[str, ...]:
        return ("-n", self._namespace) if sheet.kind.namespaced else ()


@pytest.fixture(scope="module")
def server(kubectl: Kubectl) -> Iterator[Server]:
    namespace = kubectl("create", "-f", "-", "-o", "jsonpath={.metadata.name}", text=NAMESPACE)
    yield Server(kubectl, namespace)
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="module")
def stored(server: Server) -> Iterator[dict[str, str]]:
    """Names of objects that are there, one of each kind that has a status, so that it can be written."""
    found = {sheet.kind.name: server.keeping(sheet, sheet.least) for sheet in SHEETS if sheet.kind.reported}
    yield found
    for sheet in SHEETS:
        if sheet.kind.name in found:
            server.forgetting(sheet, found[sheet.kind.name])


def cases(root: str) -> list[Any]:
    return [
        pytest.param(sheet, path, pair, id=f"{sheet.kind.name} {path} {word}")
        for sheet in SHEETS
        for path, pairs in sheet.cases.items()
        for word, pair in pairs.items()
        if path.split(".")[0] == root
    ]


def changes() -> list[Any]:
    return [pytest.param(sheet, *change, id=change[0]) for sheet in SHEETS for change in sheet.changes.items()]


every_kind = pytest.mark.parametrize("sheet", [pytest.param(sheet, id=sheet.kind.name) for sheet in SHEETS])


@pytest.mark.parametrize(("sheet", "path", "pair"), cases("spec"))
def test_a_constraint_of_the_spec_refuses_what_breaks_it(sheet: Sheet, path: str, pair: Pair, server: Server) -> None:
    def create(value: Any) -> None:
        server.taking(sheet, sheet.placed(path, value).get("spec"))

    create(pair.taken)
    assert field_of(path) in refusal(partial(create, pair.refused))


@pytest.mark.parametrize(("sheet", "path", "pair"), cases("status"))
def test_a_constraint_of_the_status_refuses_what_breaks_it(
    sheet: Sheet, path: str, pair: Pair, server: Server, stored: dict[str, str]
) -> None:
    def report(value: Any) -> None:
        server.patching(sheet, stored[sheet.kind.name], {"status": sheet.placed(path, value)["status"]}, "--subresource=status")

    report(pair.taken)
    assert field_of(path) in refusal(partial(report, pair.refused))


@pytest.mark.parametrize(("sheet", "sentence", "change"), changes())
def test_a_rule_across_fields_says_why_it_refuses(sheet: Sheet, sentence: str, change: Change, server: Server) -> None:
    def ask(spec: Json) -> None:
        if change.before is None:
            server.taking(sheet, spec)
        else:
            server.patching(sheet, name, {"spec": spec})

    name = server.keeping(sheet, change.before or change.taken)
    ask(change.taken)
    for refused in change.refused:
        assert sentence in refusal(partial(ask, refused))


def test_a_target_is_all_that_an_incident_needs(server: Server) -> None:
    limits = {"duration": "13m", "artifactBytes": "256Mi", "fileBytes": "64Mi", "files": 20000, "memory": "256Mi"}
    assert server.taking(SECURITY_INCIDENT, {"target": {"name": "web"}})["spec"] == {
        "severity": "high",
        "target": {"kind": "Pod", "name": "web"},
        "containment": {"network": "Isolate", "node": "Cordon", "workload": "None", "identity": "None"},
        "evidence": {"enabled": True, "paths": [], "storage": {"size": "2Gi"}, "limits": limits},
        "dryRun": False,
        "hold": False,
    }


def test_a_policy_needs_nothing_and_then_asks_for_nothing(server: Server) -> None:
    assert server.taking(CONTAINMENT_POLICY, {})["spec"] == {
        "namespaces": [],
        "paused": False,
        "protectedNamespaces": [],
        "protectedLabels": [],
        "approval": {"actions": [], "deadline": "15m", "afterDeadline": "Deny"},
        "budgets": {},
        "keepCordon": False,
        "allowControlPlane": False,
        "allowLastNode": False,
    }


def test_a_dry_run_may_become_real(server: Server) -> None:
    rehearsal = server.keeping(SECURITY_INCIDENT, POD | {"dryRun": True})
    server.patching(SECURITY_INCIDENT, rehearsal, {"spec": {"dryRun": False}})


@every_kind
def test_a_misspelt_field_is_an_error_and_not_dropped(sheet: Sheet, server: Server) -> None:
    misspelt = sheet.least | {"containmnet": {}}
    assert 'unknown field "spec.containmnet"' in refusal(lambda: server.taking(sheet, misspelt))


def manifest(sheet: Sheet, spec: Any) -> str:
    bare = {"apiVersion": names.API_VERSION, "kind": sheet.kind.name, "metadata": {"generateName": "constraints-"}}
    return json.dumps(bare if spec is None else bare | {"spec": spec})


def speaker(spec: Any) -> tuple[str, ...]:
    """Whoever the spec names is who asks: nobody may write another name than their own."""
    match spec:
        case {"approver": str(name)} | {"requestedBy": str(name)} if name:
            return f"--as={name}", "--as-group=system:masters"
    return ()


def field_of(path: str) -> str:
    """The field as the API server names it."""
    return path.replace("[]", "[0]").replace(".*", f".{ENTRY}")


def refusal(ask: Callable[[], object]) -> str:
    """What the API server says when it refuses; an assertion when it does not."""
    with pytest.raises(AssertionError) as refused:
        ask()
    return str(refused.value)
