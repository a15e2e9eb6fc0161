"""Permits: whether one action may happen now, by the pause switch, the approvals and the budgets.

Pure, asked for each action before its first step; what already holds is never asked again, so that no policy written
later undoes a containment. An objection names its cure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from firedoor.api.approval import IncidentApproval
from firedoor.api.conditions import Reason
from firedoor.api.policy import Action
from firedoor.planner.situation import Situation

Decision = Literal["Approve", "Deny"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is touched."""

    reason: Reason
    message: str
    curable: bool
    """Whether time alone may cure it, so that it is worth looking again."""

    @property
    def waits(self) -> bool:
        """Whether the incident waits to begin; a dry run waits for nothing, but is looked at again."""
        return self.curable and self.reason is not Reason.DRY_RUN


def objection(s: Situation, action: Action) -> Refusal | None:
    """The first thing that stands against this action, if anything does."""
    return paused(s) or _unapproved(s, action) or _over_budget(s, action)


def granted(s: Situation) -> Situation:
    """The situation once every person has done what things wait for: the pause is lifted, what awaits approval has it."""
    awaited = {action for action in get_args(Action) if _awaits(_unapproved(s, action))}
    return replace(s, rules=replace(s.rules, paused_by=(), unreadable=(), approval=s.rules.approval - awaited))


def waits(s: Situation, actions: Iterable[Action]) -> Iterator[str]:
    """What a person has yet to do before these actions may happen, in words."""
    if (stopped := paused(s)) is not None:
        yield stopped.message
    for action in actions:
        found = _unapproved(s, action)
        if found is not None and _awaits(found):
            yield found.message


def _awaits(found: Refusal | None) -> bool:
    return found is not None and found.reason is Reason.AWAITING_APPROVAL and found.curable


def barred(s: Situation) -> Refusal | None:
    """What stands against the door of an incident that never closed one, where that is asked for."""
    if s.closed or s.incident.spec.containment.network == "None":
        return None
    return out_of_reach(s) or objection(s, "Isolate")


def out_of_reach(s: Situation) -> Refusal | None:
    """A pod that is to be isolated and that no NetworkPolicy isolates, or that has no traffic any more."""
    if s.pod is None or s.closed or s.incident.spec.containment.network == "None":
        return None
    if not (s.pod.host_network or s.pod.finished):
        return None
    pod, less = f"Pod {s.pod.namespace}/{s.pod.name}", "an incident with containment.network: None"
    if s.pod.host_network:
        message = f"{pod} runs on the host network, where no NetworkPolicy applies; {less} cordons its node and keeps evidence."
        return Refusal(Reason.HOST_NETWORK, message, curable=False)
    message = f"{pod} has finished ({s.pod.phase}), so there is nothing left to isolate; {less} keeps evidence."
    return Refusal(Reason.TARGET_FINISHED, message, curable=False)


def paused(s: Situation) -> Refusal | None:
    """What stands against anything new at all."""
    if s.rules.unreadable:
        names = ", ".join(s.rules.unreadable)
        message = f"ContainmentPolicy {names} cannot be read; nothing new is touched until it is set right or deleted."
        return Refusal(Reason.PAUSED, message, curable=True)
    if not s.rules.paused_by:
        return None
    names = ", ".join(s.rules.paused_by)
    return Refusal(Reason.PAUSED, f"Paused by ContainmentPolicy {names}; nothing new is touched until that is lifted.", True)


def _unapproved(s: Situation, action: Action) -> Refusal | None:
    if action not in s.rules.approval:
        return None
    match decision(s, action):
        case "Approve":
            return None
        case "Deny":
            return Refusal(Reason.APPROVAL_DENIED, f"{action} was denied by {_deniers(s, action)}.", curable=False)
    if s.incident.spec.requested_by is None:
        message = f"{action} needs approval, and the incident does not say who asks; make it anew with spec.requestedBy."
        return Refusal(Reason.AWAITING_APPROVAL, message, curable=False)
    return _undecided(s, action)


def _undecided(s: Situation, action: Action) -> Refusal | None:
    created = s.incident.metadata.creation_timestamp or s.now
    if s.now - created < s.rules.deadline:
        until = (created + s.rules.deadline).isoformat(timespec="seconds")
        message = f"{action} waits until {until} for an IncidentApproval of incident {s.incident.key} by a second person."
        return Refusal(Reason.AWAITING_APPROVAL, message, curable=True)
    if s.rules.allow_after_deadline:
        return None
    return Refusal(Reason.APPROVAL_DENIED, f"Nobody approved {action} before the deadline; it does not happen.", curable=True)


def decision(s: Situation, action: Action) -> Decision | None:
    """What was decided about an action by anyone but who asked for it; one denial outweighs every approval."""
    found = {approval.spec.decision for approval in _valid(s, action)}
    return "Deny" if "Deny" in found else "Approve" if found else None


def _valid(s: Situation, action: Action) -> tuple[IncidentApproval, ...]:
    return tuple(
        approval
        for approval in s.approvals
        if action in approval.spec.actions
        and approval.spec.incident_uid in (s.incident.uid, s.answers_to)
        and approval.metadata.namespace == s.incident.metadata.namespace
        and s.incident.spec.requested_by not in (None, approval.spec.approver)
    )


def _deniers(s: Situation, action: Action) -> str:
    return ", ".join(approval.spec.approver for approval in _valid(s, action) if approval.spec.decision == "Deny")


def _over_budget(s: Situation, action: Action) -> Refusal | None:
    match action:
        case "Isolate":
            return _over_isolated(s)
        case "ScaleToZero":
            return _over_scale_downs(s)
        case _:
            return None


def _over_isolated(s: Situation) -> Refusal | None:
    """A pod counts once, and one that is isolated already is isolated anew by nobody."""
    if s.held_by_others:
        return None
    budgets, census, own = s.rules.budgets, s.census, {s.pod.uid if s.pod else ""}
    in_namespace, of_workload = len(census.isolated_in_namespace - own), len(census.isolated_of_workload - own)
    there, its = f"pods of namespace {s.incident.target_namespace}", "pods of the suspect's workload"
    return _beyond(in_namespace, budgets.isolated_pods_per_namespace, f"{there} are isolated") or _beyond(
        of_workload, budgets.isolated_pods_per_workload, f"{its} are isolated"
    )


def _over_scale_downs(s: Situation) -> Refusal | None:
    """A workload counts once, and one that is at rest already is put to rest by nobody."""
    workload = s.around.workload
    if workload is not None and workload.at_rest:
        return None
    others = s.census.scaled_in_last_hour - {workload.uid if workload else ""}
    what = "workloads were scaled to zero in the last hour"
    return _beyond(
        len(others), s.rules.budgets.scale_downs_per_hour, what, "A release gives none of it back: wait until that hour is over"
    )


def _beyond(held: int, budget: int | None, what: str, cure: str = "Release an incident") -> Refusal | None:
    if budget is None or held < budget:
        return None
    message = f"{held} {what}; the policy's budget of {budget} is used up. {cure}, or raise the budget."
    return Refusal(Reason.BUDGET_EXCEEDED, message, curable=True)
