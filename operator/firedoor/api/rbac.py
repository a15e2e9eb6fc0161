"""Permissions as data: each part of firedoor declares beside its code what it needs; the chart's roles are made from that.

Everyone may declare rules. What no part may ever have is refused here, by name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an RBAC role. `names` narrows it to objects of these names."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for words in (self.groups, self.resources, self.verbs, self.names):
            if any("*" in word for word in words):
                raise ValueError(f"{self} has a wildcard; firedoor names every permission that it takes")
        for taboo in ("secrets", "nodes/proxy"):
            if taboo in self.resources:
                raise ValueError(f"{self} asks for {taboo}, which firedoor never takes")
