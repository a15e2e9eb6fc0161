"""Finding the workload or node that an incident is about, and the pods that belong to it now.

The family's loop asks once, before the suspects are written down; nothing is changed.
"""

from dataclasses import dataclass

from firedoor.api.incident import SecurityIncident, Target
from firedoor.controller.rulebook import Rulebook
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import PODS, TARGETS
from firedoor.planner.group import BETWEEN, Group, of_node, of_workload
from firedoor.planner.pod_view import PodView
from firedoor.planner.views import controller_of


@dataclass(frozen=True, slots=True)
class Targets:
    """The way from a target to its pods."""

    kube: Kube
    rulebook: Rulebook
    home: str

    async def group(self, incident: SecurityIncident) -> Group | None:
        """The target and its suspects; None when there is no such object."""
        target, namespace = incident.spec.target, incident.target_namespace
        assert target is not None
        found = await self.kube.find(TARGETS[target.kind], target.name, None if target.kind == "Node" else namespace)
        if found is None:
            return None
        uid = found["metadata"]["uid"]
        if target.kind == "Node":
            pods = await self._on_node(target)
            await self.rulebook.learn(self.kube, {pod.namespace for pod in pods})
            return of_node(uid, pods, self.home, self.rulebook.rules)
        between = await self._between(target.kind, namespace)
        return of_workload(uid, await self.pods(namespace), between)

    async def pods(self, namespace: str) -> tuple[PodView, ...]:
        """All pods of a namespace."""
        return _views(await self.kube.list(PODS, namespace))

    async def _on_node(self, target: Target) -> tuple[PodView, ...]:
        return _views(await self.kube.list(PODS, labels=target.selector or "", fields=f"spec.nodeName={target.name}"))

    async def _between(self, kind: str, namespace: str) -> dict[str, str]:
        """The uid of each object that may stand between, and that of its controller."""
        if kind not in BETWEEN:
            return {}
        found = [one["metadata"] for one in await self.kube.list(TARGETS[BETWEEN[kind]], namespace)]
        return {metadata["uid"]: owner.uid for metadata in found if (owner := controller_of(metadata)) is not None}


def _views(pods: list[Obj]) -> tuple[PodView, ...]:
    return tuple(PodView.read(pod) for pod in pods)
