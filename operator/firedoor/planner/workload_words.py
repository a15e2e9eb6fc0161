"""The sentences about a workload that is put to rest, is not, or is fought over. Pure; `workload` decides which is true."""

from firedoor.planner.fight import Fight
from firedoor.planner.situation import Situation
from firedoor.planner.workload_view import Setting, WorkloadView

NAMED = 8
"""Objects that a sentence names."""


def unsupported(workload: WorkloadView) -> str:
    if workload.kind == "DaemonSet":
        return (
            f"{workload.title} owns the suspect and has no replicas to take away. To stop it, give its pod template a "
            "nodeSelector that no node meets; that deletes its pods, the suspect too."
        )
    return f"{workload.title} owns the suspect, and firedoor cannot scale that kind; pause or scale it by its own means."


def claims(workload: WorkloadView) -> str:
    return (
        f"{workload.title} has persistentVolumeClaimRetentionPolicy.whenScaled: Delete, so scaling it down would delete its "
        "volumes; set that to Retain, and it is scaled."
    )


def waiting(s: Situation, workload: WorkloadView) -> str:
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


def without_workload(s: Situation) -> str:
    put_to_rest = (r.object for r in s.incident.status.receipts if r.change == "scaled to zero" and not r.returned)
    if (held := next(put_to_rest, None)) is not None:
        return f"{held}, which this incident had put to rest, is gone."
    owner = s.prior.owner if s.pod is not None else None
    if owner is None:
        return "No workload owns the suspect pod."
    return f"{owner.kind} {owner.name}, which owned the suspect, is gone or is not one of Kubernetes' own; nothing is scaled."


def held_at_rest(s: Situation, workload: WorkloadView) -> str:
    others = "Other Jobs" if s.around.job is not None else "Jobs"
    more = f"{others} that it has started go on." if workload.kind == "CronJob" else ""
    return f"{workload.title} is {rest(workload)}, held by this incident. {more}".strip()


def lost(workload: WorkloadView, fought: Fight) -> str:
    return (
        f"{workload.title} was set up again {by(workload)} after firedoor had set it back {fought.told or 'too often'}; it is "
        f"left alone until it is {rest(workload)} again or the incident changes."
    )


def set_back(workload: WorkloadView) -> str:
    return f"{workload.title} was set up again {by(workload)}; it is being set back."


def by(workload: WorkloadView) -> str:
    return f"by {workload.changed_by}" if workload.changed_by else "by somebody else"


def rest(workload: WorkloadView) -> str:
    return "suspended" if workload.setting is not None and workload.setting.key == "suspend" else "at 0 replicas"


def set_up(setting: Setting) -> str:
    return "resumed" if setting.key == "suspend" else f"scaled to {setting.value}"
