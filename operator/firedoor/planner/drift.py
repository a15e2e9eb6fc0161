"""Drift: what cannot be given back as it was, because somebody else changed or removed it while it was held.

Pure; the loops ask it before each release, and the incident lists what it says. What is not gone is left as they wanted it.
"""

from firedoor.api.incident import Receipt, ReleaseMode
from firedoor.planner.containment import holds_cordon
from firedoor.planner.pod_view import PodPrior
from firedoor.planner.situation import KEEP_LABELS, Situation
from firedoor.planner.workload import drifts as workload_drifts


def drifts(s: Situation) -> tuple[str, ...]:
    """Sentences about what differs."""
    return (*_uncordoned(s), *workload_drifts(s), *_gone(s))


def _uncordoned(s: Situation) -> tuple[str, ...]:
    held = (node for node in s.around.nodes if holds_cordon(s, node) and not node.unschedulable)
    return tuple(f"Node {node.name} had been uncordoned." for node in held)


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
    prior, asked = PodPrior.load(receipt.prior), s.incident.spec.release
    owner = prior.owner if prior else None
    if owner is not None and owner.kind in KEEP_LABELS:
        return True
    if asked is not None and asked.mode is not None:
        return asked.mode is ReleaseMode.DISCARD
    return owner is not None and s.around.capture.sealed
