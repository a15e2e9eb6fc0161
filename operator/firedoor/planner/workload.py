"""Scale to zero: when the suspect's workload may be put to rest, what that takes, what gives it back, and what is said of it.

Pure. Never while it would delete a suspect whose evidence is not sealed, never where it would delete volume claims, and
never again once a fight over it is lost. Containment, release and report call it.
"""

from dataclasses import replace

from firedoor.api.conditions import Reason
from firedoor.api.names import scale_holder
from firedoor.planner import workload_words as words
from firedoor.planner.fight import Fight
from firedoor.planner.permits import objection
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan, ReturnReplicas, ScaleToZero, Step
from firedoor.planner.verdict import Verdict
from firedoor.planner.workload_view import Setting, WorkloadView


def wants_scale(s: Situation) -> bool:
    return s.incident.spec.containment.workload == "ScaleToZero" and "scaleToZero" in s.actions


def each(s: Situation) -> tuple[Situation, ...]:
    """The situation as each of those sees it that are to rest: the workload, and below a CronJob the suspect's Job too."""
    return (s,) if s.around.job is None else (s, replace(s, around=replace(s.around, workload=s.around.job, job=None)))


def held(s: Situation) -> bool:
    """Whether any of them carries this incident's hold, at rest or not."""
    return any(_held(one) for one in each(s))


def _held(s: Situation) -> bool:
    workload = s.around.workload
    return workload is not None and scale_holder(s.incident.uid) in workload.annotations


def holds_scale(s: Situation) -> bool:
    return all(_holds_scale(one) for one in each(s))


def _holds_scale(s: Situation) -> bool:
    return _held(s) and s.around.workload is not None and s.around.workload.at_rest


def may_scale(s: Situation) -> bool:
    """Scaling deletes owned pods: each suspect must be free of its owner, or its evidence sealed, or no pod be touched at all."""
    workload = s.around.workload
    if workload is not None and (workload.kind == "CronJob" or workload.at_rest):
        return True
    free = s.members_clear and (s.pod is None or s.pod.owner is None)
    return (free or s.around.capture.sealed) and not (workload and workload.endangered)


def scale(s: Situation) -> tuple[Step, ...]:
    """The steps that put the workload to rest, once nothing stands against it."""
    return tuple(step for one in each(s) for step in _scale(one))


def _scale(s: Situation) -> tuple[Step, ...]:
    workload = s.around.workload
    if workload is None or not wants_scale(s) or _holds_scale(s) or _obstacle(s, workload) or s.fight.lost:
        return ()
    return (ScaleToZero(workload),)


def fight(s: Situation) -> Fight:
    """The fight after this look; where `scale` is about to set back what somebody else set up again, that counts."""
    fought = [one.around.workload for one in each(s) if one.around.workload is not None and _is_fought(one, one.around.workload)]
    if not fought or not wants_scale(s):
        return replace(s.fight, lost=False)
    at_rest = all(workload.at_rest for workload in fought)
    return s.fight.seen(at_rest=at_rest, generation=s.incident.metadata.generation, now=s.now)


def _is_fought(s: Situation, workload: WorkloadView) -> bool:
    return _was_held(s, workload) and _obstacle(s, workload) is None


def _was_held(s: Situation, workload: WorkloadView) -> bool:
    """Whether the hold is there, or was, and somebody took it away: one who writes the whole object anew does."""
    return _held(s) or any(receipt.uid == workload.uid and not receipt.returned for receipt in s.incident.status.receipts)


def not_done(fought: Fight, plan: Plan) -> Fight:
    """The fight where the API server refused a plan because the world had moved: what was not done does not count."""
    planned = any(isinstance(step, ScaleToZero) for stage in plan for step in stage)
    return replace(fought, reverts=fought.reverts[:-1]) if planned else fought


def watched(s: Situation) -> bool:
    """Whether the workload has to be looked at again soon, because nothing else tells that somebody changed it."""
    workload = s.around.workload
    return wants_scale(s) and workload is not None and workload.setting is not None


def give_back(s: Situation) -> tuple[Step, ...]:
    """Lets go of the workload; the last holder restores what is still at rest."""
    return tuple(step for one in each(s) for step in _give_back(one))


def _give_back(s: Situation) -> tuple[Step, ...]:
    workload = s.around.workload
    if workload is None or not _held(s):
        return ()
    return (ReturnReplicas(workload, trusted_setting(s, workload) if _last(s, workload) and workload.at_rest else None),)


def trusted_setting(s: Situation, workload: WorkloadView) -> Setting | None:
    """What it was before: by the incident's receipt, else by its own record, which the workload's owner could have forged."""
    receipt = next((r for r in s.incident.status.receipts if r.uid == workload.uid and not r.returned), None)
    known = Setting.load(receipt.prior, workload.setting.key) if receipt and workload.setting else None
    return known or workload.recorded


def drifts(s: Situation) -> tuple[str, ...]:
    """What somebody else made of the workload while it was held."""
    return tuple(drift for one in each(s) for drift in _drifts(one))


def _drifts(s: Situation) -> tuple[str, ...]:
    workload = s.around.workload
    if workload is None or workload.setting is None or not _held(s):
        return ()
    if not workload.at_rest:
        return (f"{workload.title} had been {words.set_up(workload.setting)}.",)
    if _last(s, workload) and trusted_setting(s, workload) is None:
        return (f"{workload.title} stays {words.rest(workload)}: the record of what it was before is gone.",)
    return ()


def verdict(s: Situation) -> Verdict:
    """What may be said of WorkloadScaled, where it was asked for: the first that is not at rest decides."""
    found = [_verdict(one) for one in each(s)]
    missing = next((said for said in found if said.status != "True"), None)
    return missing or Verdict("True", Reason.SCALED, " ".join(said.message for said in found))


def _verdict(s: Situation) -> Verdict:
    workload = s.around.workload
    if workload is None:
        return Verdict("False", Reason.NO_WORKLOAD, words.without_workload(s))
    if _holds_scale(s):
        return Verdict("True", Reason.SCALED, " ".join((words.held_at_rest(s, workload), *workload.rivals)))
    if (obstacle := _obstacle(s, workload)) is not None:
        return obstacle
    if s.fight.lost:
        return Verdict("False", Reason.SCALE_CONFLICT, " ".join((words.lost(workload, s.fight), *workload.rivals)))
    if _held(s):
        return Verdict("Unknown", Reason.PENDING, words.set_back(workload))
    return Verdict("Unknown", Reason.PENDING, f"{workload.title} is being put to rest.")


def _last(s: Situation, workload: WorkloadView) -> bool:
    return workload.holders == (scale_holder(s.incident.uid),)


def _obstacle(s: Situation, workload: WorkloadView) -> Verdict | None:
    """What stands against putting it to rest, but for a fight."""
    if workload.setting is None:
        return Verdict("False", Reason.UNSUPPORTED_WORKLOAD, words.unsupported(workload))
    if workload.deletes_claims and not workload.at_rest:
        return Verdict("False", Reason.CLAIMS_WOULD_BE_DELETED, words.claims(workload))
    if not _held(s) and (refused := objection(s, "ScaleToZero")) is not None:
        return Verdict("False", refused.reason, refused.message)
    if not may_scale(s):
        return Verdict("False", Reason.WAITING_FOR_EVIDENCE, words.waiting(s, workload))
    return None
