"""What holds for every situation, not only for those that somebody thought of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firedoor.api import names
from firedoor.api.incident import ReleaseMode, SecurityIncident
from firedoor.api.policy import Budgets
from firedoor.planner import guards, steps
from firedoor.planner.next import foreseen, next_plan
from firedoor.planner.pod_view import PodView
from firedoor.planner.protection import NOTES
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Capture, Situation, Surroundings
from firedoor.planner.steps import Step
from firedoor.planner.views import NodeView, Owner
from tests.builders import HOME, NOON, OTHER_UID, UID, held_node, incident, node, pod, workload

WORDS = st.sampled_from(["web", "db", "true", ""])
KEYS = st.sampled_from(["app", "tier", names.QUARANTINED, names.quarantine_label(OTHER_UID), names.PRIOR])
LABELS = st.dictionaries(KEYS, WORDS, max_size=4)
OWNERS = st.sampled_from([None, *(Owner(kind, "web", "owner") for kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job"))])
NODES = st.sampled_from([node("node-a"), node("node-a", cordoned=True), held_node(OTHER_UID), node("node-a", control_plane=True)])
RULES = st.builds(
    Rules,
    paused_by=st.sampled_from([(), ("pause",)]),
    protected_labels=st.sampled_from([(), ("tier=db",)]),
    approval=st.sampled_from([frozenset[str](), frozenset({"Isolate"}), frozenset({"Cordon"})]),
    budgets=st.builds(Budgets, cordoned_nodes=st.sampled_from([None, 0, 5])),
    allow_last_node=st.booleans(),
    keep_cordon=st.booleans(),
)


@st.composite
def suspects(draw: st.DrawFn) -> PodView:
    notes = draw(st.dictionaries(st.sampled_from([*NOTES, "note"]), WORDS, max_size=3))
    forged = draw(st.sampled_from([None, "{}", '{"labels": {"app": "bank"}, "owner": null}', "no JSON"]))
    return pod(labels=draw(LABELS), annotations=notes, owner=draw(OWNERS), prior_note=forged, host_network=draw(st.booleans()))


@st.composite
def incidents(draw: st.DrawFn) -> SecurityIncident:
    return incident(
        containment={
            "network": draw(st.sampled_from(["Isolate", "None"])),
            "node": draw(st.sampled_from(["Cordon", "None"])),
            "workload": draw(st.sampled_from(["ScaleToZero", "None"])),
        },
        evidence={"enabled": draw(st.booleans())},
        dryRun=draw(st.booleans()),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    around = Surroundings(
        nodes=(draw(NODES), node("node-b")),
        workload=draw(st.sampled_from([None, workload(3)])),
        capture=Capture(draw(st.sampled_from(["Absent", "Sealed"]))),
    )
    suspect = draw(st.one_of(st.none(), suspects()))
    return Situation(incident=draw(incidents()), home=HOME, now=NOON, pod=suspect, around=around, rules=draw(RULES))


def leaving(s: Situation, mode: ReleaseMode) -> Situation:
    """The same world, and the incident released; its evidence is as it is by then."""
    wish: Mapping[str, Any] = {"reason": "over", "mode": mode}
    spec = s.incident.spec.model_copy(update={"release": type(s.incident.spec).read({"release": wish}).release})
    return replace(s, incident=s.incident.model_copy(update={"spec": spec}))


def asking(s: Situation, **containment: str) -> Situation:
    """The same world, and an incident that asks for this of its doors."""
    asked = s.incident.spec.containment.model_copy(update=containment)
    return replace(s, incident=s.incident.model_copy(update={"spec": s.incident.spec.model_copy(update={"containment": asked})}))


def first(taken: tuple[Step, ...], kind: type[Step]) -> int | None:
    return next((place for place, step in enumerate(taken) if isinstance(step, kind)), None)


@given(situations())
def test_where_a_guard_speaks_no_step_is_planned(s: Situation) -> None:
    if guards.refusal(s) is not None:
        assert next_plan(s) == ()


@given(situations())
def test_a_containment_comes_to_an_end_and_does_nothing_twice(s: Situation) -> None:
    taken, then = foreseen(s)
    assert next_plan(then) == ()
    assert len({type(step) for step in taken}) == len(taken)


@given(situations())
def test_nothing_comes_before_what_it_depends_on(s: Situation) -> None:
    taken, _ = foreseen(s)
    closed, scaled = first(taken, steps.Quarantine), first(taken, steps.ScaleToZero)
    if closed is not None:
        assert all(place >= closed for place, step in enumerate(taken) if not isinstance(step, steps.DenyTraffic))
    if scaled is not None and s.pod is not None and s.pod.owner is not None:
        sealed = s.around.capture.state == "Sealed" or first(taken, steps.StartCapture) is not None
        freed = closed is not None and s.pod.owner.kind not in ("StatefulSet", "DaemonSet")
        assert sealed or freed


@given(situations(), st.sampled_from([ReleaseMode.RESTORE, ReleaseMode.KEEP, ReleaseMode.DISCARD]))
def test_what_is_contained_and_released_leaves_nothing_to_do(s: Situation, mode: ReleaseMode) -> None:
    _, contained = foreseen(s)
    _, given_back = foreseen(leaving(contained, mode))
    assert next_plan(given_back) == ()


@given(situations())
def test_what_is_contained_and_restored_is_as_it_was(s: Situation) -> None:
    _, contained = foreseen(s)
    _, back = foreseen(leaving(contained, ReleaseMode.RESTORE))
    if s.pod is not None and back.pod is not None:
        assert back.pod.labels == s.pod.labels
        assert back.pod.annotations == s.pod.annotations
        assert back.pod.prior_note == s.pod.prior_note
    assert [_plain(one) for one in back.around.nodes] == [_plain(one) for one in s.around.nodes]
    assert back.around.policies == s.around.policies
    assert back.around.workload == s.around.workload


def _plain(one: NodeView) -> tuple[bool, Mapping[str, str]]:
    return one.unschedulable, one.annotations


@given(situations())
def test_what_is_taken_back_is_as_if_it_had_never_been_asked_for_and_the_door_stays_closed(s: Situation) -> None:
    less = {"node": "None", "workload": "None"}
    _, contained = foreseen(s)
    _, narrowed = foreseen(asking(contained, **less))
    _, never = foreseen(asking(s, **less))
    assert narrowed.around.nodes == never.around.nodes
    assert narrowed.around.workload == never.around.workload
    assert (narrowed.pod, narrowed.around.policies) == (never.pod, never.around.policies)


@given(situations())
def test_one_incident_holds_a_thing_once_and_never_less_than_not_at_all(s: Situation) -> None:
    _, contained = foreseen(s)
    for one in contained.around.nodes:
        assert one.holders.count(names.cordon_holder(UID)) <= 1
    _, back = foreseen(leaving(contained, ReleaseMode.RESTORE))
    assert all(names.cordon_holder(UID) not in one.holders for one in back.around.nodes)
