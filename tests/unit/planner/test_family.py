"""Incidents about a workload or a node: who is a suspect, whose child is whose, and what the family does together."""

from typing import Any

import pytest

from firedoor.api import names
from firedoor.api.approval import IncidentApproval
from firedoor.api.conditions import Reason
from firedoor.api.incident import SecurityIncident
from firedoor.planner import family, family_guards
from firedoor.planner.containment import containment
from firedoor.planner.family import Kin
from firedoor.planner.group import Group
from firedoor.planner.permits import objection
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Cordon, ReleaseCordon, ReturnReplicas, ScaleToZero, Step
from tests.builders import HOME, UID, held_node, incident, node, situation, workload
from tests.unit.planner.families import WORKLOAD_UID, child, group, kin, owned, parent, released

SCALE = {"workload": "ScaleToZero"}
OVER = {"Released": "True:Released"}
NODE = {"kind": "Node", "name": "node-a"}


def steps(s: Situation) -> list[Step]:
    return [step for stage in containment(family.own(s)) for step in stage]


# Suspects


def test_a_replacement_that_comes_up_later_is_no_suspect() -> None:
    before = parent(owned("db-0"))
    assert [member.name for member in before.status.targets] == ["db-0"]
    replaced = child(parent(owned("db-1")))
    assert not family.made(before, replaced)
    assert kin(before, replaced)[0].child is None


def test_a_child_is_about_one_pod_by_its_uid_and_asks_for_what_its_parent_does_but_for_the_workload() -> None:
    about = parent(containment={"node": "None", **SCALE}, requestedBy="alice", releaseAfter="1h", title="Breach")
    made = family.child(about, about.status.targets[1])
    assert made["metadata"]["name"] == names.child_incident("shell", "db-1-uid")
    assert made["metadata"]["labels"][names.PARENT] == UID
    assert made["metadata"]["ownerReferences"][0]["uid"] == UID
    assert made["spec"]["target"] == {"kind": "Pod", "namespace": "shop", "name": "db-1", "uid": "db-1-uid"}
    assert made["spec"]["containment"] == {"network": "Isolate", "node": "None", "workload": "None", "identity": "None"}
    assert (made["spec"]["requestedBy"], made["spec"]["title"]) == ("alice", "Breach")
    assert "releaseAfter" not in made["spec"]
    assert made["spec"]["hold"], "a policy's releaseAfter releases the parent, not its children one by one"


def test_of_a_node_each_child_puts_the_workload_of_its_own_pod_to_rest() -> None:
    about = parent(kind="Node", containment=SCALE)
    made = family.child(about, about.status.targets[0])
    assert made["spec"]["containment"]["workload"] == "ScaleToZero"
    assert family.vouches(about, child(about))


def test_the_name_of_a_child_fits_whatever_the_parent_is_called() -> None:
    assert len(names.child_incident("x" * 253, "0a1b2c3d-0000")) == 253
    assert names.child_incident("a" * 243 + "..b", "0a1b2c3d-0000") == "a" * 243 + "-0a1b2c3d"


def test_children_are_made_once_and_one_that_was_deleted_is_not_made_again() -> None:
    about = parent()
    assert [member.name for member in family.missing(kin(about))] == ["db-0", "db-1"]
    assert [member.name for member in family.missing(kin(about, child(about, 0)))] == ["db-1"]
    seen = tuple(member.model_copy(update={"phase": "Contained"}) for member in about.status.targets)
    known = about.model_copy(update={"status": about.status.model_copy(update={"targets": seen})})
    assert family.missing(kin(known)) == ()
    assert all(one.released for one in kin(known))


def test_of_two_suspects_with_one_name_each_has_only_the_incident_about_itself() -> None:
    twins = parent(owned("db-0"), owned("db-1"))
    first = child(twins, 0)
    named = tuple(member.model_copy(update={"incident": first.metadata.name}) for member in twins.status.targets)
    same = twins.model_copy(update={"status": twins.status.model_copy(update={"targets": named})})
    assert [one.child for one in kin(same, first)] == [first, None]


def test_a_suspect_whose_incident_cannot_be_made_is_neither_released_nor_given_up() -> None:
    about = parent()
    (lacking, _) = family.without_name(kin(about), frozenset({"db-0-uid"}))
    assert lacking.taken
    told = lacking.member.model_copy(update={"phase": family.TAKEN})
    assert not Kin(told).released
    assert family.missing((Kin(told),)) == (told,)


def test_children_follow_when_the_parent_closes_other_doors() -> None:
    about = parent()
    children = (child(about, 0), released(about, 1))
    changed = about.model_copy(update={"spec": incident(containment={"identity": "Freeze", **SCALE}).spec})
    assert family.outdated(about, kin(about, *children)) == ()
    assert family.outdated(changed, kin(about, *children)) == (children[0],)


# Whose child


def test_a_parent_vouches_for_what_it_wrote_down_and_for_nothing_else() -> None:
    about = parent(requestedBy="alice")
    own = child(about)
    assert family.vouches(about, own)
    assert not family.vouches(parent(owned("db-7"), requestedBy="alice"), own), "the parent does not list it"
    assert not family.vouches(about, altered(own, metadata={"labels": {}}))
    assert not family.vouches(about, altered(own, metadata={"namespace": "elsewhere"}))
    assert not family.vouches(about, altered(own, spec={"target": {"name": "db-0", "uid": "another-pod"}}))
    assert not family.vouches(about, altered(own, spec={"containment": {"identity": "FreezeServiceAccount"}}))
    assert not family.vouches(about, altered(own, spec={"requestedBy": "mallory"}))


def altered(found: SecurityIncident, **parts: dict[str, Any]) -> SecurityIncident:
    wire = found.wire()
    return SecurityIncident.read(wire | {part: wire[part] | fields for part, fields in parts.items()})


@pytest.mark.parametrize(("answers_to", "reason"), [(UID, None), (None, Reason.AWAITING_APPROVAL)], ids=["child", "forged label"])
def test_the_approvals_of_a_parent_count_for_those_that_it_vouches_for(answers_to: str | None, reason: Reason | None) -> None:
    about = child(parent(requestedBy="alice"), uid="child")
    yes = {"incident": "shell", "incidentUid": UID, "decision": "Approve", "actions": ["Isolate"], "approver": "bob"}
    approval = IncidentApproval.read({"metadata": {"name": "yes", "namespace": "shop"}, "spec": yes})
    rules = Rules(approval=frozenset({"Isolate"}))
    found = objection(situation(about, owned(), rules=rules, approvals=(approval,), answers_to=answers_to), "Isolate")
    assert (found.reason if found else None) == reason


# Guards


def refused(about: SecurityIncident, found: Group | None = None, **fields: Any) -> Reason | None:
    refusal = family_guards.refusal(situation(about, **fields), found)
    return refusal.reason if refusal else None


def test_a_node_is_targeted_from_home_alone() -> None:
    assert refused(incident(target=NODE), group()) == Reason.TARGET_FOREIGN
    assert refused(incident(target=NODE, namespace=HOME), group()) is None


def test_a_workload_of_another_namespace_or_of_a_protected_one_is_refused() -> None:
    elsewhere = {"kind": "Deployment", "name": "web", "namespace": "elsewhere"}
    assert refused(incident(target=elsewhere), group()) == Reason.TARGET_FOREIGN
    assert refused(incident(target=elsewhere, namespace=HOME), group()) is None
    assert (
        refused(incident(target=elsewhere | {"namespace": "kube-system"}, namespace=HOME), group()) == Reason.PROTECTED_NAMESPACE
    )


def test_a_target_that_is_not_there_or_is_another_one_is_refused() -> None:
    workload = {"kind": "StatefulSet", "name": "db"}
    assert refused(incident(target=workload)) == Reason.TARGET_NOT_FOUND
    assert refused(incident(target=workload | {"uid": "7f45"}), group()) == Reason.TARGET_REPLACED
    assert refused(incident(target=workload | {"uid": WORKLOAD_UID}), group()) is None
    assert refused(parent()) is None, "once the suspects are written down, the workload may go"


def test_a_pause_or_a_missing_approval_stops_the_whole_family_before_it_begins() -> None:
    workload = {"kind": "StatefulSet", "name": "db"}
    assert refused(incident(target=workload), group(), rules=Rules(paused_by=("calm",))) == Reason.PAUSED
    needing = Rules(approval=frozenset({"Isolate"}))
    assert refused(incident(target=workload, requestedBy="alice"), group(), rules=needing) == Reason.AWAITING_APPROVAL
    assert refused(incident(target=workload, dryRun=True), group()) == Reason.DRY_RUN


# What the parent does itself


def test_the_workload_is_put_to_rest_once_no_suspect_is_lost_by_it() -> None:
    about = parent(containment=SCALE)
    waiting = situation(about, deployment=workload(), members_clear=False)
    assert steps(waiting) == []
    assert steps(situation(about, deployment=workload())) == [ScaleToZero(workload())]


def test_a_suspect_is_lost_while_its_workload_owns_it_and_its_evidence_is_not_sealed() -> None:
    about = parent()
    sealed, bare = child(about, 0, EvidenceSealed="True:Sealed"), child(about, 1)
    owned_still, free = owned("db-1"), owned("db-1", None)
    assert family.clear(kin(about, sealed, bare), {"db-0-uid": owned("db-0"), "db-1-uid": free})
    assert family.clear(kin(about, sealed, bare), {"db-0-uid": owned("db-0")}), "one that is gone cannot be lost"
    assert not family.clear(kin(about, sealed, bare), {"db-0-uid": owned("db-0"), "db-1-uid": owned_still})


def test_a_node_is_cordoned_by_the_incident_about_it_and_never_drained() -> None:
    about = incident(target=NODE, namespace=HOME)
    nodes = (node("node-a"), node("node-b"))
    assert steps(situation(about, nodes=nodes)) == [Cordon(nodes[0], before=False)]
    assert steps(situation(parent(), nodes=nodes)) == [], "of a workload, the children cordon"


# Release


def given_back(about: SecurityIncident, *children: SecurityIncident, **around: Any) -> list[type[Step]]:
    plan = family.giving_back(situation(about, **around), kin(about, *children))
    return [type(step) for stage in plan for step in stage]


def test_release_gives_the_workload_back_first_and_the_node_when_every_child_is_over() -> None:
    about = parent(release={"reason": "over"})
    around = {"deployment": workload(0, UID), "nodes": (held_node(UID),)}
    holding, over = released(about, 0), released(about, 0, **OVER)
    assert given_back(about, holding, **around) == [ReturnReplicas]
    assert given_back(about, over, **around) == [ReturnReplicas, ReleaseCordon]


def test_children_are_released_as_the_parent_was() -> None:
    asked = parent(release={"reason": "over", "mode": "Keep"})
    assert family.release_of(asked) == asked.spec.release
    deleted = parent().model_copy(update={"metadata": incident(deleted=True).metadata})
    assert family.release_of(deleted).reason == "Incident shop/shell was deleted."


def test_a_family_is_over_when_each_child_says_so_and_not_before() -> None:
    about = parent()
    holding, over = child(about, 0), released(about, 1, **OVER)
    assert [one.over for one in kin(about, holding, over)] == [False, True]
