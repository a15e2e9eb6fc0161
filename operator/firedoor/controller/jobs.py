"""firedoor's own Jobs as the API server shows them: whose they are, what they are for, and whether they have ended.

The loops over collectors and copiers ask it; nothing is called from here.
"""

from collections.abc import Iterable

from firedoor.api import names
from firedoor.kube.client import Obj

TRIES = frozenset(str(number) for number in range(1, names.JOB_TRIES + 1))


def gist(job: Obj) -> Obj:
    """What is asked of a Job: hundreds of finished ones stay for an hour."""
    metadata = {key: job["metadata"].get(key, {}) for key in ("name", "uid", "labels", "annotations")}
    return {"metadata": metadata, "status": {"conditions": job.get("status", {}).get("conditions")}}


def component(job: Obj) -> str:
    """What it is for; empty for a collector."""
    return str(job["metadata"]["labels"].get(names.COMPONENT, ""))


def is_of(pod: Obj, job: Obj) -> bool:
    """Whether this very Job made the pod: anyone who may make pods can give one its label."""
    owners = pod["metadata"].get("ownerReferences") or ()
    return any(owner.get("controller") and owner["uid"] == job["metadata"]["uid"] for owner in owners)


def over(job: Obj) -> bool:
    """Whether it has ended, well or not."""
    return complete(job) or _has(job, "Failed")


def complete(job: Obj) -> bool:
    """Whether its pod has succeeded. Kubernetes says so first, and a second later that the Job is complete (KEP-3998)."""
    return _has(job, "SuccessCriteriaMet", "Complete")


def number(job: Obj) -> int:
    """Which of its tries it is: those that fail are made anew."""
    said = (job["metadata"].get("annotations") or {}).get(names.TRY, "")
    return int(said) if said in TRIES else 1


def by_incident(jobs: Iterable[Obj]) -> dict[str, Obj]:
    """By the uid of the incident that it was made for; the last try of each."""
    return {job["metadata"]["labels"].get(names.INCIDENT_UID, ""): job for job in sorted(jobs, key=number)}


def _has(job: Obj, *types: str) -> bool:
    conditions = job.get("status", {}).get("conditions") or ()
    return any(c["type"] in types and c["status"] == "True" for c in conditions)
