"""The CRDs say everything about every field, bound what anyone may store, and have a case for every constraint."""

from collections.abc import Iterator
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from firedoor.api.crd import schema
from firedoor.api.kinds import ENFORCEMENT, INCIDENT, KINDS, Kind
from firedoor.api.schema import Schema, structural
from tests.e2e.api.cases import SHEETS
from tests.e2e.api.sheet import Sheet
from tools.generate.outputs import stale

CONSTRAINTS = (
    "type",
    "format",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
)
SERVERS_OWN = ("", "apiVersion", "kind", "metadata")
"""What the API server checks itself, whatever a CRD says of it."""


every_kind = pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in KINDS])
every_sheet = pytest.mark.parametrize("sheet", [pytest.param(sheet, id=sheet.kind.name) for sheet in SHEETS])


def fields(kind: Kind) -> Iterator[tuple[str, Schema]]:
    yield from walk("", schema(kind))


def walk(path: str, node: Schema) -> Iterator[tuple[str, Schema]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from walk(f"{path}.{name}".removeprefix("."), child)
    if "additionalProperties" in node:
        yield from walk(f"{path}.*", node["additionalProperties"])
    if "items" in node:
        yield from walk(f"{path}[]", node["items"])


def constraints(path: str, node: Schema) -> set[tuple[str, str]]:
    found = {(path, word) for word in CONSTRAINTS if word in node and (word, node[word]) != ("format", "int64")}
    if node.get("x-kubernetes-list-type") in ("set", "map"):
        found.add((path, "x-kubernetes-list-type"))
    return found | {(f"{path}.{name}".removeprefix("."), "required") for name in node.get("required", ())}


@every_kind
def test_every_field_is_described(kind: Kind) -> None:
    silent = [path for path, node in fields(kind) if "description" not in node and not path.endswith(("[]", ".*"))]
    assert silent == ["metadata"], "the API server lets nobody describe metadata"


@every_kind
def test_every_list_is_bounded_and_says_how_it_is_merged(kind: Kind) -> None:
    lists = [node for _, node in fields(kind) if node["type"] == "array"]
    assert lists or kind is ENFORCEMENT
    assert all("maxItems" in node and "x-kubernetes-list-type" in node for node in lists)


def test_conditions_are_merged_by_type() -> None:
    conditions = dict(fields(INCIDENT))["status.conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


@every_kind
def test_every_word_that_anyone_may_store_is_bounded(kind: Kind) -> None:
    strings = {path: node for path, node in fields(kind) if node["type"] == "string"}
    unbounded = {path for path, node in strings.items() if not node.keys() & {"maxLength", "enum", "format"}}
    assert unbounded == {"apiVersion", "kind"}, "the API server sets these two itself"


def test_every_kind_has_a_sheet() -> None:
    assert [sheet.kind for sheet in SHEETS] == list(KINDS)


@every_sheet
def test_every_constraint_has_a_value_that_is_taken_and_one_that_is_refused(sheet: Sheet) -> None:
    said = {constraint for path, node in fields(sheet.kind) for constraint in constraints(path, node)}
    tried = {(path, word) for path, pairs in sheet.cases.items() for word in pairs}
    assert {(path, word) for path, word in said if path not in SERVERS_OWN} == tried


@every_sheet
def test_every_rule_across_fields_has_a_change_that_is_taken_and_one_that_is_refused(sheet: Sheet) -> None:
    assert {law.message for law in sheet.kind.laws} == set(sheet.changes)


def test_an_objects_default_is_empty_so_that_the_server_fills_in_those_of_its_fields() -> None:
    containment = dict(fields(INCIDENT))["spec.containment"]
    assert containment["default"] == {}
    assert containment["properties"]["network"]["default"] == "Isolate"


def test_a_single_choice_becomes_an_enumeration() -> None:
    class Model(BaseModel):
        kind: Literal["Pod"] = Field(description="Kind.")

    assert structural(Model)["properties"]["kind"] == {"type": "string", "description": "Kind.", "enum": ["Pod"]}


def test_what_a_structural_schema_cannot_say_is_refused_by_name() -> None:
    class Choice(BaseModel):
        port: int | str

    class Above(BaseModel):
        port: int = Field(gt=0)

    with pytest.raises(ValueError, match="cannot choose between types"):
        structural(Choice)
    with pytest.raises(ValueError, match="cannot say exclusiveMinimum"):
        structural(Above)


def test_generated_files_are_what_the_code_says() -> None:
    assert stale() == [], "run make generate"
