"""The verdict on isolation: True needs every rung, and each missing one has its own word."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from firedoor.api.conditions import Reason
from firedoor.api.incident import Reach
from firedoor.planner.pod_view import Family
from firedoor.planner.proof import Proof
from firedoor.planner.verdict import Verdict, isolation
from tests.builders import NOON, deny, engine, policy, proof, quarantined, situation, tried
from tests.builders import pod as ordinary_pod

ALLOW_ALL = policy("let-in", podSelector={}, policyTypes=["Ingress"], ingress=[{}])
HOLDS = proof()


def verdict(found: Proof = HOLDS, *policies: object) -> tuple[str, Reason]:
    s = situation(suspect=quarantined(), policies=(deny(), *policies), found=found)  # type: ignore[arg-type]
    told = isolation(s)
    return told.status, told.reason


def test_true_needs_an_answer_before_silence_now_and_a_dead_connection() -> None:
    assert verdict() == ("True", Reason.ISOLATED)
    assert verdict(proof(before="Refused")) == ("True", Reason.ISOLATED)


@pytest.mark.parametrize("after", ["Open", "Refused"])
def test_any_answer_now_means_that_traffic_passes(after: str) -> None:
    assert verdict(proof(after=after)) == ("False", Reason.TRAFFIC_PASSES)


def test_silence_without_an_answer_before_proves_nothing() -> None:
    assert verdict(proof(before="Timeout")) == ("Unknown", Reason.NOT_VERIFIED)
    assert verdict(proof(before=None)) == ("Unknown", Reason.NOT_VERIFIED)


@pytest.mark.parametrize("before", ["Timeout", None])
def test_silence_from_the_start_is_proof_where_a_canary_on_the_node_was_denied_since(before: str | None) -> None:
    assert verdict(proof(before=before, by_canary=True)) == ("True", Reason.ISOLATED)
    assert verdict(proof(before=before, by_canary=True, flow="Unknown")) == ("Unknown", Reason.NOT_VERIFIED)
    assert verdict(proof(before=before, after="Error", by_canary=True)) == ("Unknown", Reason.NOT_VERIFIED)


@pytest.mark.parametrize(("before", "says"), [("Open", "nobody keeps it so"), ("Timeout", "may never have arrived")])
def test_behind_an_engine_that_has_stopped_silence_is_neither_held_nor_broken(before: str, says: str) -> None:
    stopped = engine("Passes", "Passes", denied_at=NOON)
    told = isolation(situation(suspect=quarantined(), policies=(deny(),), found=proof(before=before), engine=stopped))
    assert (told.status, told.reason) == ("Unknown", Reason.CNI_STOPPED)
    assert says in told.message


def test_a_probe_that_failed_is_no_silence() -> None:
    assert verdict(proof(after="Error")) == ("Unknown", Reason.NOT_VERIFIED)


def test_probes_that_could_not_be_asked_are_said_to_be_missing() -> None:
    assert verdict(proof(missing="No probe pod can be asked.")) == ("Unknown", Reason.NOT_VERIFIED)


def test_an_open_connection_that_still_passes_denies_the_isolation() -> None:
    assert verdict(proof(flow="Alive")) == ("False", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE)


def test_open_connections_that_could_not_be_tried_leave_it_unknown() -> None:
    assert verdict(proof(flow="Unknown")) == ("Unknown", Reason.ESTABLISHED_CONNECTIONS_POSSIBLE)


def test_a_policy_that_allows_anything_denies_the_isolation_whatever_the_probes_found() -> None:
    assert verdict(HOLDS, ALLOW_ALL) == ("False", Reason.OVERLAPPING_ALLOW_POLICIES)


def test_without_policy_or_label_nothing_holds() -> None:
    assert isolation(situation(suspect=quarantined(), found=HOLDS)).reason == Reason.POLICY_MISSING
    unlabelled = situation(suspect=ordinary_pod(), policies=(deny(),), found=HOLDS)
    assert isolation(unlabelled).reason == Reason.LABEL_MISSING


def test_before_the_probes_were_asked_nothing_is_claimed() -> None:
    assert verdict(Proof()) == ("Unknown", Reason.VERIFYING)


@pytest.mark.parametrize(
    ("near", "said"),
    [
        ((), ("Unknown", Reason.NOT_VERIFIED)),
        ((tried("Error", node="node-a"),), ("Unknown", Reason.NOT_VERIFIED)),
        ((tried("Timeout", node="node-a", protocol="UDP"),), ("Unknown", Reason.NOT_VERIFIED)),
        ((tried("Timeout", node="node-c"),), ("Unknown", Reason.NOT_VERIFIED)),
        ((tried("Refused", node="node-a"),), ("False", Reason.TRAFFIC_PASSES)),
        ((tried("Timeout", node="node-a"),), ("True", Reason.ISOLATED)),
    ],
)
def test_silence_to_other_nodes_is_not_enough_the_suspects_own_is_tried_too(
    near: tuple[Reach, ...], said: tuple[str, Reason]
) -> None:
    assert verdict(replace(HOLDS, near=near)) == said


def test_a_probe_on_the_suspects_node_needs_no_canary_for_that() -> None:
    there = tried("Timeout", node="node-a", before="Open")
    assert verdict(replace(HOLDS, reach=(there,), near=())) == ("True", Reason.ISOLATED)


def test_what_gets_out_of_the_suspect_denies_the_isolation_until_its_node_is_measured_later_and_denies() -> None:
    out = tried("Open", probe="firedoor-probe-1", direction="Egress", address="10.0.1.3", port=7007)
    found = replace(HOLDS, outward=(out,), outward_at=NOON)

    def told(began: datetime, **fields: Any) -> Verdict:
        measured = engine(**fields, began=began)
        return isolation(situation(suspect=quarantined(), policies=(deny(),), found=found, engine=measured))

    before, after = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)
    assert told(before).reason == Reason.TRAFFIC_PASSES
    assert "the suspect still reaches firedoor-probe-1" in told(before).message
    assert told(after, node="node-b").reason == Reason.TRAFFIC_PASSES
    assert told(after, egress="Passes").reason == Reason.TRAFFIC_PASSES
    assert told(after).status == "True"


def test_where_the_canarys_connections_stand_for_the_suspects_they_have_to_be_watched() -> None:
    by_canary, own = proof(before=None, by_canary=True), HOLDS

    def told(found: Proof) -> tuple[str, Reason]:
        verdict = isolation(situation(suspect=quarantined(), policies=(deny(),), found=found, watched=False))
        return verdict.status, verdict.reason

    assert told(by_canary) == ("Unknown", Reason.VERIFYING)
    assert told(own) == ("True", Reason.ISOLATED)


def after_a_breach(*, tried: int, measured: int, on: str = "node-a") -> tuple[str, Reason]:
    """The verdict a minute after the door was seen open; a try and a measurement began so many seconds after that."""
    found = replace(HOLDS, began=NOON + timedelta(seconds=tried))
    since = engine(node=on, began=NOON + timedelta(seconds=measured))
    s = situation(suspect=quarantined(), policies=(deny(),), found=found, engine=since, seen_open=NOON)
    told = isolation(s)
    return told.status, told.reason


def test_what_was_proved_before_the_door_was_seen_open_proves_nothing_any_more() -> None:
    assert after_a_breach(tried=-1, measured=1) == ("Unknown", Reason.VERIFYING)
    assert after_a_breach(tried=1, measured=-1) == ("Unknown", Reason.VERIFYING)
    assert after_a_breach(tried=0, measured=0) == ("Unknown", Reason.VERIFYING)
    assert after_a_breach(tried=1, measured=1) == ("True", Reason.ISOLATED)


def test_a_measurement_of_another_node_of_the_pool_says_nothing_of_what_this_one_did_since() -> None:
    assert after_a_breach(tried=1, measured=1, on="node-b") == ("Unknown", Reason.VERIFYING)


def test_a_try_that_an_earlier_controller_made_says_nothing_either() -> None:
    s = situation(suspect=quarantined(), policies=(deny(),), found=HOLDS, engine=engine(), seen_open=NOON)
    assert isolation(s).reason == Reason.VERIFYING


def test_a_try_of_long_ago_proves_nothing() -> None:
    def told(ago: timedelta) -> tuple[str, Reason]:
        found = replace(HOLDS, at=NOON - ago)
        verdict = isolation(situation(suspect=quarantined(), policies=(deny(),), found=found))
        return verdict.status, verdict.reason

    assert told(timedelta(minutes=4)) == ("True", Reason.ISOLATED)
    assert told(timedelta(minutes=6)) == ("Unknown", Reason.NOT_VERIFIED)


FOUR, SIX = "10.0.0.7", "fd00::7"
BOTH_FAMILIES: frozenset[Family] = frozenset(("IPv4", "IPv6"))


def of_both(*reach: Reach, by_canary: bool = False, families: frozenset[Family] = BOTH_FAMILIES) -> tuple[str, Reason]:
    """The verdict on a pod with an address of each family, tried like this and from its own node at both."""
    near = tuple(tried("Timeout", probe="firedoor-canary-0", node="node-a", address=address) for address in (FOUR, SIX))
    found = Proof(reach=reach, near=near, flow="Cut", by_canary=by_canary, at=NOON)
    s = situation(suspect=quarantined(addresses=(FOUR, SIX)), policies=(deny(),), found=found, engine=engine(families=families))
    told = isolation(s)
    return told.status, told.reason


def test_a_pod_with_addresses_of_both_families_is_isolated_when_both_are() -> None:
    four, six = (tried("Timeout", before="Open", address=address) for address in (FOUR, SIX))
    silent, passing = tried("Timeout", before="Timeout", address=SIX), tried("Open", before="Open", address=SIX)
    assert of_both(four, six) == ("True", Reason.ISOLATED)
    assert of_both(four, passing) == ("False", Reason.TRAFFIC_PASSES)
    assert of_both(four, silent) == ("Unknown", Reason.NOT_VERIFIED)
    assert of_both(four, tried("Error", before="Error", address=SIX)) == ("Unknown", Reason.NOT_VERIFIED)


def test_a_canary_speaks_for_the_families_over_which_it_was_measured() -> None:
    silent = tuple(tried("Timeout", before="Timeout", address=address) for address in (FOUR, SIX))
    assert of_both(*silent, by_canary=True) == ("True", Reason.ISOLATED)
    assert of_both(*silent, by_canary=True, families=frozenset(("IPv4",))) == ("Unknown", Reason.NOT_VERIFIED)


def test_a_pod_is_tried_from_its_own_node_at_each_of_its_addresses() -> None:
    reach = tuple(tried("Timeout", before="Open", address=address) for address in (FOUR, SIX))
    near = (tried("Timeout", probe="firedoor-canary-0", node="node-a", address=FOUR),)
    found = Proof(reach=reach, near=near, flow="Cut", at=NOON)
    told = isolation(situation(suspect=quarantined(addresses=(FOUR, SIX)), policies=(deny(),), found=found))
    assert (told.status, told.reason) == ("Unknown", Reason.NOT_VERIFIED)
    assert SIX in told.message


def test_a_pod_that_has_ipv6_alone_is_judged_by_it() -> None:
    reach = (tried("Timeout", before="Open", address=SIX),)
    near = (tried("Timeout", probe="firedoor-canary-0", node="node-a", address=SIX),)
    suspect = quarantined(ip=SIX, addresses=(SIX,))
    told = isolation(situation(suspect=suspect, policies=(deny(),), found=Proof(reach=reach, near=near, flow="Cut", at=NOON)))
    assert (told.status, told.reason) == ("True", Reason.ISOLATED)
