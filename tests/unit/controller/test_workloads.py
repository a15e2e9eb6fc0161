"""From a pod to the workload that can be put to rest: up to the topmost known owner, and never to a namesake."""

from typing import Any

from firedoor.api.incident import SecurityIncident
from firedoor.api.names import scale_holder
from firedoor.controller.ledger import Ledger
from firedoor.controller.workloads import Workloads
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import AUTOSCALERS, CRON_JOBS, DEPLOYMENTS, JOBS, PODS, REPLICA_SETS, Resource
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.views import Owner
from firedoor.planner.workload_view import WorkloadView
from tests.builders import NOON, OTHER_UID, UID, incident, pod, quarantined, situation


class Shelf(Kube):
    """An API server's objects, and nothing that could change them."""

    def __init__(self, *objects: tuple[Resource, Obj]) -> None:
        self.objects = objects
        self.listed: list[str] = []

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        for kind, found in self.objects:
            if (kind, found["metadata"]["name"], found["metadata"]["namespace"]) == (resource, name, namespace):
                return found
        raise Gone(f"no {resource.kind} {name}", status=404)

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        self.listed.append(resource.plural)
        return [found for kind, found in self.objects if kind == resource]


def thing(name: str, owner: tuple[str, str] | None = None, *, uid: str = "", **fields: Any) -> Obj:
    above = [{"kind": owner[0], "name": owner[1], "uid": f"{owner[1]}-uid", "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "shop", "uid": uid or f"{name}-uid", "resourceVersion": "1", "ownerReferences": above}
    return {"metadata": metadata | fields.pop("metadata", {}), "spec": {"replicas": 3}, **fields}


DEPLOYMENT = (DEPLOYMENTS, thing("web"))
REPLICA_SET = (REPLICA_SETS, thing("web-1", ("Deployment", "web")))
ASKING = incident(containment={"workload": "ScaleToZero"})


async def found(shelf: Shelf, owner: tuple[str, str] | None, about: SecurityIncident = ASKING) -> WorkloadView | None:
    """The workload of a pod with this owner."""
    return (await both(shelf, owner, about))[0]


async def both(
    shelf: Shelf, owner: tuple[str, str] | None, about: SecurityIncident = ASKING
) -> tuple[WorkloadView | None, WorkloadView | None]:
    """The workload, and the pod's own Job below it."""
    ledger = Ledger()
    ledger.note(about)
    suspect = pod(owner=Owner(*owner, f"{owner[1]}-uid") if owner else None)
    return await Workloads(shelf, ledger).of(situation(about, suspect))


async def title(shelf: Shelf, owner: tuple[str, str] | None, about: SecurityIncident = ASKING) -> str | None:
    view = await found(shelf, owner, about)
    return view.title if view else None


async def test_the_topmost_known_owner_is_the_one() -> None:
    assert await title(Shelf(DEPLOYMENT, REPLICA_SET), ("ReplicaSet", "web-1")) == "Deployment web"
    assert await title(Shelf((REPLICA_SETS, thing("alone"))), ("ReplicaSet", "alone")) == "ReplicaSet alone"
    cron, job = (CRON_JOBS, thing("nightly")), (JOBS, thing("nightly-1", ("CronJob", "nightly")))
    assert await title(Shelf(cron, job), ("Job", "nightly-1")) == "CronJob nightly"
    assert await title(Shelf((JOBS, thing("once"))), ("Job", "once")) == "Job once"


CRON_JOB, JOB = (CRON_JOBS, thing("nightly")), (JOBS, thing("now", ("CronJob", "nightly")))


def titles(found: tuple[WorkloadView | None, WorkloadView | None]) -> tuple[str | None, ...]:
    return tuple(one.title if one else None for one in found)


async def test_below_a_cronjob_the_suspects_own_job_is_found_too_because_it_starts_a_new_pod() -> None:
    assert titles(await both(Shelf(CRON_JOB, JOB), ("Job", "now"))) == ("CronJob nightly", "Job now")
    assert titles(await both(Shelf(JOB), ("Job", "now"))) == ("Job now", None)
    assert titles(await both(Shelf(DEPLOYMENT, REPLICA_SET), ("ReplicaSet", "web-1"))) == ("Deployment web", None)


async def test_both_are_found_again_by_what_is_held_of_either() -> None:
    receipts = [
        {"object": f"{kind} {name}", "uid": f"{name}-uid", "change": "scaled to zero", "prior": "{}", "at": NOON}
        for kind, name in (("CronJob", "nightly"), ("Job", "now"))
    ]
    for held in (receipts[:1], receipts[1:], receipts):
        holding = incident(containment={"workload": "ScaleToZero"}, status={"receipts": held})
        assert titles(await both(Shelf(CRON_JOB, JOB), ("Job", "now"), holding)) == ("CronJob nightly", "Job now")
    going = incident(release={"reason": "over"}, status={"receipts": receipts})
    assert titles(await both(Shelf(CRON_JOB, JOB), None, going)) == ("CronJob nightly", "Job now")


async def test_a_job_that_is_the_target_is_the_one_and_its_cronjob_is_named_for_what_it_starts_besides() -> None:
    about = incident(target={"kind": "Job", "name": "now", "uid": "now-uid"}, containment={"workload": "ScaleToZero"})
    view, other = await Workloads(Shelf(CRON_JOB, JOB), Ledger()).of(situation(about))
    assert titles((view, other)) == ("Job now", None)
    assert view is not None
    assert view.rivals[0].startswith("CronJob nightly starts other Jobs like Job now")


async def test_a_bare_pod_has_none_and_an_unknown_kind_is_only_named() -> None:
    assert await found(Shelf(), None) is None
    view = await found(Shelf(), ("DaemonSet", "agent"))
    assert view is not None
    assert (view.title, view.setting) == ("DaemonSet agent", None)


async def test_a_custom_resource_above_is_a_rival_and_not_followed() -> None:
    view = await found(Shelf((REPLICA_SETS, thing("web-1", ("Rollout", "web")))), ("ReplicaSet", "web-1"))
    assert view is not None
    assert view.title == "ReplicaSet web-1"
    assert "Rollout web controls" in view.rivals[0]


async def test_a_later_object_of_the_same_name_is_not_taken_for_the_owner() -> None:
    assert await found(Shelf((REPLICA_SETS, thing("web-1", uid="later"))), ("ReplicaSet", "web-1")) is None
    later = (DEPLOYMENTS, thing("web", uid="later"))
    assert await title(Shelf(later, REPLICA_SET), ("ReplicaSet", "web-1")) == "ReplicaSet web-1"


async def test_what_is_held_is_found_by_its_receipt_when_the_owner_between_is_gone() -> None:
    receipt = {"object": "Deployment web", "uid": "web-uid", "change": "scaled to zero", "prior": "{}", "at": NOON}
    released = incident(release={"reason": "over"}, status={"receipts": [receipt]})
    assert await title(Shelf(DEPLOYMENT), ("ReplicaSet", "web-1"), released) == "Deployment web"


async def test_nothing_is_looked_for_that_nobody_asked_for() -> None:
    shelf = Shelf(DEPLOYMENT, REPLICA_SET)
    assert await found(shelf, ("ReplicaSet", "web-1"), incident()) is None
    assert shelf.listed == []


async def test_a_dry_run_and_a_release_look_and_only_the_first_asks_for_rivals() -> None:
    hpa = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    shelf = Shelf(DEPLOYMENT, REPLICA_SET, (AUTOSCALERS, {"metadata": {"name": "by-load", "namespace": "shop"}, "spec": hpa}))
    view = await found(shelf, ("ReplicaSet", "web-1"), incident(dryRun=True))
    assert view is not None
    assert "HorizontalPodAutoscaler by-load" in view.rivals[0]
    shelf.listed.clear()
    assert await title(shelf, ("ReplicaSet", "web-1"), incident(release={"reason": "over"})) == "Deployment web"
    assert shelf.listed == []


async def test_a_holder_whose_incident_nobody_knows_is_a_stranger() -> None:
    held = {"annotations": {scale_holder(UID): "shop/shell", scale_holder(OTHER_UID): "shop/forged"}}
    view = await found(Shelf((DEPLOYMENTS, thing("web", metadata=held)), REPLICA_SET), ("ReplicaSet", "web-1"))
    assert view is not None
    assert view.holders == (scale_holder(UID),)
    assert view.strangers == {scale_holder(OTHER_UID)}


def other(status: dict[str, Any] | None = None, **fields: Any) -> SecurityIncident:
    return incident(uid=OTHER_UID, target={"kind": "Pod", "name": "web-2", **fields}, evidence={"enabled": True}, status=status)


def living(name: str, owner: tuple[str, str] | None) -> tuple[Resource, Obj]:
    return PODS, thing(name, owner, uid=f"{name}-uid")


async def endangered(
    *incidents: SecurityIncident, owner: tuple[str, str] | None = ("ReplicaSet", "web-1"), at: int = 3
) -> tuple[str, ...]:
    """What putting the Deployment to rest would delete of these incidents' suspects."""
    ledger = Ledger()
    for one in (ASKING, *incidents):
        ledger.note(one)
    deployment = (DEPLOYMENTS, {**thing("web"), "spec": {"replicas": at}})
    older = (REPLICA_SETS, thing("web-0", ("Deployment", "web")))
    bank = (REPLICA_SETS, thing("bank-1", ("Deployment", "bank")))
    shelf = Shelf(deployment, REPLICA_SET, older, bank, living("web-2", owner))
    suspect = pod(owner=Owner("ReplicaSet", "web-1", "web-1-uid"))
    view, _ = await Workloads(shelf, ledger).of(situation(ASKING, suspect))
    assert view is not None
    return view.endangered


async def test_another_incidents_pod_that_the_workload_still_owns_is_endangered_also_by_an_older_replicaset() -> None:
    assert await endangered(other()) == ("pod web-2 of shop/shell",)
    assert await endangered(other(), owner=("ReplicaSet", "web-0")) == ("pod web-2 of shop/shell",)


async def test_what_is_free_sealed_another_pod_or_of_another_workload_is_not_endangered() -> None:
    sealed = {"type": "EvidenceSealed", "status": "True", "reason": "Sealed", "message": "", "lastTransitionTime": NOON}
    assert await endangered(other({"conditions": [{**sealed, "observedGeneration": 1}]})) == ()
    assert await endangered(other(), owner=None) == ()
    assert await endangered(other(), owner=("ReplicaSet", "bank-1")) == ()
    assert await endangered(other(uid="an-earlier-pod-of-that-name")) == ()
    assert await endangered() == ()
    assert await endangered(other(), at=0) == (), "nothing is left that putting it to rest would delete"


async def adopter(shelf: Shelf, owner: Owner | None, **fields: Any) -> str | None:
    """Who would take the suspect back by its labels."""
    leaving = incident(**{"release": {"reason": "over"}, **fields})
    held = quarantined(owner=None, prior=PodPrior({"app": "web"}, owner))
    found = await Workloads(shelf, Ledger()).adopter(situation(leaving, held))
    return found.title if found else None


async def test_on_release_the_direct_owner_of_before_is_looked_at_whatever_its_uid_because_it_goes_by_labels() -> None:
    shelf = Shelf(DEPLOYMENT, (REPLICA_SETS, thing("web-1", ("Deployment", "web"), uid="made-anew")))
    assert await adopter(shelf, Owner("ReplicaSet", "web-1", "web-1-uid")) == "ReplicaSet web-1"
    assert await adopter(shelf, Owner("ReplicaSet", "gone", "gone-uid")) is None
    assert await adopter(shelf, Owner("Rollout", "web", "web-uid")) is None
    assert await adopter(shelf, None) is None
    assert await adopter(Shelf(), Owner("ReplicaSet", "web-1", "web-1-uid"), release=None) is None, "it holds, and nobody asks"
