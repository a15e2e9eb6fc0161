"""What an incident about a workload or a node says of all its suspects together."""

from dataclasses import replace
from typing import Any

from firedoor.api.conditions import Condition, Reason, Type
from firedoor.api.incident import REQUIRED_LIMIT, PlanStatus, SecurityIncident
from firedoor.api.policy import Budgets
from firedoor.planner import family
from firedoor.planner.family_preview import imagined, previewed
from firedoor.planner.family_report import Findings, conditions, status
from firedoor.planner.guards import refusal
from firedoor.planner.pod_view import PodView
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from firedoor.planner.summary import Trouble
from tests.builders import HOME, NO_RULES, UID, held_node, incident, node, situation, workload
from tests.unit.planner.families import child, group, kin, owned, parent, released

ONLY_NETWORK = {"node": "None"}
NO_EVIDENCE = {"enabled": False}
CUT = {"Isolated": "True:Isolated"}
SEALED = {"EvidenceSealed": "True:Sealed"}
OVER = {"Released": "True:Released"}


def asked(**spec: Any) -> SecurityIncident:
    return parent(**{"containment": ONLY_NETWORK, "evidence": NO_EVIDENCE, **spec})


def said(
    about: SecurityIncident, *children: SecurityIncident, drift: tuple[str, ...] = (), **fields: Any
) -> dict[str, Condition]:
    found = conditions(situation(about, **fields), kin(about, *children), Findings(drift=drift))
    return {condition.type: condition for condition in found}


def test_every_suspect_has_to_be_isolated_for_the_whole_to_be() -> None:
    about = asked()
    found = said(about, child(about, 0, **CUT), child(about, 1, **CUT))
    assert (found["Isolated"].status, found["Isolated"].reason) == ("True", "Isolated")
    assert found["Isolated"].message == "All 2 suspects are isolated."
    assert found["Contained"].status == "True"
    assert found["Ready"].status == "True"


def test_one_that_is_not_isolated_is_named_with_its_reason_and_outweighs_one_that_nothing_is_known_of() -> None:
    about = asked()
    leaking = child(about, 1, Isolated="False:TrafficPasses")
    found = said(about, child(about, 0, Isolated="Unknown:NotVerified"), leaking)
    assert (found["Isolated"].status, found["Isolated"].reason) == ("False", "TrafficPasses")
    assert found["Isolated"].message == "pod db-1: Isolated is False."
    assert found["Contained"].reason == "TrafficPasses"


def test_a_child_that_is_not_there_yet_leaves_the_whole_unknown() -> None:
    about = asked()
    found = said(about, child(about, 0, **CUT))
    assert (found["Isolated"].status, found["Isolated"].reason) == ("Unknown", "Pending")


def test_a_child_that_is_refused_counts_with_the_reason_of_its_refusal() -> None:
    about = asked()
    found = said(about, child(about, 0, **CUT), child(about, 1, Accepted="False:BudgetExceeded"))
    assert (found["Isolated"].status, found["Isolated"].reason) == ("False", "BudgetExceeded")


def test_where_there_was_no_pod_nothing_is_claimed() -> None:
    about = family.accepted(
        incident(target={"kind": "StatefulSet", "name": "db"}, containment=ONLY_NETWORK), group(owned(phase="Succeeded"))
    )
    found = said(about)
    assert (found["Isolated"].status, found["Isolated"].reason) == ("Unknown", "NoPods")
    assert found["Contained"].status == "Unknown"


def test_a_suspect_that_was_released_by_itself_counts_no_more_and_that_is_said() -> None:
    about = asked()
    found = said(about, child(about, 0, **CUT), released(about, 1, **OVER))
    assert found["Contained"].status == "True"
    assert "no longer counted: 1 of 2" in found["Contained"].message
    everyone = said(about, released(about, 0, **OVER), released(about, 1, **OVER))
    assert (everyone["Contained"].status, everyone["Contained"].reason) == ("False", "Released")


def test_evidence_of_a_released_suspect_still_counts() -> None:
    about = asked(evidence={})
    found = said(about, child(about, 0, **CUT, **SEALED), released(about, 1, EvidenceSealed="True:Partial", **OVER))
    assert (found["EvidenceSealed"].status, found["EvidenceSealed"].reason) == ("True", "Partial")
    assert "pod db-1" in found["EvidenceSealed"].message


def test_what_was_not_asked_for_is_not_summed_up() -> None:
    found = said(asked())
    others = (
        found[about].reason for about in (Type.NODE_CORDONED, Type.WORKLOAD_SCALED, Type.IDENTITY_FROZEN, Type.EVIDENCE_SEALED)
    )
    assert set(others) == {"NotRequested"}


def test_the_workload_is_the_parents_own() -> None:
    about = asked(containment={**ONLY_NETWORK, "workload": "ScaleToZero"})
    assert said(about, deployment=workload(), members_clear=False)["WorkloadScaled"].reason == "WaitingForEvidence"
    assert said(about, deployment=workload(0, UID))["WorkloadScaled"].status == "True"


def test_a_node_is_held_by_the_parent_and_the_workloads_of_its_pods_by_the_children() -> None:
    target = {"kind": "Node", "name": "node-a"}
    about = incident(target=target, namespace=HOME, containment={"workload": "ScaleToZero"})
    about = family.accepted(about, group())
    found = said(about, nodes=(held_node(UID), node("node-b")))
    assert found["NodeCordoned"].status == "True"
    assert found["WorkloadScaled"].reason == "Pending"
    rest, bare = child(about, 0, WorkloadScaled="True:Scaled"), child(about, 1, WorkloadScaled="False:NoWorkload")
    assert said(about, rest, bare)["WorkloadScaled"].message == "The suspect is under a workload at rest."
    waiting = child(about, 1, WorkloadScaled="False:WaitingForEvidence")
    assert said(about, rest, waiting)["WorkloadScaled"].reason == "WaitingForEvidence"
    assert said(about, child(about, 0, WorkloadScaled="False:NoWorkload"), bare)["WorkloadScaled"].reason == "NoWorkload"
    assert status(situation(about), kin(about), Findings()).node == "node-a"


def test_a_suspect_whose_incident_has_another_ones_name_is_not_contained_and_that_is_said() -> None:
    about = asked()
    family_ = family.without_name(kin(about, child(about, 0, **CUT)), frozenset({"db-1-uid"}))
    found = status(situation(about), family_, Findings())
    isolated = next(c for c in found.conditions if c.type == "Isolated")
    assert (isolated.status, isolated.reason) == ("False", "NameTaken")
    assert f"SecurityIncident {about.status.targets[1].incident} exists and is not about it" in isolated.message
    assert [(member.phase, member.isolated) for member in found.targets][1] == ("NameTaken", "False")


def with_actions(one: SecurityIncident, *actions: str) -> SecurityIncident:
    return one.model_copy(update={"status": one.status.model_copy(update={"required_actions": actions})})


def test_what_a_person_should_do_about_any_suspect_is_told_once() -> None:
    about = asked()
    children = (with_actions(child(about, 0), "Revoke the role.", "Rotate a."), with_actions(child(about, 1), "Revoke the role."))
    both = status(situation(about), kin(about, *children), Findings())
    assert both.required_actions == ("Revoke the role.", "Rotate a.")
    later = about.model_copy(update={"status": both})
    assert status(situation(later), kin(later, children[1]), Findings()).required_actions == ("Revoke the role.", "Rotate a.")
    done = (with_actions(children[0]), children[1])
    assert status(situation(later), kin(later, *done), Findings()).required_actions == ("Revoke the role.",)


def test_no_more_is_asked_of_a_person_than_a_status_holds() -> None:
    about = asked()
    many = with_actions(child(about, 0), *(f"Rotate {number}." for number in range(REQUIRED_LIMIT)), "Shared.")
    found = status(situation(about), kin(about, many, with_actions(child(about, 1), "Shared.")), Findings())
    assert found.required_actions[0] == "Shared."
    assert len(found.required_actions) == REQUIRED_LIMIT
    assert found.required_actions[-1].startswith("There is more to do")


def test_status_names_each_suspect_with_its_incident_and_how_far_that_is() -> None:
    about = asked()
    first, second = status(situation(about), kin(about, child(about, 0, **CUT)), Findings()).targets
    assert (first.name, first.uid, first.phase, first.isolated) == ("db-0", "db-0-uid", "Containing", "True")
    assert first.incident == about.status.targets[0].incident
    assert (second.name, second.phase, second.isolated) == ("db-1", None, "Unknown")


def test_release_waits_for_every_child_and_says_for_which() -> None:
    about = asked(release={"reason": "over"})
    waiting = said(about, released(about, 0, **OVER), child(about, 1))
    assert (waiting["Released"].status, waiting["Released"].reason) == ("False", "Releasing")
    assert about.status.targets[1].incident in waiting["Released"].message
    over = said(about, released(about, 0, **OVER), released(about, 1, **OVER))
    assert (over["Released"].status, over["Released"].reason) == ("True", "Released")
    assert over["Isolated"].reason == "Released"


def test_what_a_child_could_not_give_back_is_told_in_its_words() -> None:
    about = asked(release={"reason": "over"})
    found = said(about, released(about, 0, Released="True:Kept"), released(about, 1, **OVER))
    assert (found["Released"].status, found["Released"].reason) == ("True", "Kept")
    drifted = said(about, released(about, 0, **OVER), released(about, 1, **OVER), drift=("Node a had been.",))
    assert drifted["Released"].reason == "Drifted"


def test_what_the_api_server_refuses_is_shown() -> None:
    about = asked()
    found = conditions(situation(about), kin(about), Findings(trouble=Trouble(Reason.FORBIDDEN, "no")))
    assert next(c for c in found if c.type == Type.STALLED).reason == "Forbidden"


def test_what_is_left_out_is_named_where_the_target_is_accepted() -> None:
    pods = [owned(f"db-{number:03}") for number in range(257)]
    found = said(parent(*pods))
    assert found["Accepted"].message == (
        "The target is StatefulSet shop/db with 256 suspect pods. One more pod is left out: an incident has at most 256 suspects."
    )


def rehearsed(about: SecurityIncident, **fields: Any) -> tuple[Situation, list[Situation]]:
    s = situation(about, **fields)
    pods = (owned("db-0"), owned("db-1", host_network=True))
    members = family.pinned(about, group(*pods))
    return s, [situation(imagined(about, member), pod) for member, pod in zip(members, pods, strict=True)]


def test_a_dry_run_tells_what_every_child_would_do_and_then_the_incident_itself() -> None:
    about = asked(containment={**ONLY_NETWORK, "workload": "ScaleToZero"}, dryRun=True)
    plan = previewed(*rehearsed(about, deployment=workload()), ("One is left out.",))
    assert [step.action for step in plan.steps] == ["Isolate", "Quarantine", "ScaleToZero"]
    assert plan.warnings[0] == "One is left out."
    assert "Pod db-1: Pod shop/db-1 runs on the host network" in plan.warnings[1]


def previews(about: SecurityIncident, *pods: PodView, rules: Rules = NO_RULES, **fields: Any) -> PlanStatus:
    """The plan of a family with these suspects."""
    s = situation(about, rules=rules, **fields)
    members = zip(family.pinned(about, group(*pods)), pods, strict=True)
    nodes = fields.get("nodes", ())
    return previewed(s, [situation(imagined(about, one), pod, rules=rules, nodes=nodes) for one, pod in members], ())


def test_what_the_first_children_would_take_of_a_budget_is_gone_for_those_after_them() -> None:
    three = [owned(f"db-{number}") for number in range(3)]
    told = previews(asked(dryRun=True), *three, rules=Rules(budgets=Budgets(isolated_pods_per_namespace=2)))
    assert [step.object for step in told.steps if step.action == "Quarantine"] == ["Pod shop/db-0", "Pod shop/db-1"]
    (refused,) = told.warnings
    assert refused.startswith("Pod db-2: 2 pods of namespace shop are isolated")


def test_the_nodes_that_the_first_children_would_cordon_count_for_those_after_them() -> None:
    nodes = tuple(node(f"node-{letter}") for letter in "abc")
    told = previews(asked(dryRun=True, containment={}), owned("db-0"), owned("db-1", node="node-b"), nodes=nodes)
    assert [step.object for step in told.steps if step.action == "Cordon"] == ["Node node-a"]
    assert "node-b would exceed the budget of 1" in " ".join(told.warnings)


def test_what_would_be_named_by_an_incident_that_is_not_there_yet_has_no_name_in_the_plan() -> None:
    told = previews(asked(dryRun=True), owned("db-0"), owned("db-1"))
    isolations = [(step.object, step.detail) for step in told.steps if step.action == "Isolate"]
    assert isolations == [
        ("NetworkPolicy shop/firedoor-UID", f"created: denies pod {name} all traffic in both directions")
        for name in ("db-0", "db-1")
    ]


def test_a_plan_of_a_family_says_what_it_waits_for_once_what_would_not_happen_and_who_would_be_the_last() -> None:
    needing = Rules(approval=frozenset({"Isolate"}))
    about = asked(dryRun=True, requestedBy="alice", containment={**ONLY_NETWORK, "workload": "ScaleToZero"})
    claims = replace(workload(kind="StatefulSet"), deletes_claims=True, ready=2)
    told = previews(about, owned("db-0"), owned("db-1"), rules=needing, deployment=claims)
    assert len([step for step in told.steps if step.action == "Isolate"]) == 2
    assert [warning.split(" waits until ")[0] for warning in told.warnings if "IncidentApproval" in warning] == ["Isolate"]
    assert [warning for warning in told.warnings if "would delete its volumes" in warning]
    assert (
        "The suspects are the last healthy replicas of StatefulSet web; nothing serves until a replacement is ready."
        in told.warnings
    )
    assert told.healthy_replicas == 0


def test_a_refused_incident_has_touched_nothing() -> None:
    about = incident(target={"kind": "StatefulSet", "name": "db"})
    refused = refusal(situation(about, rules=situation().rules))
    found = {c.type: c for c in conditions(situation(about), (), Findings(refused=refused))}
    assert found["Accepted"].status == "False"
    assert found["Isolated"].reason == "Pending"
