"""The guards: reasons not to touch a target, each a small function, tried in order before the first write.

The first that speaks decides. A refusal names the object and what would cure it; nothing is ever refused silently.
"""

from collections.abc import Callable

from firedoor.api.conditions import Reason
from firedoor.planner.permits import Refusal, barred, out_of_reach, paused
from firedoor.planner.rules import has_label
from firedoor.planner.situation import PROTECTED_NAMESPACES, Situation

Guard = Callable[[Situation], Refusal | None]


def unresolved(s: Situation) -> Refusal | None:
    """An alert whose workload was not found is kept, and touches nothing until a person names the target."""
    if s.incident.spec.target is not None:
        return None
    return Refusal(Reason.TARGET_UNRESOLVED, "The alert names no live pod. Set spec.target once the pod is known.", curable=False)


def foreign_namespace(s: Situation) -> Refusal | None:
    """Whoever may create incidents in a namespace can hurt that namespace and no other."""
    own, named = s.incident.metadata.namespace, s.incident.target_namespace
    if named == own or own == s.home:
        return None
    message = f"Only incidents in namespace {s.home} may target another namespace; this one is in {own} and names {named}."
    return Refusal(Reason.TARGET_FOREIGN, message, curable=False)


def protected_namespace(s: Situation) -> Refusal | None:
    """What was contained before a policy protected its namespace stays contained; what is built in is never touched at all."""
    namespace = s.incident.target_namespace
    always = namespace in PROTECTED_NAMESPACES | {s.home}
    if namespace not in s.protected or (s.begun and not always):
        return None
    return Refusal(Reason.PROTECTED_NAMESPACE, f"Namespace {namespace} is protected; firedoor never acts in it.", curable=False)


def absent(s: Situation) -> Refusal | None:
    if s.pod is not None or s.begun:
        return None
    target = s.incident.spec.target
    name = target.name if target else ""
    message = f"There is no pod {s.incident.target_namespace}/{name}. It is looked for again until it appears."
    return Refusal(Reason.TARGET_NOT_FOUND, message, curable=True)


def replaced(s: Situation) -> Refusal | None:
    """The pod of that name is another one than the incident means."""
    if s.pod is None or s.pinned_uid in (None, s.pod.uid):
        return None
    message = f"Pod {s.pod.namespace}/{s.pod.name} has uid {s.pod.uid}; the incident means {s.pinned_uid}."
    return Refusal(Reason.TARGET_REPLACED, message, curable=True)


def static(s: Situation) -> Refusal | None:
    if s.pod is None or not s.pod.static:
        return None
    message = f"Pod {s.pod.namespace}/{s.pod.name} is a static pod of its node; changes through the API do not reach it."
    return Refusal(Reason.STATIC_POD, message, curable=False)


def protected_pod(s: Situation) -> Refusal | None:
    """A pod that a policy protects by its labels; what was contained before the policy was written stays contained."""
    if s.pod is None or s.begun:
        return None
    term = next((term for term in s.rules.protected_labels if has_label(s.pod.labels, term)), None)
    if term is None:
        return None
    message = f"Pod {s.pod.namespace}/{s.pod.name} is protected: a ContainmentPolicy protects the label {term}."
    return Refusal(Reason.PROTECTED_POD, message, curable=False)


def unreachable(s: Situation) -> Refusal | None:
    """A door that can never be closed, whatever anybody permits."""
    return None if s.begun else out_of_reach(s)


def not_permitted(s: Situation) -> Refusal | None:
    """Something stands against closing the door, or against anything new; where something is held already, that goes on."""
    return None if s.begun else barred(s) or paused(s)


def dry_run(s: Situation) -> Refusal | None:
    """Before all that a person may still permit: whoever is to approve a plan has to read it first."""
    if not s.incident.spec.dry_run:
        return None
    return Refusal(Reason.DRY_RUN, "A dry run: the plan is in status.plan, and nothing is touched.", curable=True)


GUARDS: tuple[Guard, ...] = (
    unresolved,
    foreign_namespace,
    protected_namespace,
    absent,
    replaced,
    static,
    protected_pod,
    unreachable,
    dry_run,
    not_permitted,
)


def refusal(s: Situation) -> Refusal | None:
    """The first guard's objection to touching this target, if any has one."""
    return next((found for guard in GUARDS if (found := guard(s)) is not None), None)
