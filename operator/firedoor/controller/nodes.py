"""Nodes as the watch brings them: what is known of their cordons, and which incidents have to look when one changes.

A fight must not become a loop at the speed of a watch: of a node that changes again and again each holder is told at once of the
first changes of a minute only, the rest is left to the resync. A holder that has just come is not kept waiting for it.
"""

from dataclasses import dataclass, field

from firedoor.controller.rate import Rate
from firedoor.kube.client import Obj
from firedoor.planner.node_news import NO_NODE, Cordoned, concerned

AT_ONCE = 5


@dataclass(slots=True)
class NodeWatch:
    """The last that was seen of each node's cordon."""

    _known: dict[str, Cordoned] = field(default_factory=dict)
    _passed_on: Rate = field(default_factory=lambda: Rate(AT_ONCE))

    def seen(self, node: Obj, at: float, *, gone: bool = False) -> frozenset[str]:
        """The holders that should look now. at: seconds."""
        name, now = node["metadata"]["name"], NO_NODE if gone else Cordoned.read(node)
        before = self._known.get(name, now)
        if gone:
            self._known.pop(name, None)
        else:
            self._known[name] = now
        holders = concerned(before, now)
        return frozenset(holder for holder in holders if self._passed_on.at_once(holder, at))
