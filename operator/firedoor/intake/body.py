"""From raw bytes to JSON documents, with bounds: size, time, depth, numbers and duplicate keys.

The server calls it after it has authenticated the sender. Accepts one document or several one after the other.
"""

import json
import re
from typing import Any

from firedoor.intake.alert import Malformed

DEPTH = 32
NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def documents(raw: bytes) -> list[Any]:
    """The JSON documents in a body; Malformed when it is anything else."""
    _check_depth(raw)
    try:
        text = raw.decode("utf-8")
        return _all(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON, or has values that JSON does not have.") from error


def _all(text: str) -> list[Any]:
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
    found: list[Any] = []
    at = 0
    while (at := _next(text, at)) < len(text):
        document, at = decoder.raw_decode(text, at)
        found.append(document)
    if not found:
        raise ValueError("empty")
    return found


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _check_depth(raw: bytes) -> None:
    depth = 0
    for match in NESTING.finditer(raw):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(match.group(), 0)
        if depth > DEPTH:
            raise Malformed(f"The body is nested deeper than {DEPTH} levels.")
