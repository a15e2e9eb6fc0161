"""Freezing the suspect's identity: which keys of the list of the frozen this incident should hold, and what may be said.

Pure. A key is the pod's uid, or that of its whole ServiceAccount. Several incidents may hold one key; each lets go of its
own hold. Freezing comes after the door; `containment` and `release` say when.
"""

from firedoor.api import names
from firedoor.api.conditions import Reason
from firedoor.planner.permits import objection
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import Situation
from firedoor.planner.steps import FreezeIdentity, Step, ThawIdentity
from firedoor.planner.verdict import Verdict

CURE = "Install the chart again with actions.identity.enabled=true."
RECEIPT = "Identity "
"""How the receipt of an identity begins."""


def wants_freeze(s: Situation) -> bool:
    return s.incident.spec.containment.identity != "None" and "identity" in s.actions


def concerns_identity(s: Situation) -> bool:
    """Whether identities have to be looked at: freezing is asked for, or was."""
    held = any(r.object.startswith(RECEIPT) and not r.returned for r in s.incident.status.receipts)
    return wants_freeze(s) or (held and "identity" in s.actions)


def keys_held(s: Situation) -> tuple[str, ...]:
    """The keys that this incident holds."""
    frozen = s.around.identity.frozen
    return frozen.held_by(s.incident.uid) if frozen else ()


def keys_wanted(s: Situation) -> tuple[str, ...]:
    """The keys that it should hold. Of a pod that is gone, what is held stays: nobody can say any more whose it was."""
    if s.incident.leaving or not wants_freeze(s):
        return ()
    if s.pod is None:
        return keys_held(s)
    return keys_asked(s, s.pod)


def keys_asked(s: Situation, pod: PodView) -> tuple[str, ...]:
    """The keys by which the identity of this pod is frozen, as the incident asks for it."""
    if s.incident.spec.containment.identity == "FreezeServiceAccount":
        return (names.frozen_account(pod.namespace, pod.service_account),)
    return (pod.uid,)


def freeze(s: Situation) -> tuple[Step, ...]:
    """Takes the holds that are missing, then lets go of those that are no longer asked for."""
    frozen = s.around.identity.frozen
    if frozen is None:
        return ()
    if missing := _missing(s):
        return () if _unlistable(missing) or objection(s, "Freeze") else (FreezeIdentity(missing, frozen),)
    excess = tuple(key for key in keys_held(s) if key not in keys_wanted(s))
    return (ThawIdentity(excess, frozen),) if excess else ()


def thaw(s: Situation) -> tuple[Step, ...]:
    """Lets go of everything that this incident holds."""
    frozen, held = s.around.identity.frozen, keys_held(s)
    return (ThawIdentity(held, frozen),) if frozen and held else ()


def _missing(s: Situation) -> tuple[str, ...]:
    return tuple(key for key in keys_wanted(s) if key not in keys_held(s))


def _unlistable(keys: tuple[str, ...]) -> bool:
    """Whether a key is longer than the keys of a ConfigMap may be."""
    return any(len(key) > names.NAME_LIMIT for key in keys)


def frozenness(s: Situation) -> Verdict:
    """The verdict on the identity of a suspect whose incident asks for freezing."""
    if s.pod is None and s.incident.spec.containment.identity == "Freeze":
        return Verdict("True", Reason.FROZEN, "The suspect pod is gone; the API server no longer takes its token.")
    return _unable(s) or _open(s) or Verdict("True", Reason.FROZEN, _frozen(s))


def _unable(s: Situation) -> Verdict | None:
    view = s.around.identity
    if not view.looked:
        return Verdict("Unknown", Reason.PENDING, "The identity has not been looked at yet.")
    if view.frozen is None:
        message = f"ConfigMap {s.home}/{names.FROZEN_LIST} is missing, so no identity can be frozen. {CURE}"
        return Verdict("False", Reason.TOKEN_STILL_VALID, message)
    return None


def _open(s: Situation) -> Verdict | None:
    if s.pod is None and not keys_held(s):
        message = "The suspect pod was gone before its ServiceAccount was frozen; other tokens of that account are still good."
        return Verdict("False", Reason.TOKEN_STILL_VALID, message)
    if not (missing := _missing(s)):
        return None if s.around.identity.enforced else _unread(s)
    if _unlistable(missing):
        message = "The ServiceAccount's name is too long to be listed as frozen; identity: Freeze freezes the pod's own token."
        return Verdict("False", Reason.TOKEN_STILL_VALID, message)
    refused = objection(s, "Freeze")
    if refused is not None:
        return Verdict("False", refused.reason, refused.message)
    return Verdict("Unknown", Reason.PENDING, "The identity is frozen as soon as the door is closed.")


def _unread(s: Situation) -> Verdict:
    """The API server has to say itself that it refuses: a list that nobody reads freezes nobody."""
    message = (
        f"ConfigMap {s.home}/{names.FROZEN_LIST} names the identity, but the API server does not refuse it. Either it has not "
        f"read the list yet, or ValidatingAdmissionPolicy {names.FROZEN_POLICY} is missing ({CURE.lower().rstrip('.')}), or "
        "that policy was removed and installed again, and API servers before the fix of kubernetes issue 130887 need a restart."
    )
    return Verdict("False", Reason.TOKEN_STILL_VALID, message)


def _frozen(s: Situation) -> str:
    if s.pod is None:
        return f"Frozen: {', '.join(keys_held(s))}. The suspect pod is gone."
    account = f"ServiceAccount {s.pod.namespace}/{s.pod.service_account}"
    if s.incident.spec.containment.identity == "FreezeServiceAccount":
        return f"No token of {account} can change anything; reading is still possible."
    return f"The token of pod {s.pod.namespace}/{s.pod.name} ({account}) can change nothing; it can still read."
