"""Finding the suspect's workload: up from the pod's recorded owner to the topmost one that firedoor can put to rest.

The observer asks; nothing is changed. Every object is compared with the uid by which it was named, so that a kind of the
same name of another API group, or a later object of the same name, is never taken for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from firedoor.api.incident import SecurityIncident
from firedoor.controller.ledger import Ledger
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import AUTOSCALERS, PODS, WORKLOADS
from firedoor.planner.adoption import ADOPTING, Adopter
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.release import let_go
from firedoor.planner.rivals import Autoscaler, rivals
from firedoor.planner.situation import Situation
from firedoor.planner.views import Owner
from firedoor.planner.workload import wants_scale
from firedoor.planner.workload_view import FIELDS, WorkloadView

ABOVE: Final = {"ReplicaSet": "Deployment", "Job": "CronJob"}
"""Whose controlling owner is the one to put to rest instead; so no chain of owners is longer than two."""


@dataclass(frozen=True, slots=True)
class Workloads:
    """The way from a pod to its workload."""

    kube: Kube
    ledger: Ledger

    async def of(self, s: Situation) -> tuple[WorkloadView | None, WorkloadView | None]:
        """The workload, where anything depends on it, with those who would set it up again unless it is being given back.

        Beside it the suspect's own Job, where the workload is the CronJob above that.
        """
        found, job = await self._found(s)
        return await self._seen(s, found), await self._seen(s, job)

    async def _seen(self, s: Situation, found: WorkloadView | None) -> WorkloadView | None:
        if found is None:
            return None
        found = replace(found, strangers=self._strangers(found))
        if s.incident.leaving or found.setting is None:
            return found
        found = replace(found, endangered=await self._endangered(s, found))
        return replace(found, rivals=rivals(found, await self._autoscalers(found.namespace)))

    async def adopter(self, s: Situation) -> Adopter | None:
        """Who would take the pod back when it is released; by name alone, as it finds its pods by their labels alone."""
        owner = s.prior.owner if s.incident.leaving and let_go(s) else None
        if owner is None or owner.kind not in ADOPTING:
            return None
        found = await self.kube.find(WORKLOADS[owner.kind], owner.name, s.incident.target_namespace)
        return None if found is None else Adopter.read(owner.kind, found)

    def _strangers(self, found: WorkloadView) -> frozenset[str]:
        return frozenset(holder for holder in found.holders if not self.ledger.knows_holder(holder))

    async def _endangered(self, s: Situation, found: WorkloadView) -> tuple[str, ...]:
        """Other incidents' suspects that go with the workload, by its pods as they are now."""
        others = self.ledger.unsealed(s.incident) if wants_scale(s) and not found.at_rest else {}
        if not others:
            return ()
        pods = [PodView.read(pod) for pod in await self.kube.list(PODS, found.namespace)]
        owned = [pod for pod in pods if pod.owner is not None and _is_about(others.get(pod.name), pod)]
        above = {owner: await self._topmost(found.namespace, owner) for owner in {pod.owner for pod in owned if pod.owner}}
        mine = {owner for owner, top in above.items() if found.uid in (owner.uid, top.uid if top else "")}
        return tuple(f"pod {pod.name} of {others[pod.name].key}" for pod in owned if pod.owner in mine)

    async def _found(self, s: Situation) -> tuple[WorkloadView | None, WorkloadView | None]:
        """By the receipts first: of what is held, the owners between may be gone since. A Job that is the target is the one."""
        namespace, owner = s.incident.target_namespace, _recorded_owner(s) if _asks(s) else None
        found = [WorkloadView.read(one.kind, held) for one in _receipts(s) if (held := await self._get(one, namespace))]
        top, job = (next((one for one in found if (one.kind == "Job") is of_jobs), None) for of_jobs in (False, True))
        if job is None and owner is not None and owner.kind == "Job" and (there := await self._get(owner, namespace)):
            job = WorkloadView.read("Job", there)
        if top is None and job is not None:
            top = None if _is_target(s, job) else await self._above(namespace, job)
        if top is None and job is None and owner is not None:
            top = await self._topmost(namespace, owner)
        return (top, job) if top is not None else (job, None)

    async def _topmost(self, namespace: str, owner: Owner) -> WorkloadView | None:
        if owner.kind not in FIELDS:
            return WorkloadView(owner.kind, namespace, owner.name, owner.uid)
        found = await self._get(owner, namespace)
        if found is None:
            return None
        view = WorkloadView.read(owner.kind, found)
        return await self._above(namespace, view) or view

    async def _above(self, namespace: str, view: WorkloadView) -> WorkloadView | None:
        above = view.above
        if above is None or ABOVE.get(view.kind) != above.kind:
            return None
        top = await self._get(above, namespace)
        return None if top is None else WorkloadView.read(above.kind, top)

    async def _get(self, owner: Owner, namespace: str) -> Obj | None:
        found = await self.kube.find(WORKLOADS[owner.kind], owner.name, namespace)
        return found if found is not None and found["metadata"]["uid"] == owner.uid else None

    async def _autoscalers(self, namespace: str) -> tuple[Autoscaler, ...]:
        return tuple(Autoscaler.read(found) for found in await self.kube.list(AUTOSCALERS, namespace))


def _is_about(other: SecurityIncident | None, pod: PodView) -> bool:
    """Whether an incident is about this very pod, as far as it says which one it means."""
    if other is None or other.spec.target is None:
        return False
    return (other.spec.target.uid or other.status.target_uid) in (None, pod.uid)


def _is_target(s: Situation, job: WorkloadView) -> bool:
    target = s.incident.spec.target
    return target is not None and (target.kind, target.name) == (job.kind, job.name)


def _asks(s: Situation) -> bool:
    """Whether the workload matters: it is to be put to rest, shown in a dry run, or might be held by a lost incident."""
    return wants_scale(s) or ("scaleToZero" in s.actions and (s.incident.spec.dry_run or s.incident.leaving))


def _receipts(s: Situation) -> Iterator[Owner]:
    for receipt in s.incident.status.receipts:
        kind, _, name = receipt.object.partition(" ")
        if kind in FIELDS and not receipt.returned:
            yield Owner(kind, name, receipt.uid)


def _recorded_owner(s: Situation) -> Owner | None:
    target = s.incident.spec.target
    if target is not None and target.kind != "Pod":
        return None if target.kind == "Node" else Owner(target.kind, target.name, s.pinned_uid or "")
    if s.pod is not None:
        return s.prior.owner
    priors = (PodPrior.of_receipt(r.prior) for r in s.incident.status.receipts if r.object.startswith("Pod "))
    return next((prior.owner for prior in priors if prior), None)
