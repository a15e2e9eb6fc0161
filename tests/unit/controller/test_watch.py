"""The watch: whom an event concerns."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import kopf
import pytest

from firedoor.actions.network import deny_policy
from firedoor.api import names
from firedoor.controller import watch
from firedoor.controller.process import Controller
from firedoor.controller.settings import Settings
from firedoor.kube.client import Kube, Obj
from tests.builders import OTHER_UID, UID, incident, pod, situation


class Unasked(Kube):
    """An API server that nobody needs to ask."""

    def __init__(self) -> None:
        return


def holding() -> Controller:
    """A controller with two incidents that hold suspects of the same namespace."""
    controller = Controller(Unasked(), Settings())
    for uid in (UID, OTHER_UID):
        one = incident(uid=uid)
        controller.parts.ledger.note(one)
        controller.parts.ledger.reserve(situation(one, pod()))
    return controller


def deny(**spec: Any) -> Obj:
    made = deny_policy("shop/shell", OTHER_UID, "shop", "web-1")
    return {**made, "metadata": {**made["metadata"], "uid": "p"}, "spec": {**made["spec"], **spec}}


def named(policy: Obj, name: str) -> Obj:
    return {**policy, "metadata": {**policy["metadata"], "name": name}}


async def woken(kind: str | None, policy: Obj) -> set[str]:
    controller, changed = holding(), cast(Callable[..., Awaitable[None]], watch.policy_changed)
    await changed(event={"type": kind, "object": policy}, memo=kopf.Memo(parts=controller.parts))
    return set(controller.queue._waiting)


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED"])
@pytest.mark.parametrize("policy", [deny(ingress=[{}]), named(deny(), "firedoor-other"), named(deny(podSelector={}), "let-in")])
async def test_what_only_bears_firedoors_labels_concerns_everybody_who_is_held_there(kind: str, policy: Obj) -> None:
    assert await woken(kind, policy) == {UID, OTHER_UID}


async def test_a_deny_as_firedoor_writes_it_concerns_its_own_incident_alone() -> None:
    assert deny()["metadata"]["labels"][names.INCIDENT_UID] == OTHER_UID
    assert await woken("ADDED", deny()) == set()
    assert await woken("MODIFIED", deny()) == {OTHER_UID}
    assert await woken("DELETED", deny()) == {OTHER_UID}


async def test_what_was_there_when_the_watch_began_concerns_nobody() -> None:
    assert await woken(None, deny(ingress=[{}])) == set()
