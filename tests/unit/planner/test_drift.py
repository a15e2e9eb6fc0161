"""What somebody else removed while it was held is listed on release, and what goes with the release or by itself is not."""

from typing import Any

import pytest

from firedoor.planner.drift import drifts
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.situation import Situation
from firedoor.planner.views import Owner
from tests.builders import LABELS, NOON, OWNER, held_node, incident, node, quarantined, sealed, situation, workload

DATABASE = Owner("StatefulSet", "db", "db-uid")


def receipt(name: str, uid: str, change: str, prior: str = "{}", **fields: Any) -> dict[str, Any]:
    return {"object": name, "uid": uid, "change": change, "prior": prior, "at": NOON, **fields}


def isolated(owner: Owner | None = None) -> dict[str, Any]:
    return receipt("Pod web-1", "pod-uid", "isolated", PodPrior(LABELS, owner).dump())


CORDONED = receipt("Node node-a", "node-a-uid", "cordoned")
SCALED = receipt("Deployment web", "deployment-uid", "scaled to zero", '{"replicas": 3}')


def released(*receipts: dict[str, Any], mode: str | None = "Restore", **world: Any) -> Situation:
    wish = {"reason": "over", **({"mode": mode} if mode else {})}
    return situation(incident(release=wish, status={"receipts": receipts}), **world)


def test_what_was_held_and_is_gone_is_listed_by_name() -> None:
    found = drifts(released(isolated(), CORDONED, SCALED, nodes=(node("node-b"),)))
    assert found == ("Pod web-1 is gone.", "Node node-a is gone.", "Deployment web is gone.")


def test_another_object_of_the_same_name_is_not_what_was_held() -> None:
    again = receipt("Deployment web", "an-earlier-one", "scaled to zero")
    assert drifts(released(again, deployment=workload(3))) == ("Deployment web is gone.",)


def test_what_is_there_is_not_listed() -> None:
    world: dict[str, Any] = {"suspect": quarantined(), "nodes": (held_node(),), "deployment": workload(0)}
    assert drifts(released(isolated(), CORDONED, SCALED, **world)) == ()


def test_what_was_given_back_before_may_go() -> None:
    assert drifts(released({**SCALED, "returned": True})) == ()


@pytest.mark.parametrize(("mode", "owner"), [("Discard", None), (None, OWNER), ("Restore", DATABASE)])
def test_a_pod_that_goes_anyway_is_not_listed(mode: str | None, owner: Owner | None) -> None:
    assert drifts(released(isolated(owner), mode=mode, capture=sealed())) == ()


@pytest.mark.parametrize(("mode", "owner"), [("Restore", OWNER), ("Keep", OWNER), (None, None)])
def test_a_pod_that_would_have_stayed_is_listed(mode: str | None, owner: Owner | None) -> None:
    assert drifts(released(isolated(owner), mode=mode, capture=sealed())) == ("Pod web-1 is gone.",)
