"""Observing: gathers the situation of one incident from the API server, first the pod alone, then what is around it.

The reconciler calls it; it changes nothing. What many incidents share (nodes, collectors) is looked at once for all of them.
"""

import asyncio
from dataclasses import replace
from datetime import datetime

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import cordon_holder
from firedoor.controller import identities
from firedoor.controller.captures import Captures
from firedoor.controller.copies import Copies
from firedoor.controller.ledger import Ledger
from firedoor.controller.node_list import NodeList
from firedoor.controller.policies import Policies
from firedoor.controller.rulebook import Rulebook
from firedoor.controller.workloads import Workloads
from firedoor.kube.client import Kube
from firedoor.kube.resources import PODS
from firedoor.planner.adoption import Adopter
from firedoor.planner.containment import touched, wants_evidence
from firedoor.planner.copies import beside
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import Capture, Situation, Surroundings
from firedoor.planner.views import NodeView, PolicyView
from firedoor.planner.workload_view import WorkloadView


class Observer:
    """The eyes of the reconciler."""

    def __init__(
        self,
        kube: Kube,
        home: str,
        actions: frozenset[str],
        nodes: NodeList,
        captures: Captures,
        ledger: Ledger,
        rulebook: Rulebook,
        policies: Policies,
        copies: Copies | None = None,
    ) -> None:
        self._kube = kube
        self._ledger = ledger
        self._rulebook = rulebook
        self._home = home
        self._policies = policies
        self._actions = actions
        self._captures = captures
        self._copies = copies
        self._workloads = Workloads(kube, ledger)
        self._nodes = nodes

    def unseen(self, incident: SecurityIncident, now: datetime) -> Situation:
        """The situation as far as it is known without a look at anything."""
        parent = self._ledger.parent(incident)
        return Situation(
            incident=incident,
            home=self._home,
            now=now,
            actions=self._actions,
            rules=self._rulebook.rules(incident.target_namespace),
            approvals=self._rulebook.decisions(incident.uid, parent),
            neighbours=self._ledger.neighbours(incident),
            answers_to=parent,
        )

    def touched(self, incident: SecurityIncident, pod: PodView, now: datetime) -> bool:
        """Whether a suspect that the watch brought is not as its incident left it."""
        return touched(replace(self.unseen(incident, now), pod=pod))

    async def suspect(self, incident: SecurityIncident, now: datetime, *, recalled: bool = False) -> Situation:
        """The situation as far as the pod alone tells it: enough for the guards and the door.

        recalled: the pod as the API server remembers it, sooner, and perhaps no longer true.
        """
        await self._rulebook.learn(self._kube, (incident.target_namespace,))
        situation = self.unseen(incident, now)
        pod = await self._pod(incident, recalled)
        if pod is not None and incident.status.target_uid not in (None, pod.uid):
            pod = None  # another pod of that name has come since; the suspect itself is gone
        seen = replace(situation, pod=pod)
        return replace(seen, census=self._ledger.census(seen))

    async def known(self, incident: SecurityIncident, now: datetime) -> Situation | None:
        """The situation with pod and policies as they were last seen; None where the pod was not seen lately."""
        pod = self._ledger.last_seen(incident.uid, asyncio.get_running_loop().time())
        if pod is None or incident.status.target_uid not in (None, pod.uid):
            return None
        seen = replace(self.unseen(incident, now), pod=pod)
        return await self.around(replace(seen, census=self._ledger.census(seen)), fresh=False)

    async def around(self, s: Situation, *, fresh: bool = True) -> Situation:
        """The same situation with policies, nodes, workload and evidence looked at; not fresh: policies by the watch."""
        policies, _, ((workload, job), adopter), capture, identity = await asyncio.gather(
            self._around(s, fresh),
            self._nodes.all(),
            self._owners(s),
            self.capture(s),
            identities.identity(self._kube, s),
        )
        nodes = self._nodes.seen_by(s.incident.uid)
        holders = self._cordoners(s, nodes)
        around = Surroundings(policies, nodes, workload, capture, identity=identity, cordoners=holders, job=job, adopter=adopter)
        return replace(s, around=around)

    async def _owners(self, s: Situation) -> tuple[tuple[WorkloadView | None, WorkloadView | None], Adopter | None]:
        """The workload first: what stands between it and the pod has followed it by the time that it says so."""
        workload = await self._workloads.of(s)
        return workload, await self._workloads.adopter(s)

    async def apart(self, s: Situation) -> Situation:
        """The same situation of an incident that has no pod itself, with nodes and workload looked at."""
        _, (workload, job) = await asyncio.gather(self._nodes.all(), self._workloads.of(s))
        nodes = self._nodes.seen_by(s.incident.uid)
        around = Surroundings(nodes=nodes, workload=workload, job=job, sheltered=False, cordoners=self._cordoners(s, nodes))
        return replace(s, around=around)

    def _cordoners(self, s: Situation, nodes: tuple[NodeView, ...]) -> tuple[SecurityIncident, ...]:
        own, at = cordon_holder(s.incident.uid), s.pod.node if s.pod else s.incident.status.node
        return self._ledger.cordoners(s.incident, [node.uid for node in nodes if node.name == at or own in node.annotations])

    def counted(self, s: Situation) -> Situation:
        """The situation with what other incidents hold, as far as budgets ask."""
        return replace(s, census=self._ledger.census(s))

    async def with_workload(self, s: Situation) -> Situation:
        """The situation with the workload alone looked at, where anything depends on it."""
        workload, job = await self._workloads.of(s)
        return replace(s, around=replace(s.around, workload=workload, job=job))

    async def _around(self, s: Situation, fresh: bool) -> tuple[PolicyView, ...]:
        namespace, uid = s.incident.target_namespace, s.incident.uid
        if fresh:
            look = self._policies.own if s.incident.leaving else self._policies.around
            return await look(namespace, uid)
        return await self._policies.known(namespace, uid, s.around.deny(uid))

    async def _pod(self, incident: SecurityIncident, recalled: bool) -> PodView | None:
        target, at = incident.spec.target, asyncio.get_running_loop().time()
        if target is None or target.kind != "Pod":
            return None
        found = await self._kube.find(PODS, target.name, incident.target_namespace, recalled=recalled)
        pod = PodView.read(found) if found else None
        self._ledger.saw(incident.uid, pod, at)
        return pod

    async def capture(self, s: Situation) -> Capture:
        """How far this incident's evidence is."""
        if not wants_evidence(s):
            return Capture()
        uid, before = s.incident.uid, s.incident.status.evidence
        found = await self._captures.of(uid, before)
        copies = self._copies.of(uid) if self._copies else ()
        return replace(found, result=beside(found.result, before, copies))
