"""What of a plan's wishes would not come true, and what would be left to serve: the warnings of a dry run. Pure.

`then` is the situation after every step that could be taken, in imagination; what does not hold by then never would.
"""

from collections.abc import Iterable, Iterator

from firedoor.api.policy import Action
from firedoor.planner import guards
from firedoor.planner.holds import cordoned, scaled
from firedoor.planner.identity import frozenness, keys_held, keys_wanted, wants_freeze
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import Situation
from firedoor.planner.workload import wants_scale

SWITCHES = {"Cordon": "cordon", "ScaleToZero": "scaleToZero", "Freeze": "identity"}
"""The chart's switch of each action that may be switched off."""


def asked(s: Situation) -> tuple[Action, ...]:
    """The actions that the incident asks for."""
    doors = s.incident.spec.containment
    wanted: dict[Action, str] = {
        "Isolate": doors.network,
        "Cordon": doors.node,
        "ScaleToZero": doors.workload,
        "Freeze": doors.identity,
    }
    return tuple(action for action, wish in wanted.items() if wish != "None")


def shortfall(then: Situation) -> Iterable[str]:
    """Why nothing would happen at all, or what of it would not."""
    refused = guards.refusal(then)
    return unmet(then) if refused is None else (refused.message,)


def unmet(then: Situation) -> Iterator[str]:
    """Every action that was asked for and would not happen, with the reason."""
    off = [action for action in asked(then) if SWITCHES.get(action, "") not in (*then.actions, "")]
    yield from (f"{action} would not happen: it is switched off in this installation." for action in off)
    if "Cordon" in asked(then) and "Cordon" not in off and (found := cordoned(then)).status != "True":
        yield found.message
    if wants_scale(then) and (found := scaled(then)).status != "True":
        yield found.message
    if wants_freeze(then) and not set(keys_wanted(then)) <= set(keys_held(then)):
        yield frozenness(then).message


def healthy(s: Situation, then: Situation, suspects: Iterable[PodView]) -> int | None:
    """How many ready replicas the workload would have left; None for what has no replicas. suspects: who would be cut off."""
    workload, after = s.around.workload, then.around.workload
    if workload is None or workload.ready is None:
        return None
    if after is not None and after.at_rest:
        return 0
    return max(0, workload.ready - len(_serving(suspects)))


def last(s: Situation, then: Situation, suspects: Iterable[PodView]) -> Iterator[str]:
    """Whether nothing would serve any more, and isolating the suspects were the reason; that is allowed, and said."""
    workload, after = s.around.workload, then.around.workload
    stopped = after is not None and after.at_rest
    if workload is None or stopped or not (serving := _serving(suspects)) or healthy(s, then, serving) != 0:
        return
    who = "The suspect is the last healthy replica" if len(serving) == 1 else "The suspects are the last healthy replicas"
    yield f"{who} of {workload.title}; nothing serves until a replacement is ready."


def _serving(suspects: Iterable[PodView]) -> tuple[PodView, ...]:
    """Those that their workload counts as ready."""
    return tuple(pod for pod in suspects if pod.ready and pod.owner is not None)
