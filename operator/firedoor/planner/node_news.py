"""What a change of a node means for those who hold its cordon. Pure.

A node's object changes often, and hardly ever in what matters here: whether it takes new pods, and who holds it.
"""

from dataclasses import dataclass
from typing import Self

from firedoor.api.names import CORDON_PREFIX
from firedoor.planner.views import Json


@dataclass(frozen=True, slots=True)
class Cordoned:
    """Of a node, what a cordon is made of."""

    unschedulable: bool = False
    holders: frozenset[str] = frozenset()
    """The annotations by which incidents hold it."""

    @classmethod
    def read(cls, node: Json) -> Self:
        annotations = node["metadata"].get("annotations") or {}
        holders = frozenset(key for key in annotations if key.startswith(CORDON_PREFIX))
        return cls(bool((node.get("spec") or {}).get("unschedulable")), holders)


NO_NODE = Cordoned()


def concerned(before: Cordoned, now: Cordoned) -> frozenset[str]:
    """Whose hold was taken away, or whose node was made schedulable or unschedulable while they held it.

    A holder that comes, with the cordon or to one that stands, is firedoor's own doing.
    """
    lost, stay = before.holders - now.holders, before.holders & now.holders
    return lost | stay if before.unschedulable != now.unschedulable else lost
