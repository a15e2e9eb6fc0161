"""Builders for stories of incidents about a workload or a node."""

from typing import Any

from firedoor.api.incident import Release, SecurityIncident
from firedoor.planner import family
from firedoor.planner.family import Kin
from firedoor.planner.group import Group, of_workload
from firedoor.planner.pod_view import PodView
from firedoor.planner.views import Owner
from tests.builders import incident, pod

WORKLOAD_UID = "workload-uid"
STATEFUL_SET = Owner("StatefulSet", "db", WORKLOAD_UID)


def owned(name: str = "db-0", owner: Owner | None = STATEFUL_SET, **fields: Any) -> PodView:
    """A pod of the workload."""
    return pod(name=name, uid=f"{name}-uid", owner=owner, **fields)


def group(*pods: PodView) -> Group:
    return of_workload(WORKLOAD_UID, pods or (owned("db-0"), owned("db-1")), {})


def parent(*pods: PodView, kind: str = "StatefulSet", **spec: Any) -> SecurityIncident:
    """An incident about the workload that was accepted when it had these pods."""
    about = incident(target={"kind": kind, "name": "db"}, **spec)
    return family.accepted(about, group(*pods))


def child(of: SecurityIncident, number: int = 0, uid: str = "", **said: str) -> SecurityIncident:
    """The incident about the suspect of that number, which says these conditions: status, or status and reason."""
    made = family.child(of, of.status.targets[number])
    metadata = {**made["metadata"], "uid": uid or f"child-{number}", "generation": 1}
    conditions = [_condition(about, *words.split(":")) for about, words in {"Accepted": "True", **said}.items()]
    status = {"phase": "Containing", "conditions": conditions}
    return SecurityIncident.read({**made, "metadata": metadata, "status": status})


def released(of: SecurityIncident, number: int = 0, **said: str) -> SecurityIncident:
    """The same, while it is being released or is over."""
    there = child(of, number, **said)
    return there.model_copy(update={"spec": there.spec.model_copy(update={"release": Release(reason="over")})})


def _condition(about: str, status: str, reason: str = "Pending") -> dict[str, Any]:
    told = {"type": about, "status": status, "reason": reason, "message": f"{about} is {status}."}
    return {**told, "lastTransitionTime": "2026-01-01T12:00:00Z", "observedGeneration": 1}


def kin(of: SecurityIncident, *children: SecurityIncident) -> tuple[Kin, ...]:
    """The family as far as these children are there."""
    return family.kin(of, {one.metadata.name: one for one in children})
