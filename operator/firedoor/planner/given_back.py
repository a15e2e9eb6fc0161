"""What is said of a release that is done: all is as it was, or exactly what is not, and why.

Pure. Asked once nothing is outstanding any more; what others changed was gathered before each step of the release.
"""

from collections.abc import Iterator

from firedoor.api.conditions import Reason
from firedoor.api.names import PRIOR, cordon_holder
from firedoor.api.text import printable
from firedoor.planner.containment import suspect_node, wants_cordon
from firedoor.planner.identity import keys_asked, wants_freeze
from firedoor.planner.release import keeps, why_kept
from firedoor.planner.situation import Situation
from firedoor.planner.verdict import Verdict
from firedoor.planner.views import NodeView
from firedoor.planner.workload import held, wants_scale
from firedoor.planner.workload_words import NAMED


def given_back(s: Situation, drift: tuple[str, ...], surplus: str = "") -> Verdict:
    """The verdict on the release of an incident that holds nothing more than it was asked to keep, or has to.

    surplus: what is said of a workload that has more pods than it wants by now.
    """
    others = tuple(held_on(s))
    told = " ".join(one for one in (*drift, *others, surplus) if one)
    if why := why_kept(s):
        return Verdict("True", Reason.WOULD_BE_DELETED, f"Given back but for the pod, which stays cut off: {why} {told}".strip())
    if keeps(s):
        kept = f"Given back but for the pod, which stays cut off as asked. {_where_labels_are(s)} {told}"
        return Verdict("True", Reason.KEPT, kept.strip())
    if drift:
        return Verdict("True", Reason.DRIFTED, f"Given back, but left alone as somebody else changed it: {told}")
    if others:
        return Verdict("True", Reason.STILL_HELD, f"This incident holds nothing any more. {told}")
    return Verdict("True", Reason.RELEASED, f"{_as_it_was(s)} {surplus}".strip())


def held_on(s: Situation) -> Iterator[str]:
    """Sentences about what this incident has let go of and other ones still hold."""
    yield from _pod(s)
    yield from (f"Node {node.name} stays cordoned, held by {_cordoners(node)}." for node in s.around.nodes if _is_shared(s, node))
    yield from _workload(s)
    yield from _identity(s)


def _pod(s: Situation) -> Iterator[str]:
    if s.pod is None or s.incident.spec.containment.network == "None" or not s.other_holders:
        return
    wish = s.incident.spec.release.mode if s.incident.spec.release else None
    dropped = f"; what becomes of it is up to that, not to the {wish} asked for here" if wish else ""
    yield f"Pod {s.pod.name} stays cut off, held by {_named([one.key for one in s.other_holders])}{dropped}."


def _workload(s: Situation) -> Iterator[str]:
    workload = s.around.workload
    if workload is None or not wants_scale(s) or held(s) or not (workload.at_rest and workload.holders):
        return
    keys = [workload.annotations[holder] for holder in workload.holders]
    yield f"{workload.title} stays at rest, held by {_named(keys)}."


def _identity(s: Situation) -> Iterator[str]:
    frozen = s.around.identity.frozen
    if s.pod is None or frozen is None or not wants_freeze(s):
        return
    if any(frozen.of(keys_asked(s, s.pod)).values()):
        yield f"The identity of pod {s.pod.name} stays frozen, held by other incidents."


def _is_shared(s: Situation, node: NodeView) -> bool:
    had = any((r.uid, r.change) == (node.uid, "cordoned") for r in s.incident.status.receipts)
    asked = wants_cordon(s) and node == suspect_node(s)
    others = node.holders and cordon_holder(s.incident.uid) not in node.annotations
    return bool(others) and node.unschedulable and (had or asked)


def _cordoners(node: NodeView) -> str:
    return _named([node.annotations[holder] for holder in node.holders])


def _named(keys: list[str]) -> str:
    return f"incident {printable(', '.join(keys[:NAMED]))}"


def _where_labels_are(s: Situation) -> str:
    """By what a person may give back a pod that was kept."""
    if s.prior.lost:
        return f"What its labels were is not known: its annotation {PRIOR} was removed or changed."
    if s.pod is not None and s.pod.recorded == s.prior:
        return f"To give it back: its annotation {PRIOR} has its labels."
    return f"To give it back: its receipt has its labels; its annotation {PRIOR} was removed or changed."


def _as_it_was(s: Situation) -> str:
    gone = next((r.object for r in s.incident.status.receipts if r.change == "isolated" and s.pod is None), None)
    return f"{gone} is deleted, and everything else is as it was." if gone else "Everything is as it was."
