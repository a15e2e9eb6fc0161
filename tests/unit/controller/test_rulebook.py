"""The rulebook: what policies say of a namespace by the labels that it has now."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from firedoor.api.policy import ContainmentPolicy
from firedoor.controller.rulebook import Rulebook
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import NAMESPACES, Resource
from firedoor.planner.rules import BUILT_IN
from tests.builders import UID


class Shelf(Kube):
    """An API server's namespaces, and which were asked for."""

    def __init__(self, *namespaces: Obj) -> None:
        self.namespaces = {one["metadata"]["name"]: one for one in namespaces}
        self.asked: list[str] = []

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        assert resource is NAMESPACES
        self.asked.append(name)
        if name not in self.namespaces:
            raise Gone(f"no namespace {name}", status=404)
        return self.namespaces[name]


def space(name: str = "shop", **labels: str) -> Obj:
    return {"metadata": {"name": name, "labels": labels}}


def rulebook(**spec: Any) -> Rulebook:
    book = Rulebook()
    book.note_policy(ContainmentPolicy.read({"metadata": {"name": "policy", "uid": "p"}, "spec": {"paused": True, **spec}}))
    return book


SELECTING = {"namespaceSelector": {"matchLabels": {"team": "shop"}}}


def test_rules_follow_the_labels_of_a_namespace() -> None:
    book = rulebook(**SELECTING)
    book.note_namespace(space(team="shop"))
    assert book.rules("shop").paused_by == ("policy",)
    assert book.note_namespace(space(team="bank")), "who is concerned has to look"
    assert book.rules("shop").paused_by == ()
    book.note_namespace(space(team="bank"), gone=True)
    assert book.rules("shop").paused_by == ()


def test_labels_that_no_policy_selects_by_are_no_news() -> None:
    book = rulebook(namespaces=["shop"])
    assert not book.note_namespace(space())
    assert not book.note_namespace(space(team="shop"))
    assert not rulebook(**SELECTING).note_namespace(space(team="shop")), "nor is the first sight of a namespace"


async def test_a_namespace_that_the_watch_has_yet_to_bring_is_asked_for_where_it_matters() -> None:
    shelf, book = Shelf(space(team="shop")), rulebook(**SELECTING)
    await book.learn(shelf, ("shop", "nowhere"))
    assert book.rules("shop").paused_by == ("policy",)
    await book.learn(shelf, ("shop",))
    assert sorted(shelf.asked) == ["nowhere", "shop"]

    indifferent = Shelf(space(team="shop"))
    await rulebook(namespaces=["shop"]).learn(indifferent, ("shop",))
    assert indifferent.asked == []


class Rules(Kube):
    """An API server with these policies and decisions."""

    def __init__(self, **listed: list[Obj]) -> None:
        self.listed = listed

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        return self.listed.get(resource.plural, [])

    async def pages(self, resource: Resource, *_: Any, **__: Any) -> AsyncIterator[Sequence[Obj]]:
        yield []


async def test_what_cannot_be_read_keeps_no_other_rule_from_being_known() -> None:
    good = {"metadata": {"name": "good", "uid": "g"}, "spec": {"paused": True}}
    broken = {"metadata": {"name": "broken", "uid": "b"}, "spec": {"namespaces": 7}}
    book = Rulebook()
    await book.load(Rules(containmentpolicies=[broken, good], incidentapprovals=[{"metadata": {"name": "broken"}, "spec": {}}]))
    assert book.rules("shop").paused_by == ("good",)
    assert book.rules("shop").unreadable == ("broken",)
    assert book.decisions(UID) == ()


def test_a_policy_that_can_no_longer_be_read_holds_as_it_was_and_pauses_everything_until_it_can_or_is_gone() -> None:
    def policy(**spec: Any) -> Obj:
        return {"metadata": {"name": "limits", "uid": "p"}, "spec": spec}

    book = Rulebook()
    book.take(policy(namespaces=["shop"], keepCordon=True))
    book.take(policy(namespaces=7))
    assert (book.rules("shop").keep_cordon, book.rules("shop").unreadable) == (True, ("limits",))
    assert book.rules("bank").unreadable == ("limits",), "nobody knows of which namespace it speaks"
    assert not book.knows("shop"), "so no evidence is deleted"

    book.take(policy(namespaces=["bank"]))
    assert book.rules("shop") == BUILT_IN
    book.take(policy(namespaces=7))
    book.take(policy(namespaces=7), gone=True)
    assert book.rules("bank") == BUILT_IN
    assert book.knows("shop")
