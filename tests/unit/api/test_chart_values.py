"""Every value of the chart is explained, and a misspelt one is refused."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from tools.generate.outputs import ROOT

CHART = ROOT / "charts/firedoor"
OPAQUE = ("resources", "nodeSelector", "podAnnotations")
"""Kubernetes' own forms; their insides are not explained again."""


def values(tree: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in tree.items():
        yield f"{path}{name}"
        if isinstance(value, dict) and name not in OPAQUE:
            yield from values(value, f"{path}{name}.")


def in_schema(node: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, child in node["properties"].items():
        yield f"{path}{name}"
        if "properties" in child:
            yield from in_schema(child, f"{path}{name}.")


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for child in node.values():
            yield from objects(child)


def test_every_value_has_a_comment_above_it() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    keys = [n for n, line in enumerate(lines) if ":" in line and not line.lstrip().startswith(("#", "requests", "limits"))]
    assert [lines[n] for n in keys if not lines[n - 1].lstrip().startswith("#")] == []


def test_the_schema_knows_every_value_and_no_others() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(values(defaults)) == set(in_schema(schema)) - {"global"}


def test_the_schema_refuses_what_it_does_not_know() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert all(node["additionalProperties"] is False for node in objects(schema))
