"""The kinds of patch that an API server takes: merge patch, JSON patch, and server-side apply by a single manager."""

import copy
from typing import Any

from tests.fakes.objects import Obj, Refusal

MERGE, JSON, APPLY = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)


def patched(obj: Obj, body: Any, content: str) -> Obj:
    """The object with the patch in it."""
    match content:
        case "application/merge-patch+json":
            return dict(merged(obj, body))
        case "application/json-patch+json":
            return operated(obj, body)
        case "application/apply-patch+yaml":
            # All that firedoor applies it owns alone, so what it no longer names goes.
            return {**obj, **{key: copy.deepcopy(value) for key, value in body.items() if key != "metadata"}}
        case _:
            raise Refusal(415, "UnsupportedMediaType", content)


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    found = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


def operated(obj: Obj, operations: list[Obj]) -> Obj:
    """A JSON patch (RFC 6902) of test, add and replace on the members of objects, and of remove on those of lists as well."""
    found = copy.deepcopy(obj)
    for operation in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        at: Any = found
        for part in way:
            at = at[part]
        _operate(at, last, operation)
    return found


def _operate(at: Any, last: str, operation: Obj) -> None:
    match operation["op"]:
        case "test":
            if at.get(last) != operation["value"]:
                raise Refusal(422, "Invalid", f"test of {operation['path']} failed")
        case "remove":
            del at[int(last) if isinstance(at, list) else last]
        case "add" | "replace":
            at[last] = copy.deepcopy(operation["value"])
        case unknown:
            raise Refusal(400, "BadRequest", f"unknown operation {unknown}")
