"""The policies and approvals of the cluster and the labels of its namespaces, kept warm by the watch.

So the way to the door asks nobody for them. The process loads it before the first incident is worked on; the watch keeps
it; the observer reads it.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from firedoor.api.approval import IncidentApproval
from firedoor.api.policy import ContainmentPolicy
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import APPROVALS, NAMESPACES, POLICIES
from firedoor.planner.rules import NO_LABELS, Rules, rules_for

log = logging.getLogger(__name__)
Noted = TypeVar("Noted", ContainmentPolicy, IncidentApproval)


@dataclass(slots=True)
class Rulebook:
    """What is known of policies by uid, and of approvals by the incident that they decide about."""

    policies: dict[str, ContainmentPolicy] = field(default_factory=dict)
    approvals: dict[str, dict[str, IncidentApproval]] = field(default_factory=dict)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Labels of every namespace that is known."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Names of policies that cannot be read, by uid: nobody knows what they forbid."""

    async def load(self, kube: Kube) -> None:
        """Reads all of them; nothing may be decided before."""
        for policy in await kube.list(POLICIES):
            self.take(policy)
        for approval in await kube.list(APPROVALS):
            if (decision := read(IncidentApproval, approval)) is not None:
                self.note_approval(decision)
        async for page in kube.pages(NAMESPACES):
            for namespace in page:
                self.note_namespace(namespace)

    async def learn(self, kube: Kube, names: Iterable[str]) -> None:
        """Asks for the labels of namespaces that the watch has yet to bring, where a policy selects by labels."""
        unknown = {name for name in names if name not in self.namespaces} if self._selecting else set[str]()
        for found in await asyncio.gather(*(kube.find(NAMESPACES, name) for name in unknown)):
            if found is not None:
                self.note_namespace(found)

    def take(self, policy: Obj, *, gone: bool = False) -> None:
        """Keeps a policy as it is now. One that cannot be read stays as it was, and nothing new is touched before it can be."""
        rule, metadata = read(ContainmentPolicy, policy), policy["metadata"]
        if gone:
            self.policies.pop(metadata["uid"], None)
        elif rule is not None:
            self.note_policy(rule)
        if gone or rule is not None:
            self.unreadable.pop(metadata["uid"], None)
        else:
            self.unreadable[metadata["uid"]] = metadata["name"]

    def note_policy(self, policy: ContainmentPolicy, *, gone: bool = False) -> None:
        """Keeps the newest form of a policy, or forgets one that is gone."""
        _note(self.policies, policy, gone)

    def note_approval(self, approval: IncidentApproval, *, gone: bool = False) -> None:
        """Keeps a decision, or forgets one that is gone."""
        _note(self.approvals.setdefault(approval.spec.incident_uid, {}), approval, gone)

    def note_namespace(self, namespace: Obj, *, gone: bool = False) -> bool:
        """Keeps a namespace's labels, or forgets one that is gone; whether other policies may speak of it by now."""
        metadata = namespace["metadata"]
        if gone:
            self.namespaces.pop(metadata["name"], None)
            return False
        now = metadata.get("labels") or {}
        before = self.namespaces.get(metadata["name"], now)
        self.namespaces[metadata["name"]] = now
        return before != now and self._selecting

    @property
    def _selecting(self) -> bool:
        return any(policy.spec.namespace_selector is not None for policy in self.policies.values())

    def rules(self, namespace: str) -> Rules:
        """The rules that hold for targets of this namespace."""
        known = rules_for(self.policies.values(), namespace, self.namespaces.get(namespace, NO_LABELS))
        return replace(known, unreadable=tuple(sorted(self.unreadable.values()))) if self.unreadable else known

    def knows(self, namespace: str) -> bool:
        """Whether all policies that speak of a namespace are known: what selects by labels is not, once it is gone."""
        return not self.unreadable and (namespace in self.namespaces or not self._selecting)

    def decisions(self, *uids: str | None) -> tuple[IncidentApproval, ...]:
        """Every decision about these incidents, valid or not."""
        return tuple(approval for uid in uids if uid for approval in self.approvals.get(uid, {}).values())


def read(kind: type[Noted], found: Obj) -> Noted | None:
    """A policy or a decision; None for one that cannot be read, which is said and keeps nobody else up."""
    try:
        return kind.read(found)
    except ValueError as error:
        log.error("%s %s cannot be read: %s", kind.__name__, found["metadata"]["name"], error)
        return None


def _note(kept: dict[str, Noted], one: Noted, gone: bool) -> None:
    if gone:
        kept.pop(one.metadata.uid, None)
    else:
        kept[one.metadata.uid] = one
