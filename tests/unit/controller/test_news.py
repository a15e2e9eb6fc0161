"""Whom news concerns, and nobody else."""

from typing import Any

from firedoor.api.incident import SecurityIncident
from firedoor.controller.news import AT_ONCE, LATER_SECONDS
from firedoor.controller.process import Controller
from firedoor.controller.settings import Settings
from firedoor.kube.client import Kube
from firedoor.planner.proof import Proof
from tests.builders import OTHER_UID, UID, incident, pod, situation

THIRD_UID = "eeeeeeee-0000-0000-0000-000000000003"
NODE: dict[str, Any] = {"target": {"kind": "Node", "name": "node-a"}}


class Unasked(Kube):
    """An API server that nobody needs to ask."""

    def __init__(self) -> None:
        return


def holding(*incidents: SecurityIncident) -> Controller:
    controller = Controller(Unasked(), Settings())
    for one in incidents:
        controller.parts.ledger.note(one)
        controller.parts.ledger.reserve(situation(one, pod()))
    return controller


def on(node: str, uid: str) -> SecurityIncident:
    return incident(uid=uid, status={"node": node})


def woken(controller: Controller) -> set[str]:
    return set(controller.queue._waiting)


async def test_news_of_a_node_is_for_those_who_are_held_on_it() -> None:
    controller = holding(on("node-a", UID), on("node-b", OTHER_UID))
    for record in controller.parts.ledger.records.values():
        record.proof_loop_time, record.tries = 7.0, 6
    controller.parts.news.of_engine("node-a")
    assert woken(controller) == {UID}
    tried = {uid: (record.proof_loop_time, record.tries) for uid, record in controller.parts.ledger.records.items()}
    assert tried == {UID: (None, 0), OTHER_UID: (7.0, 6)}


async def test_other_labels_of_a_namespace_are_for_those_who_are_about_it_and_for_nodes_whose_pods_are_of_any() -> None:
    controller = holding(incident(uid=UID), incident(uid=OTHER_UID, namespace="bank"), incident(uid=THIRD_UID, **NODE))
    controller.parts.news.of_rules("bank")
    assert woken(controller) == {OTHER_UID, THIRD_UID}
    controller.parts.news.of_rules()
    assert woken(controller) == {UID, OTHER_UID, THIRD_UID}


async def test_a_probe_that_comes_is_for_those_who_could_not_be_tried_without_one() -> None:
    controller = holding(on("node-a", UID), on("node-a", OTHER_UID))
    controller.parts.ledger.records[UID].proof = Proof(missing="No probe pod can be asked.")
    controller.parts.news.of_probe()
    assert woken(controller) == {UID}


async def test_of_a_fight_over_a_door_the_first_rounds_of_a_minute_are_followed_at_once_and_the_rest_a_little_later() -> None:
    controller = holding(on("node-a", UID))
    due = []
    for _ in range(AT_ONCE + 2):
        controller.parts.news.of_door(UID)
        due.append(controller.queue._waiting[UID].due)
        controller.queue.forget(UID)
    assert due[-1] - due[0] >= LATER_SECONDS
    assert due[AT_ONCE - 1] - due[0] < LATER_SECONDS
