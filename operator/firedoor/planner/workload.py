"""Scale to zero: when the suspect's workload may be put to rest, what that takes, what gives it back, and what is said of it.

Pure. Never while it would delete a suspect whose evidence is not sealed, never where it would delete volume claims, and
never again once a fight over it is lost. Containment, release and report call it.
"""

from dataclasses import replace

from firedoor.api.conditions import Reason
from firedoor.api.names import scale_holder
from firedoor.planner.fight import Fight
from firedoor.planner.permits import objection
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan, ReturnReplicas, ScaleToZero, Step
from firedoor.planner.verdict import Verdict
from firedoor.planner.workload_view import Setting, WorkloadView

NAMED = 8
"""Pods that a sentence names."""


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
        return (f"{workload.title} had been {_set_up(workload.setting)}.",)
    if _last(s, workload) and trusted_setting(s, workload) is None:
        return (f"{workload.title} stays {_rest(workload)}: the record of what it was before is gone.",)
    return ()


def verdict(s: Situation) -> Verdict:
    """What may be said of WorkloadScaled, where it was asked for: the first that is not at rest decides."""
    found = [_verdict(one) for one in each(s)]
    missing = next((said for said in found if said.status != "True"), None)
    return missing or Verdict("True", Reason.SCALED, " ".join(said.message for said in found))


def _verdict(s: Situation) -> Verdict:
    workload = s.around.workload
    if workload is None:
        return Verdict("False", Reason.NO_WORKLOAD, _without_workload(s))
    if _holds_scale(s):
        return Verdict("True", Reason.SCALED, " ".join((_held_at_rest(s, workload), *workload.rivals)))
    if (obstacle := _obstacle(s, workload)) is not None:
        return obstacle
    if s.fight.lost:
        return Verdict("False", Reason.SCALE_CONFLICT, " ".join((_lost(workload, s.fight), *workload.rivals)))
    if _held(s):
        return Verdict("Unknown", Reason.PENDING, f"{workload.title} was set up again {_by(workload)}; it is being set back.")
    return Verdict("Unknown", Reason.PENDING, f"{workload.title} is being put to rest.")


def _last(s: Situation, workload: WorkloadView) -> bool:
    return workload.holders == (scale_holder(s.incident.uid),)


def _obstacle(s: Situation, workload: WorkloadView) -> Verdict | None:
    """What stands against putting it to rest, but for a fight."""
    if workload.setting is None:
        return Verdict("False", Reason.UNSUPPORTED_WORKLOAD, _unsupported(workload))
    if workload.deletes_claims and not workload.at_rest:
        return Verdict("False", Reason.CLAIMS_WOULD_BE_DELETED, _claims(workload))
    if not _held(s) and (refused := objection(s, "ScaleToZero")) is not None:
        return Verdict("False", refused.reason, refused.message)
    if not may_scale(s):
        return Verdict("False", Reason.WAITING_FOR_EVIDENCE, _waiting(s, workload))
    return None


def _unsupported(workload: WorkloadView) -> str:
    if workload.kind == "DaemonSet":
        return (
            f"{workload.title} owns the suspect and has no replicas to take away. To stop it, give its pod template a "
            "nodeSelector that no node meets; that deletes its pods, the suspect too."
        )
    return f"{workload.title} owns the suspect, and firedoor cannot scale that kind; pause or scale it by its own means."


def _claims(workload: WorkloadView) -> str:
    return (
        f"{workload.title} has persistentVolumeClaimRetentionPolicy.whenScaled: Delete, so scaling it down would delete its "
        "volumes; set that to Retain, and it is scaled."
    )


def _waiting(s: Situation, workload: WorkloadView) -> str:
    if workload.endangered:
        return (
            f"{workload.title} still owns {', '.join(workload.endangered[:NAMED])}, and putting it to rest would delete what "
            "other incidents are about. It happens once their evidence is sealed or the pods are free of it."
        )
    owns = f"{workload.title} still owns the suspect, and putting it to rest would delete the pod"
    if s.around.capture.state == "Failed":
        return f"{owns}, whose evidence could not be sealed. Once what is needed is kept, put it to rest by hand."
    if not s.incident.spec.evidence.enabled or "evidence" not in s.actions:
        return f"{owns}, whose evidence is not captured. It happens once the pod is free of its owner or gone."
    return f"{owns}. It happens once the evidence is sealed."


def _without_workload(s: Situation) -> str:
    put_to_rest = (r.object for r in s.incident.status.receipts if r.change == "scaled to zero" and not r.returned)
    if (held := next(put_to_rest, None)) is not None:
        return f"{held}, which this incident had put to rest, is gone."
    owner = s.prior.owner if s.pod is not None else None
    if owner is None:
        return "No workload owns the suspect pod."
    return f"{owner.kind} {owner.name}, which owned the suspect, is gone or is not one of Kubernetes' own; nothing is scaled."


def _held_at_rest(s: Situation, workload: WorkloadView) -> str:
    others = "Other Jobs" if s.around.job is not None else "Jobs"
    rest = f"{others} that it has started go on." if workload.kind == "CronJob" else ""
    return f"{workload.title} is {_rest(workload)}, held by this incident. {rest}".strip()


def _lost(workload: WorkloadView, fought: Fight) -> str:
    return (
        f"{workload.title} was set up again {_by(workload)} after firedoor had set it back {fought.told or 'too often'}; it is "
        f"left alone until it is {_rest(workload)} again or the incident changes."
    )


def _by(workload: WorkloadView) -> str:
    return f"by {workload.changed_by}" if workload.changed_by else "by somebody else"


def _rest(workload: WorkloadView) -> str:
    return "suspended" if workload.setting is not None and workload.setting.key == "suspend" else "at 0 replicas"


def _set_up(setting: Setting) -> str:
    return "resumed" if setting.key == "suspend" else f"scaled to {setting.value}"
