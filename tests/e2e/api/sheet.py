"""What is known of a kind to try its CRD: a valid document, and for every constraint and rule what meets and breaks it.

cases.py has the sheets of all kinds. tests/unit/api holds them against the schemas, so a new constraint without a case is
a failing test; test_crd_constraints.py holds them against a real server.
"""

import copy
from dataclasses import dataclass, field
from typing import Any, Final

from firedoor.api.kinds import Kind

Json = dict[str, Any]

ENTRY: Final = "team"
"""The key that stands for any key of a map."""

ABSENT: Final = object()
"""Stands for a field that is not there."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values of one field."""

    taken: Any
    refused: Any


Cases = dict[str, dict[str, Pair]]
"""By the field's path in the schema and the word that constrains it."""


@dataclass(frozen=True, slots=True)
class Change:
    """Merge patches of the spec `before`, one that is taken and those that are refused; without `before`, creations."""

    before: Json | None
    taken: Json
    refused: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is tried of one kind."""

    kind: Kind
    least: Json
    """The smallest spec that is taken."""

    valid: Json
    """A document in which every case is one replaced value."""

    cases: Cases
    changes: dict[str, Change] = field(default_factory=dict)
    """By the sentence that the rule gives to whoever breaks it."""

    def placed(self, path: str, value: Any) -> Json:
        """The valid document with this value at this path of the schema."""
        whole = copy.deepcopy(self.valid)
        *parents, last = (
            int(part) if part.isdigit() else part for part in path.replace("[]", ".0").replace(".*", f".{ENTRY}").split(".")
        )
        at: Any = whole
        for parent in parents:
            at = at[parent]
        if value is ABSENT:
            del at[last]
        else:
            at[last] = value
        return whole
