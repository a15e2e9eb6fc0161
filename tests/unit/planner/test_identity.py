"""Frozen identities: who is frozen and when, several incidents on one identity, and what is said of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedoor.api import names
from firedoor.api.conditions import Condition, Reason
from firedoor.api.incident import IncidentStatus, SecurityIncident
from firedoor.planner.containment import containment
from firedoor.planner.credentials import required_actions
from firedoor.planner.identity import freeze, frozenness, keys_held, thaw
from firedoor.planner.identity_views import AccountView, FrozenList, IdentityView
from firedoor.planner.imagine import after
from firedoor.planner.orphans import orphans
from firedoor.planner.pod_view import PodView
from firedoor.planner.release import outstanding, release
from firedoor.planner.report import Findings, status
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Situation
from firedoor.planner.steps import FreezeIdentity, Step, ThawIdentity
from tests.builders import NOON, OTHER_UID, UID, deny, held_node, incident, pod, quarantined, sealed, situation

POD, ACCOUNT = "pod-uid", "sa.shop.clerk"
OWN, OTHER = names.uid8(UID), names.uid8(OTHER_UID)
NO_EVIDENCE = {"enabled": False}


NOBODY: Mapping[str, str] = {}
SUSPECT = quarantined()


def frozen(holders: Mapping[str, str] = NOBODY) -> FrozenList:
    return FrozenList.read({"metadata": {"resourceVersion": "3"}, "data": dict(holders)})


def view(listed: FrozenList | None, enforced: bool = True, account: AccountView | None = None) -> IdentityView:
    return IdentityView(looked=True, frozen=listed, enforced=enforced, account=account)


def asking(identity: str = "Freeze", **spec: Any) -> SecurityIncident:
    return incident(containment={"identity": identity, "node": "None"}, evidence=NO_EVIDENCE, **spec)


def leaving(mode: str = "Restore") -> SecurityIncident:
    return asking(release={"reason": "over", "mode": mode})


def contained(about: SecurityIncident, listed: FrozenList | None, suspect: PodView | None = SUSPECT, **fields: Any) -> Situation:
    return situation(about, suspect, policies=(deny(),), identity=view(listed), **fields)


def steps(stages: Iterable[Iterable[Step]]) -> list[FreezeIdentity | ThawIdentity]:
    return [step for stage in stages for step in stage if isinstance(step, FreezeIdentity | ThawIdentity)]


def told(found: IncidentStatus) -> Condition:
    return next(condition for condition in found.conditions if condition.type == "IdentityFrozen")


def test_an_account_whose_name_is_too_long_for_the_list_is_not_frozen_and_the_way_that_is_left_is_named() -> None:
    s = contained(asking("FreezeServiceAccount"), frozen(), quarantined(service_account="a" * 253))
    assert freeze(s) == ()
    said = frozenness(s)
    assert (said.status, said.reason) == ("False", Reason.TOKEN_STILL_VALID)
    assert "identity: Freeze" in said.message


def test_the_pods_own_identity_is_frozen_once_the_door_stands() -> None:
    none = frozen()
    assert steps(containment(contained(asking(), none))) == [FreezeIdentity((POD,), none)]
    assert steps(containment(situation(asking(), quarantined(), identity=view(none)))) == []
    assert steps(containment(situation(asking(), pod(), policies=(deny(),), identity=view(none)))) == []


def test_where_the_network_is_left_alone_there_is_no_door_to_wait_for() -> None:
    about = incident(containment={"identity": "Freeze", "network": "None", "node": "None"}, evidence=NO_EVIDENCE)
    assert steps(containment(situation(about, pod(), identity=view(frozen())))) == [FreezeIdentity((POD,), frozen())]


def test_the_whole_serviceaccount_is_frozen_when_asked() -> None:
    assert freeze(contained(asking("FreezeServiceAccount"), frozen())) == (FreezeIdentity((ACCOUNT,), frozen()),)


def test_nothing_is_frozen_that_nobody_asked_for_or_that_is_switched_off() -> None:
    assert freeze(contained(asking("None"), frozen())) == ()
    assert freeze(contained(asking(), frozen(), actions=frozenset({"network"}))) == ()


def test_what_is_frozen_is_not_frozen_again() -> None:
    assert freeze(contained(asking(), frozen({POD: OWN}))) == ()


def test_an_incident_that_asks_for_more_or_less_takes_the_new_hold_before_it_lets_go_of_the_old() -> None:
    about = asking("FreezeServiceAccount")
    s = contained(about, frozen({POD: OWN}))
    assert freeze(s) == (FreezeIdentity((ACCOUNT,), s.around.identity.frozen or frozen()),)
    then = after(s, (freeze(s),))
    assert [step.keys for step in steps((freeze(then),))] == [(POD,)]
    assert keys_held(after(then, (freeze(then),))) == (ACCOUNT,)


def test_a_freeze_that_needs_approval_waits_and_says_so() -> None:
    s = contained(asking(requestedBy="alice"), frozen(), rules=Rules(approval=frozenset({"Freeze"})))
    assert freeze(s) == ()
    assert frozenness(s).reason == Reason.AWAITING_APPROVAL


def test_without_the_list_nothing_is_frozen_and_the_cure_is_told() -> None:
    s = contained(asking(), None)
    assert freeze(s) == ()
    found = frozenness(s)
    assert (found.status, found.reason) == ("False", Reason.TOKEN_STILL_VALID)
    assert "actions.identity.enabled=true" in found.message


def test_a_list_that_no_admission_policy_reads_freezes_nobody() -> None:
    s = situation(asking(), quarantined(), policies=(deny(),), identity=view(frozen({POD: OWN}), enforced=False))
    assert (frozenness(s).status, frozenness(s).reason) == ("False", Reason.TOKEN_STILL_VALID)


def test_frozen_is_true_only_while_this_incident_holds_the_key() -> None:
    assert told(status(contained(asking(), frozen({POD: OTHER})), Findings())).status == "Unknown"
    assert told(status(contained(asking(), frozen({POD: f"{OTHER} {OWN}"})), Findings())).status == "True"
    assert told(status(contained(asking("None"), frozen()), Findings())).reason == Reason.NOT_REQUESTED
    assert frozenness(situation(asking(), quarantined())).status == "Unknown"


def test_the_token_of_a_pod_that_is_gone_is_dead_but_that_of_its_account_is_not() -> None:
    assert frozenness(contained(asking(), frozen(), None)).status == "True"
    account = asking("FreezeServiceAccount")
    assert frozenness(contained(account, frozen(), None)).status == "False"
    held = contained(account, frozen({ACCOUNT: OWN}), None)
    assert (frozenness(held).status, freeze(held)) == ("True", ())


@pytest.mark.parametrize("mode", ["Restore", "Keep"])
def test_release_gives_the_identity_back_in_every_mode(mode: str) -> None:
    s = contained(leaving(mode), frozen({POD: OWN}))
    assert [step.keys for step in steps(release(s))] == [(POD,)]
    assert not steps(release(after(s, release(s))))


def test_a_pod_that_is_to_be_discarded_stays_frozen_until_it_is_gone() -> None:
    s = contained(leaving("Discard"), frozen({POD: OWN}), capture=sealed())
    assert steps(release(s)) == []
    gone = after(s, release(s))
    assert gone.pod is None
    assert outstanding(gone)
    assert [step.keys for step in steps(release(gone))] == [(POD,)]


def test_the_hold_of_another_incident_stays() -> None:
    s = contained(leaving(), frozen({POD: f"{OTHER} {OWN}"}))
    then = after(s, (thaw(s),)).around.identity.frozen
    assert then is not None
    assert then.holders == {POD: (OTHER,)}


@given(st.lists(st.tuples(st.sampled_from([UID, OTHER_UID, "third000-0"]), st.booleans()), max_size=12))
def test_holders_are_never_fewer_than_none_and_the_last_one_out_removes_the_key(story: list[tuple[str, bool]]) -> None:
    identity, holding = view(frozen()), set[str]()
    for uid, wants in story:
        about = incident(uid=uid, containment={"identity": "Freeze"} if wants else {"identity": "None"})
        s = replace(contained(about, frozen()), around=replace(contained(about, frozen()).around, identity=identity))
        identity = after(s, (freeze(s),)).around.identity
        (holding.add if wants else holding.discard)(names.uid8(uid))
        assert identity.frozen is not None
        assert set(identity.frozen.holders.get(POD, ())) == holding
        assert (POD in identity.frozen.holders) == bool(holding)


def test_a_receipt_tells_of_the_identity_until_it_is_given_back() -> None:
    held = status(contained(asking(), frozen({POD: OWN})), Findings())
    (receipt,) = (r for r in held.receipts if r.object.startswith("Identity "))
    assert (receipt.object, receipt.prior, receipt.returned) == ("Identity shop/clerk", '{"frozen": false}', False)
    over = leaving().model_copy(update={"status": held})
    (returned,) = (r for r in status(contained(over, frozen(), None), Findings()).receipts if r.uid == receipt.uid)
    assert returned.returned


def test_an_identity_has_one_receipt_also_after_its_pod_is_written_down() -> None:
    first = status(contained(asking(), frozen({POD: OWN})), Findings())
    assert first.target_uid == POD
    later = status(contained(asking(status=first.wire()), frozen({POD: OWN})), Findings())
    assert [r.object for r in later.receipts if r.object.startswith("Identity ")] == ["Identity shop/clerk"]


def test_a_key_that_an_incident_left_behind_is_given_back() -> None:
    lost = frozen({POD: f"{OTHER} {OWN}"})
    (orphan,) = orphans((), (), [UID], NOON, lost)
    s = situation(orphan, None, identity=view(lost))
    assert orphan.leaving
    assert [(orphan.uid, step.keys) for step in steps(release(s))] == [(OTHER, (POD,))]


def test_what_no_cluster_can_revoke_is_left_to_people_by_name() -> None:
    clerk = {"name": "clerk", "namespace": "shop", "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"}}
    account = AccountView.read({"metadata": clerk, "secrets": [{"name": "clerk-token-x"}]})
    suspect = quarantined(secrets=("card-keys", "database"))
    s = situation(asking(), suspect, identity=view(frozen(), account=account))
    said = " ".join(required_actions(s))
    for word in ("arn:aws:iam::1:role/shop", "clerk-token-x", "card-keys, database", "still read", "when the pod is deleted"):
        assert word in said


def test_what_was_left_to_people_stays_said_when_the_pod_is_gone() -> None:
    before = status(contained(asking(), frozen()), Findings())
    gone = asking().model_copy(update={"status": before})
    assert required_actions(situation(gone, None)) == before.required_actions != ()
    assert required_actions(contained(asking("None"), frozen())) == ()


def test_secrets_of_a_pod_are_found_wherever_it_refers_to_them() -> None:
    environment = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "by-key", "key": "a"}}}, {"name": "B", "value": "b"}]
    container = {
        "name": "web",
        "env": environment,
        "envFrom": [{"secretRef": {"name": "whole"}}, {"configMapRef": {"name": "no"}}],
    }
    volumes = [
        {"name": "v", "secret": {"secretName": "mounted"}},
        {"name": "p", "projected": {"sources": [{"secret": {"name": "projected"}}, {"serviceAccountToken": {"path": "t"}}]}},
    ]
    spec = {"containers": [{"name": "idle"}], "initContainers": [container], "volumes": volumes}
    found = PodView.read({"metadata": {"namespace": "shop", "name": "web", "uid": "u", "resourceVersion": "1"}, "spec": spec})
    assert found.secrets == ("by-key", "mounted", "projected", "whole")
    assert found.service_account == "default"


def test_contained_waits_for_the_identity() -> None:
    s = contained(asking(), frozen(), nodes=(held_node(),))
    contained_ = next(c for c in status(s, Findings()).conditions if c.type == "Contained")
    assert contained_.status != "True"
