"""Observing: gathers the situation of one incident from the API server, first the pod alone, then what is around it.

The reconciler calls it; it changes nothing. What many incidents share (nodes, collectors) is looked at once a second.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime

from firedoor.api.incident import SecurityIncident
from firedoor.controller.captures import Captures
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import DEPLOYMENTS, NETWORK_POLICIES, NODES, PODS, REPLICA_SETS
from firedoor.planner.containment import wants_evidence, wants_scale
from firedoor.planner.situation import Capture, Situation, Surroundings
from firedoor.planner.views import NodeView, Owner, PodPrior, PodView, PolicyView, WorkloadView

NODES_SECONDS = 1.0


class Observer:
    """The eyes of the reconciler."""

    def __init__(self, kube: Kube, home: str, actions: frozenset[str], captures: Captures) -> None:
        self._kube = kube
        self._home = home
        self._actions = actions
        self._captures = captures
        self._nodes: tuple[NodeView, ...] = ()
        self._nodes_seen = float("-inf")

    async def suspect(self, incident: SecurityIncident, now: datetime) -> Situation:
        """The situation as far as the pod alone tells it: enough for the guards and the door."""
        situation = Situation(incident=incident, home=self._home, now=now, actions=self._actions)
        pod = await self._pod(incident)
        if pod is not None and incident.status.target_uid not in (None, pod.uid):
            pod = None  # another pod of that name has come since; the suspect itself is gone
        return replace(situation, pod=pod)

    async def around(self, s: Situation) -> Situation:
        """The same situation with policies, nodes, workload and evidence looked at."""
        policies, nodes, workload, capture = await asyncio.gather(
            self._policies(s.incident.target_namespace), self._all_nodes(), self._workload(s), self._capture(s)
        )
        return replace(s, around=Surroundings(policies, nodes, workload, capture))

    def nodes_changed(self) -> None:
        """Says that a node was patched, so that the next look is a fresh one."""
        self._nodes_seen = float("-inf")

    async def _pod(self, incident: SecurityIncident) -> PodView | None:
        target = incident.spec.target
        if target is None:
            return None
        found = await self._maybe(self._kube.get(PODS, target.name, incident.target_namespace))
        return PodView.read(found) if found else None

    async def _policies(self, namespace: str) -> tuple[PolicyView, ...]:
        return tuple(PolicyView.read(policy) for policy in await self._kube.list(NETWORK_POLICIES, namespace))

    async def _all_nodes(self) -> tuple[NodeView, ...]:
        if "cordon" not in self._actions:
            return ()
        now = asyncio.get_running_loop().time()
        if now - self._nodes_seen > NODES_SECONDS:
            self._nodes_seen = now
            self._nodes = tuple(NodeView.read(node) for node in await self._kube.list(NODES))
        return self._nodes

    async def _capture(self, s: Situation) -> Capture:
        if not wants_evidence(s):
            return Capture()
        return await self._captures.of(s.incident.uid, s.incident.status.evidence)

    async def _workload(self, s: Situation) -> WorkloadView | None:
        held = any(receipt.object.startswith("Deployment ") for receipt in s.incident.status.receipts)
        owner = _recorded_owner(s)
        if owner is None or not (wants_scale(s) or held):
            return None
        return await self._topmost(s.incident.target_namespace, owner)

    async def _topmost(self, namespace: str, owner: Owner) -> WorkloadView | None:
        if owner.kind != "ReplicaSet":
            return WorkloadView(owner.kind, namespace, owner.name, owner.uid, "", -1, {})
        replica_set = await self._maybe(self._kube.get(REPLICA_SETS, owner.name, namespace))
        if replica_set is None:
            return None
        above = next((r for r in replica_set["metadata"].get("ownerReferences") or () if r.get("controller")), None)
        if above is None or above["kind"] != "Deployment":
            return WorkloadView.read("ReplicaSet", replica_set)
        deployment = await self._maybe(self._kube.get(DEPLOYMENTS, above["name"], namespace))
        return WorkloadView.read("Deployment", deployment) if deployment else None

    async def _maybe(self, getting: Awaitable[Obj]) -> Obj | None:
        try:
            return await getting
        except Gone:
            return None


def _recorded_owner(s: Situation) -> Owner | None:
    if s.pod is not None:
        return s.pod.prior.owner
    priors = (PodPrior.load(r.prior) for r in s.incident.status.receipts if r.object.startswith("Pod "))
    return next((prior.owner for prior in priors if prior), None)
