"""Reservations: of incidents that see the same world at once, no more act than the guards permit."""

from dataclasses import replace
from typing import Any

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.names import quarantine_label
from firedoor.api.policy import Budgets
from firedoor.controller.ledger import Ledger
from firedoor.controller.node_list import NodeList
from firedoor.controller.reservations import Reservations
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, KubeError, Unavailable
from firedoor.planner.holds import cordoned, scaled
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Cordon, Plan, ScaleToZero
from firedoor.planner.workload_view import WorkloadView
from tests.builders import OTHER_UID, UID, deny, incident, quarantined, situation, workload


class Nodes(Kube):
    """An API server with ready nodes and nothing else."""

    def __init__(self, *names: str) -> None:
        self._names = names

    async def list(self, *_: Any, **__: Any) -> list[Obj]:
        return [
            {
                "metadata": {"name": name, "uid": name, "resourceVersion": "1"},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }
            for name in self._names
        ]


async def looked(*names: str) -> Reservations:
    """Where the nodes are known already."""
    nodes = NodeList(Nodes(*names))
    await nodes.all()
    return Reservations(Ledger(), nodes)


def on(node: str, uid: str, **fields: Any) -> Situation:
    """A suspect on this node behind its incident's closed door."""
    about = incident(uid=uid, evidence={"enabled": False})
    return situation(about, quarantined(quarantine_label(uid), node=node), policies=(deny(uid),), **fields)


def cordons(plan: Plan) -> list[str]:
    return [step.node.name for stage in plan for step in stage if isinstance(step, Cordon)]


async def test_what_one_decided_to_cordon_is_no_schedulable_node_for_the_next() -> None:
    reservations = await looked("node-a", "node-b")
    _, first = reservations.decide(on("node-a", UID))
    seen, second = reservations.decide(on("node-b", OTHER_UID))
    assert (cordons(first), cordons(second)) == (["node-a"], [])
    assert cordoned(seen).reason == Reason.LAST_SCHEDULABLE_NODE


async def test_what_one_decided_to_cordon_uses_up_the_budget() -> None:
    reservations = await looked("node-a", "node-b", "node-c", "node-d")
    one = Rules(budgets=Budgets(cordoned_nodes=1))
    reservations.decide(on("node-a", UID, rules=one))
    seen, plan = reservations.decide(on("node-b", OTHER_UID, rules=one))
    assert cordons(plan) == []
    assert cordoned(seen).reason == Reason.BUDGET_EXCEEDED


async def test_two_incidents_may_decide_to_cordon_one_node() -> None:
    reservations = await looked("node-a", "node-b")
    reservations.decide(on("node-a", UID))
    _, plan = reservations.decide(on("node-a", OTHER_UID))
    assert cordons(plan) == ["node-a"]


async def test_an_incident_that_decides_again_is_not_in_its_own_way() -> None:
    reservations = await looked("node-a", "node-b")
    reservations.decide(on("node-a", UID))
    _, plan = reservations.decide(on("node-a", UID))
    assert cordons(plan) == ["node-a"]


@pytest.mark.parametrize(
    ("error", "then"),
    [(Conflict("the node has moved on"), ["node-b"]), (Unavailable("no answer in time"), [])],
    ids=["was not done", "may have been done"],
)
async def test_what_was_not_done_is_given_up_and_what_nobody_answered_is_not(error: KubeError, then: list[str]) -> None:
    reservations = await looked("node-a", "node-b")
    reservations.decide(on("node-a", UID))
    with pytest.raises(KubeError), reservations.redeemed(UID):
        raise error
    _, plan = reservations.decide(on("node-b", OTHER_UID))
    assert cordons(plan) == then


async def test_what_an_incident_no_longer_wants_is_reserved_no_longer() -> None:
    reservations = await looked("node-a", "node-b")
    reservations.decide(on("node-a", UID))
    reservations.decide(on("node-a", UID, rules=Rules(paused_by=("stop",))))
    _, plan = reservations.decide(on("node-b", OTHER_UID))
    assert cordons(plan) == ["node-b"]


def about(found: WorkloadView, uid: str) -> Situation:
    """A suspect that is free of this workload, which its incident wants at rest; one scale-down an hour is permitted."""
    asked = {"network": "Isolate", "node": "None", "workload": "ScaleToZero"}
    wish = incident(uid=uid, containment=asked, evidence={"enabled": False})
    suspect = quarantined(quarantine_label(uid), owner=None)
    rules = Rules(budgets=Budgets(scale_downs_per_hour=1))
    return situation(wish, suspect, policies=(deny(uid),), deployment=found, rules=rules)


def scales(plan: Plan) -> list[str]:
    return [step.workload.uid for stage in plan for step in stage if isinstance(step, ScaleToZero)]


WEB = workload(3)
BANK = replace(WEB, name="bank", uid="bank-uid")


async def test_what_one_decided_to_put_to_rest_uses_up_the_budget_of_the_hour() -> None:
    reservations = await looked()
    _, first = reservations.decide(about(WEB, UID))
    seen, second = reservations.decide(about(BANK, OTHER_UID))
    assert (scales(first), scales(second)) == ([WEB.uid], [])
    assert scaled(seen).reason == Reason.BUDGET_EXCEEDED


async def test_what_was_put_to_rest_counts_before_any_status_says_so() -> None:
    reservations = await looked()
    reservations.decide(about(WEB, UID))
    with reservations.redeemed(UID):
        reservations.ledger.scale_downs.done(UID)
    _, plan = reservations.decide(about(BANK, OTHER_UID))
    assert scales(plan) == []


async def test_two_incidents_may_decide_to_put_one_workload_to_rest() -> None:
    reservations = await looked()
    reservations.decide(about(WEB, UID))
    _, plan = reservations.decide(about(WEB, OTHER_UID))
    assert scales(plan) == [WEB.uid]


async def test_a_scale_down_that_was_not_done_counts_for_nothing() -> None:
    reservations = await looked()
    reservations.decide(about(WEB, UID))
    with pytest.raises(Conflict), reservations.redeemed(UID):
        raise Conflict("it has moved on")
    _, plan = reservations.decide(about(BANK, OTHER_UID))
    assert scales(plan) == [BANK.uid]


async def test_a_scale_down_that_nobody_answered_counts_once_it_is_seen_to_be_done() -> None:
    reservations = await looked()
    reservations.decide(about(WEB, UID))
    with pytest.raises(Unavailable), reservations.redeemed(UID):
        raise Unavailable("no answer in time")
    reservations.decide(about(workload(0, UID), UID))
    _, plan = reservations.decide(about(BANK, OTHER_UID))
    assert scales(plan) == []
