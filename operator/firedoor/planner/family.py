"""Families: an incident about a workload or a node, and the incidents that it makes, one for each of its suspect pods.

Pure. The suspects are written to the incident's status before anything is touched, so that a replacement never becomes
one. Only what stands there counts: a label by which an incident calls another its parent is believed by nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from firedoor.api import names
from firedoor.api.conditions import Reason
from firedoor.api.incident import Containment, IncidentSpec, PlanStatus, Release, SecurityIncident, Target
from firedoor.api.member import MemberStatus
from firedoor.planner.group import Group
from firedoor.planner.pod_view import PodView
from firedoor.planner.release import release
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Plan, ReturnReplicas

GONE = "Released"
"""Phase of a member whose incident was there and is gone: deleting an incident releases it."""
TAKEN = Reason.NAME_TAKEN.value
"""Phase of a member whose incident cannot be made, because another one has its name."""


@dataclass(frozen=True, slots=True)
class Kin:
    """A suspect, and the incident that was made for it; None: there is none."""

    member: MemberStatus
    child: SecurityIncident | None = None
    taken: bool = False
    """Whether none can be made, because an incident of that name exists and is another's."""

    @property
    def released(self) -> bool:
        """Whether it was given back by itself, or is being so."""
        return self.member.phase not in (None, TAKEN) if self.child is None else self.child.leaving

    @property
    def over(self) -> bool:
        """Whether nothing of it is held any more."""
        return self.child is None or (self.child.leaving and self.child.status.truth("Released") == "True")

    @property
    def sealed(self) -> bool:
        return self.child is not None and self.child.status.truth("EvidenceSealed") == "True"


def heads_family(incident: SecurityIncident) -> bool:
    """Whether the incident is about more than a pod."""
    target = incident.spec.target
    return target is not None and target.kind != "Pod"


def pinned(parent: SecurityIncident, group: Group) -> tuple[MemberStatus, ...]:
    """The suspects as they are written down when the incident is accepted."""
    return tuple(
        MemberStatus(
            name=pod.name,
            namespace=pod.namespace,
            uid=pod.uid,
            incident=names.child_incident(parent.metadata.name, pod.uid),
        )
        for pod in group.pods
    )


def accepted(parent: SecurityIncident, group: Group) -> SecurityIncident:
    """The incident with its target and its suspects written down."""
    plan = (
        PlanStatus(warnings=tuple(sentence[:1024] for sentence in group.left_out)[:64]) if group.left_out else parent.status.plan
    )
    known = {"target_uid": group.uid, "targets": pinned(parent, group), "plan": plan}
    return parent.model_copy(update={"status": parent.status.model_copy(update=known)})


def child(parent: SecurityIncident, member: MemberStatus) -> dict[str, Any]:
    """The incident about one suspect, as it is made. It answers for the pod alone and never releases itself."""
    asked = parent.spec
    spec = IncidentSpec(
        title=asked.title,
        severity=asked.severity,
        target=Target(kind="Pod", namespace=member.namespace, name=member.name, uid=member.uid),
        containment=child_containment(parent),
        evidence=asked.evidence,
        requested_by=asked.requested_by,
        hold=True,
        source=asked.source,
    )
    metadata = {
        "name": member.incident,
        "namespace": parent.metadata.namespace,
        "labels": {names.MANAGED_BY: names.MANAGED_BY_VALUE, names.PARENT: parent.uid},
        "ownerReferences": [_owner(parent)],
    }
    return {"apiVersion": names.API_VERSION, "kind": "SecurityIncident", "metadata": metadata, "spec": spec.wire()}


def _owner(parent: SecurityIncident) -> dict[str, Any]:
    named = {"name": parent.metadata.name, "uid": parent.uid, "controller": True}
    return {"apiVersion": names.API_VERSION, "kind": "SecurityIncident", **named}


def child_containment(parent: SecurityIncident) -> Containment:
    """What a child closes: all, but for the workload that the incident is about, which the parent alone puts to rest."""
    asked, target = parent.spec.containment, parent.spec.target
    of_many = target is not None and target.kind == "Node"
    return asked if of_many else asked.model_copy(update={"workload": "None"})


def made(parent: SecurityIncident, found: SecurityIncident) -> bool:
    """Whether this incident is one that the parent has written down: by its name and by the very pod that it is about."""
    entry = next((member for member in parent.status.targets if member.incident == found.metadata.name), None)
    target = found.spec.target
    if entry is None or target is None or found.metadata.labels.get(names.PARENT) != parent.uid:
        return False
    about = (found.metadata.namespace, target.kind, found.target_namespace, target.name, target.uid)
    return about == (parent.metadata.namespace, "Pod", entry.namespace, entry.name, entry.uid)


def vouches(parent: SecurityIncident, found: SecurityIncident) -> bool:
    """Whether the parent's approvals count for this incident: it made it, and it asks for no more than the parent does."""
    same = (found.spec.containment, found.spec.requested_by) == (child_containment(parent), parent.spec.requested_by)
    return heads_family(parent) and made(parent, found) and same


def kin(parent: SecurityIncident, known: Mapping[str, SecurityIncident]) -> tuple[Kin, ...]:
    """Every suspect with its incident, of those that are known by name."""
    return tuple(Kin(member, _own_child(parent, member, known.get(member.incident))) for member in parent.status.targets)


def _own_child(parent: SecurityIncident, member: MemberStatus, found: SecurityIncident | None) -> SecurityIncident | None:
    return found if found is not None and made(parent, found) and _means(found, member) else None


def _means(found: SecurityIncident, member: MemberStatus) -> bool:
    """Whether an incident is about this very suspect: two of them may have been given one name."""
    return found.spec.target is not None and found.spec.target.uid == member.uid


def is_of(parent: SecurityIncident, member: MemberStatus, found: SecurityIncident) -> bool:
    """Whether this is the incident that the parent made for the suspect."""
    return _own_child(parent, member, found) is not None


def without_name(family: tuple[Kin, ...], taken: frozenset[str]) -> tuple[Kin, ...]:
    """The family, where no incident could be made for the suspects of these uids."""
    return tuple(replace(one, taken=True) if one.member.uid in taken else one for one in family)


def missing(family: tuple[Kin, ...]) -> tuple[MemberStatus, ...]:
    """The suspects that no incident was ever made for; one that a person deleted is not made again."""
    return tuple(one.member for one in family if one.child is None and not one.released)


def outdated(parent: SecurityIncident, family: tuple[Kin, ...]) -> tuple[SecurityIncident, ...]:
    """The children that close other doors than the parent asks for by now."""
    children = (one.child for one in family if one.child is not None and not one.child.leaving)
    return tuple(found for found in children if found.spec.containment != child_containment(parent))


def release_of(parent: SecurityIncident) -> Release:
    """What the parent's release asks of its children."""
    return parent.spec.release or Release(reason=f"Incident {parent.key} was deleted.")


def clear(family: tuple[Kin, ...], pods: Mapping[str, PodView]) -> bool:
    """Whether putting the workload to rest loses no suspect: each is gone, free of its owner, or its evidence is sealed."""
    return all(one.sealed or _free(pods.get(one.member.uid)) for one in family)


def _free(pod: PodView | None) -> bool:
    return pod is None or pod.owner is None


def own(s: Situation) -> Situation:
    """The situation of what the incident does itself: it cordons its node, or puts its workload to rest."""
    target, asked = s.incident.spec.target, s.incident.spec.containment
    assert target is not None
    others = {"node": "None"} if target.kind != "Node" else {"workload": "None"}
    doors = asked.model_copy(update={"network": "None", "identity": "None", **others})
    evidence = s.incident.spec.evidence.model_copy(update={"enabled": False})
    spec = s.incident.spec.model_copy(update={"containment": doors, "evidence": evidence})
    status = s.incident.status.model_copy(update={"node": target.name if target.kind == "Node" else None})
    return replace(s, incident=s.incident.model_copy(update={"spec": spec, "status": status}))


def giving_back(s: Situation, family: tuple[Kin, ...]) -> Plan:
    """The workload first, so that pods that come back find it as it was; the node when every suspect is given back."""
    plan = release(own(s))
    if all(one.over for one in family):
        return plan
    return tuple(stage for stage in plan if any(isinstance(step, ReturnReplicas) for step in stage))
