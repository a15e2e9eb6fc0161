"""From a model to the schema that the API server takes: structural, nothing referenced, every list with a list type.

The CRD and the reference pages are made from this. Refuses what a structural schema cannot say, by name, rather than
leaving it out (kubernetes.io, Extend the Kubernetes API with CustomResourceDefinitions, Specifying a structural schema).
"""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

DROPPED = frozenset({"title", "$defs"})
WORDS = (
    "description",
    "type",
    "format",
    "default",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "items",
    "additionalProperties",
    "required",
    "properties",
)
"""What a node may say, in the order in which people want to read it."""


def structural(model: type[BaseModel], without: frozenset[str] = frozenset()) -> Schema:
    """The structural schema of a model, without some fields. ValueError: it uses what such a schema cannot say."""
    document = model.model_json_schema(by_alias=True)
    document["properties"] = {name: node for name, node in document["properties"].items() if name not in without}
    return _plain(document, document.get("$defs", {}))


def _plain(node: Schema, known: Schema) -> Schema:
    plain = {key: value for key, value in _whole(node, known).items() if key not in DROPPED}
    if unsayable := plain.keys() - set(WORDS):
        raise ValueError(f"a structural schema cannot say {', '.join(sorted(unsayable))}: {plain}")
    match plain.get("type"):
        case "integer":
            plain["format"] = "int64"
        case "array":
            plain["items"] = _plain(plain["items"], known)
            plain.setdefault("x-kubernetes-list-type", "atomic")
        case "object" if "additionalProperties" in plain:
            plain["additionalProperties"] = _plain(plain["additionalProperties"], known)
        case "object":
            plain["properties"] = {name: _plain(child, known) for name, child in plain["properties"].items()}
    plain["default"] = _default(plain)
    return {word: plain[word] for word in WORDS if plain.get(word) is not None}


def _default(plain: Schema) -> Any:
    """An object's default is empty, because the API server fills in those of its fields; null means none."""
    default = plain.get("default")
    return {} if plain.get("type") == "object" and default is not None else default


def _whole(node: Schema, known: Schema) -> Schema:
    """The node with what it refers to put in its place, and without the null that stands for absent."""
    rest = {key: value for key, value in node.items() if key not in ("$ref", "anyOf", "const")}
    if "$ref" in node:
        return _whole(known[node["$ref"].removeprefix("#/$defs/")], known) | rest
    if "anyOf" in node:
        options = [option for option in node["anyOf"] if option != {"type": "null"}]
        if len(options) != 1:
            raise ValueError(f"a structural schema cannot choose between types: {node}")
        return _whole(options[0], known) | rest
    if "const" in node:
        rest["enum"] = [node["const"]]
    return rest
