"""Pairs that many fields share: for a constraint in words, a value that meets it and one that breaks it."""

from typing import Any, Final

from tests.e2e.api.sheet import ABSENT, Pair

Pairs = dict[str, Pair]
"""By the word that constrains the field."""

NAMES: Final = Pair("web-7f45.x", "Web_1")
NAMESPACES: Final = Pair("shop-1", "shop.1")
UIDS: Final = Pair("7f45-00aF", "7f45/00af")
SELECTORS: Final = Pair("app in (web, api),!canary", "app; web")

THING: Final[Pairs] = {"type": Pair({}, "none")}
TRUTH: Final[Pairs] = {"type": Pair(False, "no")}
COUNT: Final[Pairs] = {"type": Pair(3, "3"), "minimum": Pair(0, -1)}
TIME: Final[Pairs] = {
    "type": Pair("2026-01-02T03:04:05Z", 5),
    "format": Pair("2026-01-02T03:04:05.678901Z", "yesterday"),
}
DURATION: Final[Pairs] = {
    "type": Pair("24h", 24),
    "pattern": Pair("1h30m", "1d"),
    "minLength": Pair("5m", "m"),
    "maxLength": Pair("1h" * 12, "1h" * 13),
}
BYTES: Final[Pairs] = {
    "type": Pair("10Gi", 10),
    "maxLength": Pair("1" * 32, "1" * 33),
    "pattern": Pair("1.5Gi", "0Gi"),
}

ACTIONS: Final = ["Isolate", "Cordon", "ScaleToZero", "Freeze"]


def up_to(limit: int, *, at_least: int = 0) -> Pairs:
    bounds = {"type": Pair("words", 5), "maxLength": Pair("x" * limit, "x" * (limit + 1))}
    return bounds | ({"minLength": Pair("x" * at_least, "x" * (at_least - 1))} if at_least else {})


def one_of(*words: str) -> Pairs:
    return {"type": Pair(words[0], 5), "enum": Pair(words[-1], "Sideways")}


def required(taken: Any) -> Pairs:
    return {"required": Pair(taken, ABSENT)}


def a_list(limit: int, entries: list[Any]) -> Pairs:
    """Of `entries`, which are more than the limit."""
    return {"type": Pair(entries[:1], "none"), "maxItems": Pair(entries[:limit], entries[: limit + 1])}


def a_set(limit: int, entries: list[Any]) -> Pairs:
    """A list that takes each entry once."""
    return a_list(limit, entries) | {"x-kubernetes-list-type": Pair(entries[:2], entries[:1] * 2)}
