"""Drift: what cannot be given back as it was, because somebody else changed or removed it while it was held.

Pure; the loops ask it before each release, and the incident lists what it says. What is not gone is left as they wanted it.
"""

from collections.abc import Iterator

from firedoor.api.incident import Receipt, ReleaseMode
from firedoor.api.names import PRIOR
from firedoor.api.text import printable
from firedoor.planner.containment import holds_cordon
from firedoor.planner.node_prior import is_last, was_unschedulable
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.release import mode
from firedoor.planner.situation import KEEP_LABELS, Situation
from firedoor.planner.workload import drifts as workload_drifts


def drifts(s: Situation) -> tuple[str, ...]:
    """Sentences about what differs."""
    return (*_unlabelled(s), *_uncordoned(s), *_left_cordoned(s), *workload_drifts(s), *_gone(s))


def _unlabelled(s: Situation) -> tuple[str, ...]:
    """A pod that is to be restored, and nobody knows to what."""
    if s.pod is None or not s.suspect_held or s.held_by_others or mode(s) is not ReleaseMode.RESTORE or not s.prior.lost:
        return ()
    told = f"its record of them, the annotation {PRIOR}, was removed or changed."
    return (f"Pod {s.pod.name} is without the labels and annotations that firedoor had changed: {told}",)


def _uncordoned(s: Situation) -> tuple[str, ...]:
    held = (node for node in s.around.nodes if holds_cordon(s, node) and not node.unschedulable)
    return tuple(f"Node {node.name} had been uncordoned." for node in held)


def _left_cordoned(s: Situation) -> Iterator[str]:
    """Nodes that the last holder leaves cordoned, though nobody knows that they were so before."""
    for node in s.around.nodes:
        if not is_last(s, node) or not node.unschedulable:
            continue
        if (was := was_unschedulable(s, node)) is None:
            yield f"Node {node.name} stays cordoned: the record of what it was before is gone."
        elif not was and node.cordoned_by:
            yield f"Node {node.name} stays cordoned: {printable(node.cordoned_by)} had cordoned it while it was held."


def _gone(s: Situation) -> tuple[str, ...]:
    held = (receipt for receipt in s.incident.status.receipts if not receipt.returned)
    return tuple(f"{receipt.object} is gone." for receipt in held if _is_gone(s, receipt))


def _is_gone(s: Situation, receipt: Receipt) -> bool:
    match receipt.change:
        case "isolated":
            return s.pod is None and not _goes_anyway(s, receipt)
        case "cordoned":
            return receipt.uid not in {node.uid for node in s.around.nodes}
        case "scaled to zero":
            return receipt.uid not in {one.uid for one in (s.around.workload, s.around.job) if one is not None}
    return False


def _goes_anyway(s: Situation, receipt: Receipt) -> bool:
    """Whether the release would have discarded the pod, or its owner deletes and makes pods of that name as it likes."""
    prior, asked = PodPrior.of_receipt(receipt.prior), s.incident.spec.release
    owner = prior.owner if prior else None
    if owner is not None and owner.kind in KEEP_LABELS:
        return True
    if asked is not None and asked.mode is not None:
        return asked.mode is ReleaseMode.DISCARD
    return owner is not None and s.around.capture.sealed
