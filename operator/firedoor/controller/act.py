"""Acting: carries out the steps of a plan, a stage at a time.

The one place where a plan's value becomes a call of a verb. It decides nothing; an error goes up to the queue, and the
next look at the world tells what is left to do.
"""

import asyncio
from dataclasses import dataclass

from firedoor.actions import cordon, evidence, identity, network, shelter, workload
from firedoor.api.incident import SecurityIncident
from firedoor.controller.captures import Captures
from firedoor.controller.node_list import NodeList
from firedoor.controller.record import Record
from firedoor.controller.scale_downs import ScaleDowns
from firedoor.controller.settings import Settings
from firedoor.kube.client import Kube
from firedoor.kube.errors import Conflict, Forbidden, Invalid, KubeError
from firedoor.planner import steps
from firedoor.planner import workload as workload_plan
from firedoor.planner.protection import shelter_after
from firedoor.planner.steps import Plan, Step
from firedoor.planner.workload_view import WorkloadView


@dataclass(frozen=True, slots=True)
class Actor:
    """The hands of the reconciler."""

    kube: Kube
    settings: Settings
    captures: Captures
    nodes: NodeList
    scale_downs: ScaleDowns

    async def carry_out(self, incident: SecurityIncident, plan: Plan) -> None:
        """Does the stages in order, the steps of a stage side by side; an error ends it after its stage.

        Of several errors the one that is soon over is raised: what was refused is not tried again for a while.
        """
        for stage in plan:
            doing = (self._step(incident, step) for step in stage)
            outcomes = await asyncio.gather(*doing, return_exceptions=True)
            errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
            if errors:
                raise min(errors, key=lambda error: isinstance(error, Forbidden | Invalid))

    async def carry_out_for(self, record: Record, plan: Plan) -> None:
        """The same, with what comes of it for the disruption budget and for a fight over the workload noted on the record."""
        try:
            await self.carry_out(record.incident, plan)
            record.sheltered = shelter_after(record.sheltered, plan)
        except Conflict:
            record.fight = workload_plan.not_done(record.fight, plan)
            raise

    async def _step(self, incident: SecurityIncident, step: Step) -> None:
        match step:
            case steps.DenyTraffic(namespace, pod):
                await network.deny(self.kube, network.deny_policy(incident.key, incident.uid, namespace, pod))
            case steps.Quarantine():
                await self._quarantine(incident, step)
            case steps.Cordon():
                await self._cordon(incident, step)
            case steps.Shelter(namespace):
                await shelter.shelter(self.kube, incident.key, incident.uid, namespace)
            case steps.StartCapture():
                await self._capture(incident, step)
            case steps.ScaleToZero():
                await self._scale(incident, step)
            case steps.FreezeIdentity(keys, frozen):
                at, holders = (self.settings.home, frozen.resource_version), frozen.of(keys)
                await identity.freeze(self.kube, at, holders, incident.uid)
            case _:
                await self._reverse(incident, step)

    async def _reverse(self, incident: SecurityIncident, step: Step) -> None:
        match step:
            case steps.ReturnReplicas():
                await self._return_replicas(incident, step)
            case steps.DiscardPod(pod):
                await network.discard(self.kube, pod.namespace, pod.name, pod.uid)
            case steps.RestorePod():
                await self._restore(step)
            case steps.KeepDeny(namespace):
                await network.keep(self.kube, incident.uid, namespace)
            case steps.LiftShelter(namespace):
                await shelter.lift(self.kube, incident.uid, namespace)
            case steps.LiftDeny(namespace):
                await network.lift(self.kube, incident.uid, namespace)
            case steps.ReleaseCordon():
                await self._uncordon(incident, step)
            case steps.ThawIdentity(keys, frozen):
                at, holders = (self.settings.home, frozen.resource_version), frozen.of(keys)
                await identity.thaw(self.kube, at, holders, incident.uid)
            case _:
                raise TypeError(f"no verb for {step!r}")

    async def _quarantine(self, incident: SecurityIncident, step: steps.Quarantine) -> None:
        pod, labels = step.pod, (step.pod.labels, step.labels)
        identity = (pod.uid, pod.resource_version)
        await network.relabel(self.kube, (pod.namespace, pod.name), identity, labels, step.notes, step.record)

    async def _cordon(self, incident: SecurityIncident, step: steps.Cordon) -> None:
        node, holder = step.node, (incident.uid, incident.key)
        at = (node.name, node.resource_version)
        await self.nodes.changed_by(cordon.cordon(self.kube, at, holder, step.before))

    async def _capture(self, incident: SecurityIncident, step: steps.StartCapture) -> None:
        if not self.captures.take(incident.uid):
            return
        metadata = incident.metadata
        order = evidence.Order(
            incident={"uid": incident.uid, "name": metadata.name, "namespace": metadata.namespace},
            pod={"namespace": step.namespace, "name": step.pod, "uid": step.pod_uid},
            paths=step.paths,
            limits=step.limits,
            helper_image=self.settings.image if "ephemeralContainers" in self.settings.actions else "",
            node_logs=self.settings.home if "nodeLogs" in self.settings.actions else "",
        )
        try:
            await evidence.start(self.kube, self.settings.home, self.settings.image, order, step.storage)
        except KubeError:
            self.captures.forget(incident.uid)
            raise

    async def _scale(self, incident: SecurityIncident, step: steps.ScaleToZero) -> None:
        found = step.workload
        prior = None if found.to_record is None else found.to_record.dump()
        await workload.hold(self.kube, _at(found), (incident.uid, incident.key), prior)
        self.scale_downs.done(incident.uid)

    async def _return_replicas(self, incident: SecurityIncident, step: steps.ReturnReplicas) -> None:
        spec = None if step.setting is None else step.setting.spec
        last = len(step.workload.holders) == 1
        await workload.give_back(self.kube, _at(step.workload), incident.uid, spec=spec, last=last)

    async def _restore(self, step: steps.RestorePod) -> None:
        pod = step.pod
        identity = (pod.uid, pod.resource_version)
        await network.relabel(self.kube, (pod.namespace, pod.name), identity, (pod.labels, step.labels), step.notes, step.record)

    async def _uncordon(self, incident: SecurityIncident, step: steps.ReleaseCordon) -> None:
        node = step.node
        at = (node.name, node.resource_version)
        await self.nodes.changed_by(cordon.release(self.kube, at, incident.uid, uncordon=step.uncordon, last=step.last))


def _at(found: WorkloadView) -> workload.At:
    return workload.At(found.kind, found.namespace, found.name, found.resource_version)
