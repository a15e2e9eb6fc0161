"""What an incident asked for and asks for no longer: given back while the rest goes on holding, and said until it is."""

from typing import Any

import pytest

from firedoor.api.incident import Receipt
from firedoor.controller.status import changed
from firedoor.planner.containment import containment
from firedoor.planner.family_report import Findings as FamilyFindings
from firedoor.planner.family_report import conditions as summed_up
from firedoor.planner.fight import NO_FIGHT
from firedoor.planner.receipts import receipts
from firedoor.planner.report import Findings, conditions, status
from firedoor.planner.situation import Situation
from firedoor.planner.steps import ReleaseCordon, ReturnReplicas
from firedoor.planner.workload import fight, give_back
from firedoor.planner.workload_view import Setting
from tests.builders import NOON, OTHER_UID, UID, deny, held_node, incident, node, quarantined, situation, workload
from tests.unit.planner.families import child, kin, parent

ISOLATED_ALONE = {"node": "None", "workload": "None"}
WAS_SCALED = {
    "object": "Deployment web",
    "uid": "deployment-uid",
    "change": "scaled to zero",
    "prior": '{"replicas": 3}',
    "at": NOON,
}
RETURNED = {**WAS_SCALED, "returned": True}


def asking(doors: dict[str, str], *known: dict[str, Any], **world: Any) -> Situation:
    """An incident whose door stands, and which asks for these others by now; its status has these receipts."""
    about = incident(containment=doors, evidence={"enabled": False}, status={"receipts": known})
    return situation(about, quarantined(), policies=(deny(),), **world)


def reason(s: Situation, about: str) -> str:
    return next(condition.reason for condition in conditions(s, None) if condition.type == about)


def scaled(s: Situation) -> list[Receipt]:
    return [receipt for receipt in receipts(s) if receipt.change == "scaled to zero"]


def test_a_node_goes_back_to_how_it_was_and_the_door_stays_closed() -> None:
    held = held_node()
    assert containment(asking(ISOLATED_ALONE, nodes=(held,))) == ((ReleaseCordon(held, uncordon=True, last=True),),)


def test_a_node_that_others_hold_or_had_cordoned_before_stays_cordoned() -> None:
    shared, before = held_node(UID, OTHER_UID), held_node(was=True)
    assert containment(asking(ISOLATED_ALONE, nodes=(shared,))) == ((ReleaseCordon(shared, uncordon=False, last=False),),)
    assert containment(asking(ISOLATED_ALONE, nodes=(before,))) == ((ReleaseCordon(before, uncordon=False, last=True),),)


def test_a_workload_is_set_up_again_as_it_was() -> None:
    held = workload(0, UID, before=5)
    assert containment(asking(ISOLATED_ALONE, deployment=held)) == ((ReturnReplicas(held, Setting("replicas", 5)),),)


def test_what_the_chart_does_not_allow_is_not_tried() -> None:
    world = {"nodes": (held_node(),), "deployment": workload(0, UID)}
    assert containment(asking(ISOLATED_ALONE, **world, actions=frozenset({"network"}))) == ()


def test_until_it_is_given_back_that_is_said_and_not_that_nobody_asked() -> None:
    held = asking(ISOLATED_ALONE, nodes=(held_node(),), deployment=workload(0, UID))
    assert (reason(held, "NodeCordoned"), reason(held, "WorkloadScaled")) == ("Releasing", "Releasing")
    over = asking(ISOLATED_ALONE, nodes=(node(),))
    assert (reason(over, "NodeCordoned"), reason(over, "WorkloadScaled")) == ("NotRequested", "NotRequested")


def test_once_it_is_given_back_the_sentence_names_it_and_an_event_tells_of_it() -> None:
    held = asking({"workload": "ScaleToZero"}, deployment=workload(0, UID))
    before = status(held, Findings())
    given_back = status(asking(ISOLATED_ALONE, RETURNED, deployment=workload(3)), Findings())
    (told,) = (condition for condition in changed(before, given_back) if condition.type == "WorkloadScaled")
    assert told.message == "Scaling to zero is no longer asked for; Deployment web was given back."
    assert changed(given_back, given_back) == ()


def test_its_receipt_is_returned_while_the_incident_goes_on() -> None:
    (receipt,) = scaled(asking(ISOLATED_ALONE, WAS_SCALED, deployment=workload(3)))
    assert receipt.returned


def test_what_somebody_else_took_away_is_not_returned() -> None:
    (receipt,) = scaled(asking({"workload": "ScaleToZero"}, WAS_SCALED, deployment=workload(3)))
    assert not receipt.returned


def test_what_is_held_anew_has_a_receipt_of_what_it_was_by_then() -> None:
    (receipt,) = scaled(asking({"workload": "ScaleToZero"}, RETURNED, deployment=workload(0, UID, before=7)))
    assert (receipt.prior, receipt.returned) == ('{"replicas": 7}', False)


def test_a_returned_receipt_no_longer_tells_what_a_workload_was() -> None:
    held = workload(0, UID, before=7)
    assert give_back(asking({"workload": "ScaleToZero"}, RETURNED, deployment=held)) == (
        ReturnReplicas(held, Setting("replicas", 7)),
    )


def test_a_workload_that_was_given_back_is_no_fight() -> None:
    assert fight(asking(ISOLATED_ALONE, WAS_SCALED, deployment=workload(3))) == NO_FIGHT


@pytest.mark.parametrize(("known", "reason"), [("True:Cordoned", "Releasing"), ("False:NotRequested", "NotRequested")])
def test_of_a_family_those_are_named_that_have_yet_to_give_it_back(known: str, reason: str) -> None:
    about = parent(containment=ISOLATED_ALONE)
    family = kin(about, child(about, 0, NodeCordoned=known), child(about, 1, NodeCordoned="False:NotRequested"))
    (found,) = (one for one in summed_up(situation(about), family, FamilyFindings()) if one.type == "NodeCordoned")
    assert found.reason == reason
    assert (about.status.targets[0].incident in found.message) == (reason == "Releasing")
