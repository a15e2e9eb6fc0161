"""What may be said of what is closed behind the door: the node, the workload, the identity. Pure; the reports ask.

Of what an incident does not ask for it says whether it holds that still, gave it back, or never had it.
"""

from firedoor.api.conditions import Reason
from firedoor.planner.containment import cordon_refusal, holds_cordon, suspect_node, wants_cordon
from firedoor.planner.identity import frozenness, keys_held, wants_freeze
from firedoor.planner.node_prior import was_unschedulable
from firedoor.planner.situation import Situation
from firedoor.planner.summary import going_back, not_requested
from firedoor.planner.verdict import Verdict
from firedoor.planner.workload import held as is_held
from firedoor.planner.workload import verdict as scaling
from firedoor.planner.workload import wants_scale


def cordoned(s: Situation) -> Verdict:
    """The verdict on the node, by an incident that holds it itself."""
    node = suspect_node(s)
    if not wants_cordon(s):
        held = node is not None and holds_cordon(s, node)
        return going_back(f"node {node.name}") if node and held else _unasked(s, "cordoned", "A cordon")
    if node is None:
        return Verdict("False", Reason.NOT_SCHEDULED, "The suspect pod is on no node that is known.")
    if holds_cordon(s, node):
        return _held(node.name, node.unschedulable, was_unschedulable(s, node))
    refused = cordon_refusal(s, node)
    if refused is not None:
        return Verdict("False", refused.reason, refused.message)
    return Verdict("Unknown", Reason.PENDING, f"Node {node.name} is being cordoned.")


def _held(name: str, unschedulable: bool, before: bool | None) -> Verdict:
    if not unschedulable:
        return Verdict("False", Reason.CORDON_DRIFT, f"Node {name} was uncordoned by somebody else while it is held.")
    if before:
        return Verdict("True", Reason.ALREADY_CORDONED, f"Node {name} was cordoned before and will stay so.")
    return Verdict("True", Reason.CORDONED, f"Node {name} is unschedulable, held by this incident.")


def scaled(s: Situation) -> Verdict:
    """The verdict on the workload, by an incident that holds it itself."""
    if wants_scale(s):
        return scaling(s)
    if s.around.workload is not None and is_held(s):
        return going_back(s.around.workload.title)
    return _unasked(s, "scaled to zero", "Scaling to zero")


def frozen(s: Situation) -> Verdict:
    """The verdict on the identity of the suspect."""
    if wants_freeze(s):
        return frozenness(s)
    return going_back("the identity") if keys_held(s) else _unasked(s, "frozen", "Freezing the identity")


def _unasked(s: Situation, change: str, what: str) -> Verdict:
    """What is said of what the incident does not ask for and does not hold: it never did, or no longer does."""
    given_back = next((receipt.object for receipt in s.incident.status.receipts if receipt.change == change), None)
    if given_back is None:
        return not_requested(what)
    return Verdict("False", Reason.NOT_REQUESTED, f"{what} is no longer asked for; {given_back} was given back.")
