"""What a held node was before firedoor, and whether a cordon is firedoor's to take away.

Pure; containment, release, drift and receipts ask. The record on the node is never believed where a receipt says otherwise.
"""

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import cordon_holder
from firedoor.planner.situation import Situation
from firedoor.planner.views import NodeView, unschedulable_in


def was_unschedulable(s: Situation, node: NodeView) -> bool | None:
    """By the receipt of an incident that holds it, else by its own record while it is held; None: nobody knows."""
    every = (_receipted(one, node) for one in (s.incident, *s.around.cordoners) if _counts(one, node))
    known = next((said for said in every if said is not None), None)
    return node.recorded if known is None and node.holders else known


def to_record(s: Situation, node: NodeView) -> bool | None:
    """What the next holder writes down, also over a record that somebody forged; None: a node is held, and nobody knows."""
    known = was_unschedulable(s, node)
    return node.unschedulable if known is None and not node.holders else known


def is_last(s: Situation, node: NodeView) -> bool:
    """Whether nobody but this incident holds it."""
    return node.holders == (cordon_holder(s.incident.uid),)


def may_uncordon(s: Situation, node: NodeView) -> bool:
    """Whether firedoor cordoned it, and nobody else did so again since."""
    return is_last(s, node) and was_unschedulable(s, node) is False and not node.cordoned_by


def _counts(incident: SecurityIncident, node: NodeView) -> bool:
    """A receipt of one that is leaving and has let go is merely not marked yet."""
    return cordon_holder(incident.uid) in node.annotations or not incident.leaving


def _receipted(incident: SecurityIncident, node: NodeView) -> bool | None:
    held = (r for r in incident.status.receipts if (r.uid, r.change) == (node.uid, "cordoned") and not r.returned)
    return next((said for receipt in held if (said := unschedulable_in(receipt.prior)) is not None), None)
