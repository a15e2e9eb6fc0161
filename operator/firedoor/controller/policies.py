"""The NetworkPolicies around a suspect, listed so that what one incident costs does not grow with the number of incidents.

Where a namespace holds few of firedoor's policies all are listed; where it holds many, the incident's own and those that
do not carry firedoor's label. A deny of another incident allows nothing, so nothing is lost by that; but only what is
exactly such a deny counts as one. The watch and the resync hand over every policy with the label, and while one of them is
anything else, because somebody wrote the label on a policy that allows something, all are listed.

Whoever only asks whether everything is still as it was gets what the watch left; what was listed of other people's policies
counts until the watch tells of one of them, and for half a minute at most.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from firedoor.api import names
from firedoor.controller.shared import SharedLooks
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import NETWORK_POLICIES
from firedoor.planner.selectors import denies_all
from firedoor.planner.views import PolicyView

MANY = 32
KEPT_SECONDS = 30.0
OURS = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE}"
NOT_OURS = f"{names.MANAGED_BY}!={names.MANAGED_BY_VALUE}"
Views = tuple[PolicyView, ...]
Place = tuple[str, str]
"""Namespace and name of a policy."""


@dataclass(slots=True)
class _Known:
    """Names of the policies of one namespace that carry firedoor's label."""

    denies: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    """Those that are no deny as firedoor writes it."""

    def note(self, name: str, *, deny: bool, gone: bool) -> None:
        for kept, there in ((self.denies, deny and not gone), (self.odd, not deny and not gone)):
            (kept.add if there else kept.discard)(name)


@dataclass(frozen=True, slots=True)
class _Listing:
    """The policies of a namespace that are not firedoor's, and when they were listed."""

    views: Views
    at: float


class Policies:
    """The eyes for NetworkPolicies."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._known: dict[str, _Known] = {}
        self._listings: dict[str, _Listing] = {}
        self._heard: Counter[str] = Counter()
        self._all: SharedLooks[str, Views] = SharedLooks(self._list)
        self._others: SharedLooks[str, Views] = SharedLooks(self._list_others)
        self.complete = False
        """Whether every policy with firedoor's label was handed over once."""

    def note(self, policy: Obj, *, gone: bool = False) -> bool:
        """Takes in a policy with firedoor's label, as it is now; whether it is exactly a deny as firedoor writes it."""
        namespace, name = policy["metadata"]["namespace"], policy["metadata"]["name"]
        known, deny = self._known.setdefault(namespace, _Known()), _is_deny(PolicyView.read(policy))
        known.note(name, deny=deny, gone=gone)
        if not known.denies and not known.odd:
            del self._known[namespace]
            self._listings.pop(namespace, None)
        return deny

    def heard(self, namespace: str) -> None:
        """Takes in that a policy which is not firedoor's came, changed or went."""
        self._heard[namespace] += 1
        self._listings.pop(namespace, None)

    def listed(self, policy: Obj) -> None:
        """Takes in a policy with firedoor's label from a listing, which may be older than what the watch has said of it."""
        known = self._known.get(policy["metadata"]["namespace"])
        if known is None or policy["metadata"]["name"] not in known.odd:
            self.note(policy)

    @property
    def denies(self) -> set[Place]:
        """Where firedoor's denies are, as far as is known."""
        return {(namespace, name) for namespace, known in self._known.items() for name in known.denies}

    def doubt(self, places: set[Place]) -> None:
        """Denies that a later listing did not show: whoever asks for one of them looks at it anew."""
        for namespace, name in places:
            if (known := self._known.get(namespace)) is not None:
                known.denies.discard(name)

    async def around(self, namespace: str, incident_uid: str) -> Views:
        """Every policy of the namespace that denies or allows an incident's suspect anything, as of now."""
        if not self._needs_own_look(namespace):
            return await self._all.fresh(namespace)
        own = self._kube.find(NETWORK_POLICIES, names.deny_policy(incident_uid), namespace)
        found, others = await asyncio.gather(own, self._others.fresh(namespace))
        return (PolicyView.read(found), *others) if found is not None else others

    async def own(self, namespace: str, incident_uid: str) -> Views:
        """An incident's own policy as of now, beside those of others as the watch left them: what giving back asks for."""
        listing = self._recent(namespace)
        if listing is None or not self._needs_own_look(namespace):
            return await self.around(namespace, incident_uid)
        found = await self._kube.find(NETWORK_POLICIES, names.deny_policy(incident_uid), namespace)
        return (PolicyView.read(found), *listing.views) if found is not None else listing.views

    async def known(self, namespace: str, incident_uid: str, own: PolicyView | None = None) -> Views:
        """The same as the watch left it. own: the incident's deny, where the API server's answer is newer than the watch."""
        known = self._known.get(namespace, _Known())
        if own is None and names.deny_policy(incident_uid) in known.denies:
            own = PolicyView.deny(namespace, incident_uid)
        if own is None or known.odd or not self.complete:
            return await self.around(namespace, incident_uid)
        listing = self._recent(namespace)
        return (own, *(listing.views if listing else await self._others.fresh(namespace)))

    def _recent(self, namespace: str) -> _Listing | None:
        """The listing of others' policies, if it is none too old and the watch told of nothing since."""
        listing = self._listings.get(namespace)
        if listing is None or asyncio.get_running_loop().time() - listing.at > KEPT_SECONDS:
            return None
        return listing

    def _needs_own_look(self, namespace: str) -> bool:
        known = self._known.get(namespace)
        return self.complete and known is not None and len(known.denies) > MANY and not known.odd

    async def _list(self, namespace: str) -> Views:
        return tuple(PolicyView.read(policy) for policy in await self._kube.list(NETWORK_POLICIES, namespace))

    async def _list_others(self, namespace: str) -> Views:
        heard, at = self._heard[namespace], asyncio.get_running_loop().time()
        found = await self._kube.list(NETWORK_POLICIES, namespace, labels=NOT_OURS)
        views = tuple(PolicyView.read(policy) for policy in found)
        if heard == self._heard[namespace]:
            self._listings[namespace] = _Listing(views, at)
        return views


def _is_deny(policy: PolicyView) -> bool:
    uid = policy.incident_uid
    return bool(uid) and policy.name == names.deny_policy(uid or "") and denies_all(policy, names.quarantine_label(uid or ""))
