"""Objects of the API server without the values that are often secrets: a keyed hash stands in their place.

The sources use it before anything is kept. The key lives as long as the collector and is kept nowhere: equal values can
be told within one bag, and no value can be guessed from it.
"""

import hashlib
import hmac
from typing import Any, Final

APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation with a copy of the whole object, values included."""


def redacted(found: Any, key: str) -> Any:
    """The object with hashes for the values of environment variables, wherever they are in it."""
    match found:
        case dict():
            return {name: _inside(name, value, key) for name, value in found.items()}
        case list():
            return [redacted(one, key) for one in found]
        case _:
            return found


def hashed(value: str, key: str) -> str:
    """What stands for a value."""
    digest = hmac.new(bytes.fromhex(key), value.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"hmac-sha256:{digest.hexdigest()[:12]}"


def _inside(name: str, value: Any, key: str) -> Any:
    if name == "env" and isinstance(value, list):
        return [_variable(one, key) for one in value]
    return hashed(value, key) if name == APPLIED and isinstance(value, str) else redacted(value, key)


def _variable(one: Any, key: str) -> Any:
    if isinstance(one, dict) and isinstance(one.get("value"), str):
        return {**one, "value": hashed(one["value"], key)}
    return one
