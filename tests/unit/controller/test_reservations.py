"""Reservations: of incidents that see the same world at once, no more act than the guards permit."""

from typing import Any

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.names import quarantine_label
from firedoor.api.policy import Budgets
from firedoor.controller.node_list import NodeList
from firedoor.controller.reservations import Reservations
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, KubeError, Unavailable
from firedoor.planner.report import cordoned
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from firedoor.planner.steps import Cordon, Plan
from tests.builders import OTHER_UID, UID, deny, incident, quarantined, situation


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
    return Reservations(nodes)


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
