"""The policies and approvals of the cluster, kept warm by the watch, so that the way to the door asks nobody for them.

The process loads it before the first incident is worked on; the watch keeps it; the observer reads it.
"""

from dataclasses import dataclass, field

from firedoor.api.approval import IncidentApproval
from firedoor.api.policy import ContainmentPolicy
from firedoor.kube.client import Kube
from firedoor.kube.resources import APPROVALS, POLICIES
from firedoor.planner.rules import Rules, rules_for


@dataclass(slots=True)
class Rulebook:
    """What is known of policies by uid, and of approvals by the incident that they decide about."""

    policies: dict[str, ContainmentPolicy] = field(default_factory=dict)
    approvals: dict[str, dict[str, IncidentApproval]] = field(default_factory=dict)

    async def load(self, kube: Kube) -> None:
        """Reads all of them; nothing may be decided before."""
        for policy in await kube.list(POLICIES):
            self.put_policy(ContainmentPolicy.read(policy))
        for approval in await kube.list(APPROVALS):
            self.put_approval(IncidentApproval.read(approval))

    def put_policy(self, policy: ContainmentPolicy) -> None:
        self.policies[policy.metadata.uid] = policy

    def drop_policy(self, policy: ContainmentPolicy) -> None:
        self.policies.pop(policy.metadata.uid, None)

    def put_approval(self, approval: IncidentApproval) -> None:
        self.approvals.setdefault(approval.spec.incident_uid, {})[approval.metadata.uid] = approval

    def drop_approval(self, approval: IncidentApproval) -> None:
        self.approvals.get(approval.spec.incident_uid, {}).pop(approval.metadata.uid, None)

    def rules(self, namespace: str) -> Rules:
        """The rules that hold for targets of this namespace."""
        return rules_for(self.policies.values(), namespace)

    def decisions(self, *uids: str | None) -> tuple[IncidentApproval, ...]:
        """Every decision about these incidents, valid or not."""
        return tuple(approval for uid in uids if uid for approval in self.approvals.get(uid, {}).values())
