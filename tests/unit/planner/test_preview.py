"""The plan of a dry run: whole, also where it waits for somebody, and honest about what would not happen."""

from dataclasses import replace
from typing import Any

from firedoor.api.incident import Grant, PlanStatus
from firedoor.api.policy import Budgets
from firedoor.planner.guards import refusal
from firedoor.planner.identity_views import FrozenList, IdentityView
from firedoor.planner.preview import preview
from firedoor.planner.proof import Proof, Residue
from firedoor.planner.rules import Rules
from firedoor.planner.views import Owner
from firedoor.planner.workload_view import WorkloadView
from tests.builders import OWNER, incident, node, pod, policy, situation, workload

ALL = {"network": "Isolate", "node": "Cordon", "workload": "ScaleToZero", "identity": "Freeze"}
DOOR = {"network": "Isolate", "node": "None"}
SCALE = {**DOOR, "workload": "ScaleToZero"}
NODES = (node("node-a"), node("node-b"))
STATEFUL_SET = Owner("StatefulSet", "web", "deployment-uid")
LIST = IdentityView(looked=True, frozen=FrozenList("1", {}))


def plan(
    containment: dict[str, str] = DOOR, owner: Owner | None = OWNER, ready: bool = True, spec: Any = None, **fields: Any
) -> PlanStatus:
    about = incident(dryRun=True, requestedBy="alice", containment=containment, **(spec or {}))
    return preview(situation(about, pod(owner=owner, ready=ready), sheltered=True, **fields))


def actions(told: PlanStatus) -> list[str]:
    return [step.action for step in told.steps]


def serving(ready: int, **fields: Any) -> WorkloadView:
    return replace(workload(3), ready=ready, **fields)


def test_a_plan_where_nothing_stands_against_anything_warns_of_nothing() -> None:
    told = plan(ALL, nodes=NODES, deployment=serving(3), identity=LIST)
    assert actions(told) == ["Isolate", "Quarantine", "Cordon", "Capture", "ScaleToZero", "Freeze"]
    assert told.warnings == ()


# Waiting for somebody


def test_what_waits_for_an_approval_is_in_the_plan_and_the_plan_says_that_it_waits() -> None:
    rules = Rules(approval=frozenset({"Isolate", "ScaleToZero", "Freeze"}))
    told = plan(ALL, nodes=NODES, deployment=serving(3), identity=LIST, rules=rules)
    assert actions(told) == actions(plan(ALL, nodes=NODES, deployment=serving(3), identity=LIST))
    for action, warning in zip(("Isolate", "ScaleToZero", "Freeze"), told.warnings, strict=True):
        assert warning.startswith(f"{action} waits until ")


def test_what_is_paused_is_in_the_plan_and_the_plan_says_that_it_is_paused() -> None:
    told = plan(rules=Rules(paused_by=("calm",)))
    assert actions(told) == ["Isolate", "Quarantine", "Capture"]
    assert told.warnings == ("Paused by ContainmentPolicy calm; nothing new is touched until that is lifted.",)


def test_a_dry_run_is_a_dry_run_also_while_a_person_has_yet_to_permit_it() -> None:
    for rules in (Rules(paused_by=("calm",)), Rules(approval=frozenset({"Isolate"}))):
        found = refusal(situation(incident(dryRun=True), pod(), rules=rules))
        assert found is not None
        assert found.reason == "DryRun"


def test_an_approval_that_can_never_come_leaves_the_plan_empty_and_says_why() -> None:
    about = incident(dryRun=True, containment=DOOR)
    told = preview(situation(about, pod(), rules=Rules(approval=frozenset({"Isolate"}))))
    assert told.steps == ()
    assert "the incident does not say who asks" in told.warnings[0]


# What would not happen


def test_every_workload_that_would_not_be_put_to_rest_is_a_warning_with_the_reason() -> None:
    claims = serving(3, kind="StatefulSet", deletes_claims=True)
    no_evidence = {"evidence": {"enabled": False}}
    for why, told in (
        ("would delete its volumes", plan(SCALE, STATEFUL_SET, deployment=claims)),
        ("has no replicas to take away", plan(SCALE, deployment=WorkloadView("DaemonSet", "shop", "agent", "agent-uid"))),
        (
            "whose evidence is not captured",
            plan(SCALE, STATEFUL_SET, deployment=serving(3, kind="StatefulSet"), spec=no_evidence),
        ),
        ("No workload owns the suspect pod", plan(SCALE, None)),
        ("ScaleToZero would not happen: it is switched off", plan(SCALE, actions=frozenset({"network", "evidence"}))),
    ):
        assert "ScaleToZero" not in actions(told)
        assert [warning for warning in told.warnings if why in warning], (why, told.warnings)


def test_a_cordon_or_a_freeze_that_would_not_happen_is_a_warning_too() -> None:
    last = plan({"network": "Isolate", "node": "Cordon"}, nodes=(node("node-a"),))
    assert "last schedulable node" in last.warnings[0]
    listless = plan({**DOOR, "identity": "Freeze"}, identity=IdentityView(looked=True))
    assert "no identity can be frozen" in listless.warnings[0]


def test_policies_that_would_allow_something_matter_only_where_the_suspect_is_isolated() -> None:
    open_to_all = policy(podSelector={}, ingress=[{}])
    assert "would still allow the suspect traffic" in plan(policies=(open_to_all,)).warnings[0]
    assert plan({"network": "None", "node": "None"}, policies=(open_to_all,)).warnings == ()


def test_policies_of_other_kinds_are_named_too_and_so_is_that_they_could_not_be_read() -> None:
    grant = Grant(kind="AdminNetworkPolicy", name="lets-all", direction="Ingress", peers="as its rules say", ports="as it says")
    (warning,) = plan(found=Proof(residue=Residue(grants=(grant,)))).warnings
    assert warning == "AdminNetworkPolicy lets-all would still allow the suspect traffic (ingress: as its rules say)."
    (warning,) = plan(found=Proof(residue=Residue(unread="it is forbidden."))).warnings
    assert "could not be read: it is forbidden." in warning


# Who serves


def test_a_suspect_that_is_not_ready_is_not_one_of_the_healthy_and_its_isolation_takes_none_away() -> None:
    told = plan(ready=False, deployment=serving(1))
    assert told.healthy_replicas == 1
    assert told.warnings == ()


def test_the_last_healthy_replica_is_said() -> None:
    told = plan(deployment=serving(1))
    assert told.healthy_replicas == 0
    assert told.warnings == (
        "The suspect is the last healthy replica of Deployment web; nothing serves until a replacement is ready.",
    )


def test_nobody_is_the_last_whom_nothing_would_cut_off() -> None:
    told = plan(deployment=serving(1), rules=Rules(budgets=Budgets(isolated_pods_per_namespace=0)))
    assert (told.steps, told.healthy_replicas) == ((), 1)
    assert "the policy's budget of 0 is used up" in told.warnings[0]
    assert len(told.warnings) == 1


def test_replicas_that_the_plan_itself_stops_do_not_stay_healthy() -> None:
    assert plan(SCALE, deployment=serving(3)).healthy_replicas == 0
    assert plan(deployment=serving(3)).healthy_replicas == 2
    assert plan({"network": "None", "node": "None"}, deployment=serving(3)).healthy_replicas == 3, "nobody is cut off"
