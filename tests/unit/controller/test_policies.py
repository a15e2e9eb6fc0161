"""Listing policies: few denies or thousands, the same is seen of a suspect, and nobody can hide among them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from firedoor.actions.network import deny_policy
from firedoor.api import names
from firedoor.controller.policies import MANY, NOT_OURS, Policies
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import Resource
from firedoor.planner.views import PolicyView
from tests.builders import UID
from tests.fakes.objects import selected


@dataclass
class Shelf(Kube):
    """An API server's policies, and what was listed of them."""

    policies: list[Obj]
    selectors: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    """What happens after a listing was made and before it arrives."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        for policy in self.policies:
            if policy["metadata"]["name"] == name:
                return policy
        raise Gone(f"no {name}", status=404)

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        self.selectors.append(labels)
        found = [policy for policy in self.policies if selected(policy, labels)]
        self.meanwhile()
        return found


def uid(number: int) -> str:
    return f"{number:08x}-0000-0000-0000-00000000000f"


def deny(incident_uid: str) -> Obj:
    return stored(deny_policy("shop/shell", incident_uid, "shop", "web-1"))


def stored(policy: Obj) -> Obj:
    return {**policy, "metadata": {**policy["metadata"], "uid": policy["metadata"]["name"]}}


def allowing(name: str, **labels: str) -> Obj:
    spec = {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]}
    return {"metadata": {"namespace": "shop", "name": name, "uid": name, "labels": labels}, "spec": spec}


def crowd(*more: Obj) -> list[Obj]:
    return [*(deny(uid(number)) for number in range(MANY + 1)), deny(UID), *more]


async def seen(shelf: Shelf, policies: Policies) -> set[str]:
    return {policy.name for policy in await policies.around("shop", UID)}


def handed_over(policies: list[Obj]) -> tuple[Shelf, Policies]:
    shelf = Shelf(policies)
    eyes = Policies(shelf)
    for policy in policies:
        if selected(policy, f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE}"):
            eyes.note(policy)
    eyes.complete = True
    return shelf, eyes


async def test_where_there_are_many_denies_only_the_own_one_and_those_of_others_are_looked_at() -> None:
    shelf, policies = handed_over(crowd(allowing("open")))
    assert await seen(shelf, policies) == {"open", names.deny_policy(UID)}
    assert shelf.selectors == [NOT_OURS]


async def test_giving_back_in_a_crowd_looks_at_the_own_deny_and_lists_the_others_once() -> None:
    shelf, policies = handed_over(crowd(allowing("open")))
    for _ in range(3):
        assert {policy.name for policy in await policies.own("shop", UID)} == {names.deny_policy(UID), "open"}
    assert shelf.selectors == [NOT_OURS]
    shelf.policies = [policy for policy in shelf.policies if policy["metadata"]["name"] != names.deny_policy(UID)]
    assert {policy.name for policy in await policies.own("shop", UID)} == {"open"}
    policies.heard("shop")
    await policies.own("shop", UID)
    assert shelf.selectors == [NOT_OURS, NOT_OURS]


async def test_where_there_are_few_one_listing_tells_all() -> None:
    shelf, policies = handed_over([deny(uid(1)), deny(UID), allowing("open")])
    assert await seen(shelf, policies) == {"open", names.deny_policy(UID), names.deny_policy(uid(1))}
    assert shelf.selectors == [""]


async def test_a_policy_that_allows_something_under_firedoors_label_is_seen() -> None:
    hidden = allowing("hidden", **names.made_labels(uid(1)))
    shelf, policies = handed_over(crowd(hidden))
    assert "hidden" in await seen(shelf, policies)
    policies.note(hidden, gone=True)
    assert "hidden" not in await seen(shelf, policies)


async def test_a_deny_that_somebody_edited_is_seen_until_it_is_set_right() -> None:
    right = deny(uid(1))
    wrong = {**right, "spec": {**right["spec"], "ingress": [{}]}}
    shelf, policies = handed_over(crowd(wrong))
    assert right["metadata"]["name"] in await seen(shelf, policies)
    policies.note(right)
    assert right["metadata"]["name"] not in await seen(shelf, policies)


async def test_nothing_is_left_out_before_every_policy_was_handed_over() -> None:
    shelf, policies = handed_over(crowd())
    policies.complete = False
    assert len(await seen(shelf, policies)) == MANY + 2


async def test_an_own_deny_that_is_gone_is_missed() -> None:
    shelf, policies = handed_over(crowd())
    shelf.policies = [policy for policy in shelf.policies if policy["metadata"]["name"] != names.deny_policy(UID)]
    assert await seen(shelf, policies) == set()


async def test_a_listing_older_than_the_watch_does_not_hide_a_policy_that_allows_something() -> None:
    right = deny(uid(1))
    wrong = {**right, "spec": {**right["spec"], "ingress": [{}]}}
    shelf, policies = handed_over(crowd(wrong))
    policies.listed(right)
    assert right["metadata"]["name"] in await seen(shelf, policies)
    policies.note(right)
    policies.listed(wrong)
    assert right["metadata"]["name"] in await seen(shelf, policies)


async def known(policies: Policies, own: PolicyView | None = None) -> set[str]:
    return {policy.name for policy in await policies.known("shop", UID, own)}


async def test_what_the_watch_left_is_asked_for_once() -> None:
    shelf, policies = handed_over([deny(UID), allowing("open")])
    assert await known(policies) == await known(policies) == {"open", names.deny_policy(UID)}
    assert shelf.selectors == [NOT_OURS]


async def test_a_policy_of_somebody_else_that_came_since_is_seen() -> None:
    shelf, policies = handed_over([deny(UID)])
    assert await known(policies) == {names.deny_policy(UID)}
    shelf.policies.append(allowing("open"))
    policies.heard("shop")
    assert await known(policies) == {"open", names.deny_policy(UID)}


async def test_a_listing_during_which_the_watch_told_something_counts_no_second_time() -> None:
    shelf, policies = handed_over([deny(UID)])
    shelf.meanwhile = lambda: policies.heard("shop")
    await known(policies)
    shelf.meanwhile = lambda: None
    shelf.policies.append(allowing("open"))
    assert "open" in await known(policies)


async def test_a_deny_that_a_listing_does_not_show_any_more_is_looked_at() -> None:
    shelf, policies = handed_over([deny(UID)])
    await known(policies)
    shelf.policies.clear()
    policies.doubt({("shop", names.deny_policy(UID))})
    assert await known(policies) == set()


async def test_the_api_servers_own_answer_counts_before_the_watch_tells_the_same() -> None:
    shelf, policies = handed_over([])
    assert await known(policies, PolicyView.deny("shop", UID)) == {names.deny_policy(UID)}
    assert shelf.selectors == [NOT_OURS]


async def test_where_somebody_hides_a_policy_under_firedoors_label_nothing_is_taken_as_known() -> None:
    hidden = allowing("hidden", **names.made_labels(uid(1)))
    shelf, policies = handed_over([deny(UID), hidden])
    assert await known(policies) == {"hidden", names.deny_policy(UID)}
    assert shelf.selectors == [""]
