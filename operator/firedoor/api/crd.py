"""CustomResourceDefinitions from the models: what `make generate` writes to crds/ and into the chart. Pure.

The API server fills defaults, refuses what breaks a bound, and drops (or, asked strictly, refuses) unknown fields.
"""

from typing import Any

from firedoor.api import names
from firedoor.api.kinds import Column, Kind, Law
from firedoor.api.schema import Schema, structural

CATEGORY = "firedoor"


def crd(kind: Kind) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind, as a JSON document."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": _names(kind),
            "versions": [_version(kind)],
        },
    }


def schema(kind: Kind) -> Schema:
    """The kind's schema; metadata is the API server's own, which lets nobody say more of it than that it is there."""
    whole = structural(kind.model, without=frozenset({"metadata"}))
    own = {name: whole["properties"][name] for name in ("spec", *(("status",) if kind.reported else ()))}
    if kind.laws:
        own["spec"]["x-kubernetes-validations"] = [_validation(law) for law in kind.laws]
    for part in own.values():
        part.pop("default", None)
    return {
        "type": "object",
        "description": whole["description"],
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Version of this form: {names.API_VERSION}."},
            "kind": {"type": "string", "description": f"Kind of the object: {kind.name}."},
            "metadata": {"type": "object"},
            **own,
        },
    }


def _names(kind: Kind) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": list(kind.short_names),
        "categories": [CATEGORY],
    }


def _version(kind: Kind) -> dict[str, Any]:
    return {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        **({"subresources": {"status": {}}} if kind.reported else {}),
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": schema(kind)},
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.path,
        "description": column.description,
        **({"priority": 1} if column.wide else {}),
    }


def _validation(law: Law) -> dict[str, Any]:
    return {"rule": law.rule, "fieldPath": law.field, "reason": law.reason, "message": law.message}
