"""The dry run: looks at what the incident would look at, or the children that it would make, and changes nothing.

Both loops call it. As many children are looked at as a plan has room for.
"""

from dataclasses import dataclass, replace

from firedoor.api.incident import PlanStatus
from firedoor.controller import identities
from firedoor.controller.observe import Observer
from firedoor.controller.residue import Residues
from firedoor.controller.rulebook import Rulebook
from firedoor.kube.client import Kube
from firedoor.kube.resources import NETWORK_POLICIES
from firedoor.planner import family
from firedoor.planner.family_preview import imagined, previewed
from firedoor.planner.group import Group
from firedoor.planner.preview import MOST, foreseen_pod, preview
from firedoor.planner.situation import Situation, Surroundings
from firedoor.planner.views import PolicyView
from firedoor.planner.workload import wants_scale


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan is made from."""

    kube: Kube
    observer: Observer
    rulebook: Rulebook
    residues: Residues

    async def of_pod(self, s: Situation) -> tuple[Situation, PlanStatus]:
        """What an incident about a pod would do, and the situation that says so."""
        s = await self._with_foreign(await self.observer.around(s))
        return s, preview(s)

    async def plan(self, s: Situation, group: Group) -> PlanStatus:
        """What the incident and its children would do."""
        s = await self.observer.apart(replace(s, incident=family.accepted(s.incident, group)))
        identity = await identities.identity(self.kube, s)
        policies = await self._policies({pod.namespace for pod in group.pods[:MOST]})
        members = zip(family.pinned(s.incident, group), group.pods[:MOST], strict=False)
        children = (
            replace(
                s,
                incident=imagined(s.incident, member),
                pod=pod,
                rules=self.rulebook.rules(pod.namespace),
                answers_to=s.incident.uid,
                around=Surroundings(policies[pod.namespace], s.around.nodes, identity=identity),
            )
            for member, pod in members
        )
        seen = [await self._with_foreign(await self._with_workload(self.observer.counted(child))) for child in children]
        return previewed(s, seen, group.left_out)

    async def _with_foreign(self, s: Situation) -> Situation:
        """With what policies of other kinds would allow the suspect, by the labels that it would have."""
        then = foreseen_pod(s)
        if then is None:
            return s
        return replace(s, proof=replace(s.proof, residue=await self.residues.of_policies(then)))

    async def _with_workload(self, child: Situation) -> Situation:
        """Of a node, each pod's own workload is put to rest by its child."""
        if not wants_scale(child):
            return child
        return await self.observer.with_workload(child)

    async def _policies(self, namespaces: set[str]) -> dict[str, tuple[PolicyView, ...]]:
        return {
            namespace: tuple(PolicyView.read(policy) for policy in await self.kube.list(NETWORK_POLICIES, namespace))
            for namespace in namespaces
        }
