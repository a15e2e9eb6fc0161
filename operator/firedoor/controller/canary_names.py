"""Which name the canary of a node has: the same one for as long as that is possible.

kube-scheduler 1.35 ends itself when it has missed a deletion and then sees a pod of the same name on another node, and a canary
that moved from node to node under one name made it do so. There is a fixed number of names, because the permission to exec
lists them. The canary alone asks.
"""

import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from firedoor.controller.canary_objects import CANARIES


@dataclass(slots=True)
class CanaryNames:
    """Names in use, by node; the one that was used last stands last."""

    _of: dict[str, str] = field(default_factory=dict)

    def of(self, node: str, standing: Container[str] = ()) -> str:
        """The node's name; where every name has a node, the one that was not used for longest moves.

        standing: nodes on which a canary stands under its name, which none of them loses.
        """
        name = self._of.pop(node, None) or self._free(node, standing)
        self._of[node] = name
        return name

    def _free(self, node: str, standing: Container[str]) -> str:
        taken = set(self._of.values())
        free = next((name for name in _preferred(node) if name not in taken), None)
        return free or self._of.pop(next(other for other in self._of if other not in standing))


def _preferred(node: str) -> Iterator[str]:
    """Every name, in an order of the node's own, so that after a restart it most likely has the same one."""
    first = zlib.crc32(node.encode()) % len(CANARIES)
    yield from (*CANARIES[first:], *CANARIES[:first])
