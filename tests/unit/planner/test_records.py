"""What a pod was before: no repair, no other incident and nobody who edits its record makes firedoor forget or forge it."""

from dataclasses import replace
from typing import Any

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import PRIOR, QUARANTINED
from firedoor.planner.containment import quarantine_holds
from firedoor.planner.drift import drifts
from firedoor.planner.next import foreseen
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.protection import ANNOTATIONS_MOST, NOTES, missing_notes
from firedoor.planner.receipts import behind
from firedoor.planner.report import Findings, status, taken
from firedoor.planner.situation import Situation
from tests.builders import LABEL, LABELS, NOON, OTHER_LABEL, OTHER_UID, OWNER, incident, pod, situation

ALONE = {"node": "None"}


def contained(about: SecurityIncident | None = None, suspect: PodView | None = None, **world: Any) -> Situation:
    """The situation once the door is closed and that is reported."""
    about = about or incident(containment=ALONE, evidence={"enabled": False})
    return reported(foreseen(situation(about, suspect or pod(owner=OWNER), sheltered=False, **world))[1])


def reported(s: Situation) -> Situation:
    return replace(s, incident=s.incident.model_copy(update={"status": status(s, Findings(drift=drifts(s)))}))


def released(s: Situation, mode: str) -> Situation:
    """The situation once everything is given back and that is reported."""
    wish = type(s.incident.spec).read({"release": {"reason": "over", "mode": mode}}).release
    leaving = replace(s, incident=s.incident.model_copy(update={"spec": s.incident.spec.model_copy(update={"release": wish})}))
    found, (_, then) = drifts(leaving), foreseen(leaving)
    return replace(then, incident=then.incident.model_copy(update={"status": status(then, Findings(drift=found))}))


def message(s: Situation) -> str:
    return next(said.message for said in s.incident.status.conditions if said.type == "Released")


def suspect(s: Situation) -> PodView:
    assert s.pod is not None
    return s.pod


def second(s: Situation, *neighbours: SecurityIncident) -> Situation:
    """Another incident about the same pod, once it has closed its door too."""
    about = incident(uid=OTHER_UID, containment=ALONE, evidence={"enabled": False})
    return contained(about, suspect(s), policies=s.around.policies, neighbours=neighbours)


def test_labels_that_are_put_back_keep_the_record_of_what_was_before() -> None:
    s = contained()
    record = suspect(s).recorded
    stripped = replace(s, pod=replace(suspect(s), labels={QUARANTINED: "true"}))
    _, repaired = foreseen(stripped)
    assert suspect(repaired).labels == {QUARANTINED: "true", LABEL: "true"}
    assert suspect(repaired).recorded == record


def test_labels_that_are_put_back_over_a_forged_record_write_what_the_receipt_says() -> None:
    s = contained()
    record = suspect(s).recorded
    forged = replace(suspect(s), labels={"app": "bank"}, prior_note='{"labels": {"app": "bank"}, "owner": null}')
    _, repaired = foreseen(replace(s, pod=forged))
    assert suspect(repaired).recorded == record


# A pod that an incident kept cut off


def test_a_second_incident_knows_what_the_pod_was_before_the_one_that_kept_it_and_leaves_it_as_that_one_did() -> None:
    kept = released(contained(), "Keep")
    both = second(kept, kept.incident)
    assert both.prior.owner == OWNER
    assert suspect(both).recorded == suspect(kept).recorded == PodPrior(LABELS, OWNER, dict.fromkeys(NOTES))
    for mode in ("Restore", "Keep", "Discard"):
        then = released(both, mode)
        assert suspect(then) == suspect(kept)
        assert then.around.policies == kept.around.policies


def test_the_record_that_was_kept_is_checked_against_the_receipt_of_its_incident() -> None:
    kept = released(contained(), "Keep")
    forged = replace(kept, pod=replace(suspect(kept), prior_note='{"labels": {"app": "bank"}, "owner": null}'))
    assert second(forged, kept.incident).prior.labels == LABELS


def test_where_the_incident_that_kept_the_pod_is_gone_its_record_comes_back_with_the_labels_and_is_believed_by_nobody() -> None:
    kept = released(contained(), "Keep")
    alone = second(kept)
    assert alone.prior.labels == suspect(kept).labels
    assert suspect(alone).labels == {QUARANTINED: "true", OTHER_LABEL: "true"}
    then = released(alone, "Restore")
    assert suspect(then) == suspect(kept)
    assert then.around.policies == kept.around.policies
    assert message(then) == "Everything is as it was."


def test_an_annotation_that_only_looks_like_a_record_comes_back_as_it_was() -> None:
    forged = pod(owner=None, prior_note='{"labels": {"app": "bank"}, "owner": null}')
    then = released(contained(suspect=forged), "Restore")
    assert suspect(then) == forged


# A record that is too large for the receipt

MANY = {"app": "web", **{f"example.com/{'k' * 50}-{n:03d}": "v" * 63 for n in range(150)}}
FORGED = '{"labels": {"app": "bank"}, "owner": null}'


def large(note: str | None = None, **changes: Any) -> Situation:
    """A contained pod of many labels, whose record somebody has changed since."""
    s = contained(suspect=pod(labels=MANY, owner=OWNER))
    note = suspect(s).prior_note if note is None else note
    return replace(s, pod=replace(suspect(s), prior_note=note, **changes))


def test_a_large_record_is_recognised_by_its_receipt_and_given_back() -> None:
    assert suspect(released(large(), "Restore")).labels == MANY
    _, repaired = foreseen(large(labels={QUARANTINED: "true"}))
    assert suspect(repaired).prior_note == suspect(large()).prior_note


def test_a_large_record_that_somebody_changed_is_never_believed_and_what_it_was_about_is_listed() -> None:
    for note in (FORGED, "", '{"sha256": "c0ffee", "owner": null}'):
        forged = large(note)
        assert forged.prior.owner == OWNER
        then = released(forged, "Restore")
        assert suspect(then).labels == {}
        assert suspect(then).prior_note == note, "for a person to judge"
        assert "Pod web-1 is without the labels and annotations that firedoor had changed" in message(then)


def test_a_changed_large_record_is_left_alone_by_a_repair_and_not_recommended_by_keep() -> None:
    _, repaired = foreseen(large(FORGED, labels={"app": "bank"}))
    assert suspect(repaired).prior_note == FORGED
    assert "What its labels were is not known" in message(released(large(FORGED), "Keep"))


def test_keep_names_the_record_only_where_it_says_what_was_before() -> None:
    s = contained()
    assert "its annotation firedoor.dev/prior has its labels" in message(released(s, "Keep"))
    forged = replace(s, pod=replace(suspect(s), prior_note=FORGED))
    assert "its receipt has its labels" in message(released(forged, "Keep"))


# A label and a record that somebody forged while the incident was refused

FORGER = pod(labels={**LABELS, LABEL: "true"}, prior_note=FORGED, owner=OWNER)


def accepted(suspect: PodView = FORGER) -> Situation:
    """An incident that was refused, as it is taken: nothing is touched yet."""
    said = [{"type": "Accepted", "status": "False", "reason": "Paused", "message": "", "lastTransitionTime": NOON}]
    refused = {"conditions": [{**said[0], "observedGeneration": 1}]}
    s = situation(incident(containment=ALONE, evidence={"enabled": False}, status=refused), suspect, sheltered=False)
    return replace(s, incident=s.incident.model_copy(update={"status": taken(s)}))


def test_what_the_pod_is_is_written_down_with_the_refusal_taken_back_so_that_a_forged_record_is_not_believed_after_a_crash() -> (
    None
):
    s = accepted()
    assert s.prior == PodPrior(LABELS, OWNER, {**dict.fromkeys(NOTES), PRIOR: FORGED})
    closed = reported(foreseen(s)[1])
    assert suspect(closed).recorded == s.prior
    then = released(closed, "Restore")
    assert (suspect(then).labels, suspect(then).prior_note) == (LABELS, FORGED)


def test_a_pod_that_changed_before_its_door_could_be_closed_is_written_down_anew() -> None:
    s = accepted(pod(owner=OWNER))
    assert not behind(s)
    changed = replace(s, pod=pod(labels={**LABELS, "tier": "front"}, owner=OWNER))
    assert behind(changed)
    again = replace(changed, incident=changed.incident.model_copy(update={"status": taken(changed)}))
    assert not behind(again)
    assert suspect(released(reported(foreseen(again)[1]), "Restore")).labels == {**LABELS, "tier": "front"}


def crowded(**fields: Any) -> PodView:
    """A pod whose own annotations leave no room for any other."""
    return pod(owner=OWNER, annotations={"own": "x" * (ANNOTATIONS_MOST - len("own"))}, **fields)


def test_a_pod_without_room_for_an_annotation_is_cut_off_all_the_same_once_its_receipt_is_written() -> None:
    about = incident(containment=ALONE, evidence={"enabled": False})
    s = situation(about, crowded(), sheltered=False)
    assert behind(s)
    written = replace(s, incident=about.model_copy(update={"status": taken(s)}))
    assert not behind(written)
    _, then = foreseen(written)
    assert suspect(then).labels == {QUARANTINED: "true", LABEL: "true"}
    assert suspect(then).annotations == crowded().annotations
    held = reported(then)
    assert quarantine_holds(held)
    assert suspect(released(held, "Restore")).labels == LABELS


def test_a_record_that_is_on_the_pod_stays_there_however_full_its_owner_makes_the_rest() -> None:
    s = contained()
    kept = suspect(s).annotations
    size = sum(len(key) + len(value) for key, value in kept.items())
    full = replace(suspect(s), annotations={**kept, "own": "x" * (ANNOTATIONS_MOST - size - len("own"))})
    assert quarantine_holds(replace(s, pod=full))
    assert not missing_notes(full)
