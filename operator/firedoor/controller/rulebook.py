"""The policies and approvals of the cluster, kept warm by the watch, so that the way to the door asks nobody for them.

The process loads it before the first incident is worked on; the watch keeps it; the observer reads it.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from firedoor.api.approval import IncidentApproval
from firedoor.api.policy import ContainmentPolicy
from firedoor.kube.client import Kube
from firedoor.kube.resources import APPROVALS, POLICIES
from firedoor.planner.rules import Rules, rules_for

Noted = TypeVar("Noted", ContainmentPolicy, IncidentApproval)


@dataclass(slots=True)
class Rulebook:
    """What is known of policies by uid, and of approvals by the incident that they decide about."""

    policies: dict[str, ContainmentPolicy] = field(default_factory=dict)
    approvals: dict[str, dict[str, IncidentApproval]] = field(default_factory=dict)

    async def load(self, kube: Kube) -> None:
        """Reads all of them; nothing may be decided before."""
        for policy in await kube.list(POLICIES):
            self.note_policy(ContainmentPolicy.read(policy))
        for approval in await kube.list(APPROVALS):
            self.note_approval(IncidentApproval.read(approval))

    def note_policy(self, policy: ContainmentPolicy, *, gone: bool = False) -> None:
        """Keeps the newest form of a policy, or forgets one that is gone."""
        _note(self.policies, policy, gone)

    def note_approval(self, approval: IncidentApproval, *, gone: bool = False) -> None:
        """Keeps a decision, or forgets one that is gone."""
        _note(self.approvals.setdefault(approval.spec.incident_uid, {}), approval, gone)

    def rules(self, namespace: str) -> Rules:
        """The rules that hold for targets of this namespace."""
        return rules_for(self.policies.values(), namespace)

    def decisions(self, *uids: str | None) -> tuple[IncidentApproval, ...]:
        """Every decision about these incidents, valid or not."""
        return tuple(approval for uid in uids if uid for approval in self.approvals.get(uid, {}).values())


def _note(kept: dict[str, Noted], one: Noted, gone: bool) -> None:
    if gone:
        kept.pop(one.metadata.uid, None)
    else:
        kept[one.metadata.uid] = one
