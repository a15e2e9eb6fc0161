"""Receipts: for every object that the incident holds, what it was before; kept in status when the object is gone.

Pure: derived from what is seen, so that no crash can lose one. The object's own record stands beside it.
"""

import json
from collections.abc import Iterator

from firedoor.api.incident import Receipt
from firedoor.api.names import cordon_holder, scale_holder
from firedoor.planner.containment import to_record
from firedoor.planner.identity import RECEIPT, keys_held
from firedoor.planner.node_prior import was_unschedulable
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.protection import crowded
from firedoor.planner.situation import Situation


def receipts(s: Situation) -> tuple[Receipt, ...]:
    """The first receipt of each object ever held, marked as returned once it is let go of; one held anew has a new one."""
    held = {receipt.uid: receipt for receipt in _held(s)}
    known = {r.uid: r for r in s.incident.status.receipts if not (r.returned and r.uid in held)}
    return tuple(_marked(s, receipt, receipt.uid in held) for receipt in {**held, **known}.values())


def ahead(s: Situation) -> tuple[Receipt, ...]:
    """The receipts with that of a door which is about to be closed: after a refusal the pod may carry a label and a record
    that somebody forged, and only what was written down before tells them from firedoor's own."""
    if s.pod is None or s.incident.spec.containment.network == "None":
        return s.incident.status.receipts
    others = (receipt for receipt in s.incident.status.receipts if receipt.uid != s.pod.uid)
    return (*others, _isolated(s, s.pod, to_record(s, s.pod)))


def behind(s: Situation) -> bool:
    """Whether the pod is not what was written down before its door is closed, or has no room for a record of its own."""
    if s.pod is None or s.incident.status.isolation is not None:
        return False
    prior = to_record(s, s.pod)
    known = next((receipt.prior for receipt in s.incident.status.receipts if receipt.uid == s.pod.uid), None)
    return crowded(s.pod, prior) if known is None else known != prior.receipt()


def _isolated(s: Situation, pod: PodView, prior: PodPrior) -> Receipt:
    at = s.now.replace(microsecond=0)
    return Receipt(object=f"Pod {pod.name}", uid=pod.uid, change="isolated", prior=prior.receipt(), at=at)


def _marked(s: Situation, receipt: Receipt, held: bool) -> Receipt:
    returned = not held and (s.incident.leaving or not _is_asked(s, receipt))
    return receipt if receipt.returned == returned else receipt.model_copy(update={"returned": returned})


def _is_asked(s: Situation, receipt: Receipt) -> bool:
    """Whether the incident still asks for what the receipt is about: what somebody else took away is not given back."""
    asked = s.incident.spec.containment
    doors = {"cordoned": asked.node, "scaled to zero": asked.workload, "frozen": asked.identity}
    return doors.get(receipt.change) != "None"


def _held(s: Situation) -> Iterator[Receipt]:
    at = s.now.replace(microsecond=0)
    if s.pod is not None and s.suspect_held:
        yield _isolated(s, s.pod, s.prior)
    for node in s.around.nodes:
        if cordon_holder(s.incident.uid) in node.annotations:
            prior = json.dumps({"unschedulable": was_unschedulable(s, node)})
            yield Receipt(object=f"Node {node.name}", uid=node.uid, change="cordoned", prior=prior, at=at)
    for workload in (s.around.workload, s.around.job):
        if workload is None or scale_holder(s.incident.uid) not in workload.annotations:
            continue
        prior = "{}" if workload.recorded is None else workload.recorded.dump()
        yield Receipt(object=workload.title, uid=workload.uid, change="scaled to zero", prior=prior, at=at)
    if keys := keys_held(s):
        account = s.pod.service_account if s.pod else "unknown"
        name = f"{RECEIPT}{s.incident.target_namespace}/{account}"
        prior = json.dumps({"frozen": _frozen_by_others(s, keys)})
        yield Receipt(object=name, uid=f"{s.incident.uid}-identity", change="frozen", prior=prior, at=at)


def _frozen_by_others(s: Situation, keys: tuple[str, ...]) -> bool:
    frozen = s.around.identity.frozen
    return frozen is not None and all(len(frozen.holders[key]) > 1 for key in keys)
