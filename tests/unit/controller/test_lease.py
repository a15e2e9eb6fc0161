"""The lead: what one replica holds no other takes, and holding on to it costs one call."""

from datetime import UTC, datetime, timedelta
from typing import Any

from firedoor.controller.lease import Leadership
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, Unavailable


class Registry(Kube):
    """An API server that keeps one lease, refuses a version that is not the newest, and counts what it is asked."""

    def __init__(self) -> None:
        self.lease: Obj | None = None
        self.asked: list[str] = []
        self.away = False

    async def get(self, *_: Any) -> Obj:
        self.asked.append("get")
        if self.lease is None:
            raise Gone("no lease", status=404)
        return self.lease

    async def create(self, _: Any, obj: Obj) -> Obj:
        self.asked.append("create")
        return self._keep(obj["spec"])

    async def patch(self, resource: Any, name: str, namespace: str | None, body: Any, **_: Any) -> Obj:
        self.asked.append("patch")
        assert self.lease is not None
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict("the lease has moved on", status=409)
        written = self._keep({**self.lease["spec"], **body["spec"]})
        if self.away:
            raise Unavailable("the answer was lost")
        return written

    def taken_by(self, holder: str, ago: timedelta = timedelta()) -> None:
        renewed = (datetime.now(UTC) - ago).isoformat()
        self._keep({"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15})

    def _keep(self, spec: Obj) -> Obj:
        version = int(self.lease["metadata"]["resourceVersion"]) + 1 if self.lease else 1
        self.lease = {"metadata": {"name": "firedoor-controller", "resourceVersion": str(version)}, "spec": spec}
        return self.lease


def replica(registry: Registry) -> Leadership:
    return Leadership(registry, "firedoor-system", "replica-a")


async def test_holding_on_to_the_lead_costs_one_call_a_time() -> None:
    registry = Registry()
    leadership = replica(registry)
    assert [await leadership._try_once() for _ in range(3)] == [True, True, True]
    assert registry.asked == ["get", "create", "patch", "patch"]


async def test_what_another_replica_took_meanwhile_is_not_written_over_and_stays_lost() -> None:
    registry = Registry()
    leadership = replica(registry)
    await leadership._try_once()
    registry.taken_by("replica-b")
    assert [await leadership._try_once() for _ in range(2)] == [False, False]
    assert registry.lease is not None
    assert registry.lease["spec"]["holderIdentity"] == "replica-b"


async def test_a_renewal_whose_answer_was_lost_is_looked_at_before_the_next() -> None:
    registry = Registry()
    leadership = replica(registry)
    await leadership._try_once()
    registry.away = True
    assert not await leadership._try_once()
    registry.away = False
    assert await leadership._try_once()
    assert registry.asked[-2:] == ["get", "patch"]


async def test_a_lease_that_has_run_out_is_taken_over() -> None:
    registry = Registry()
    registry.taken_by("replica-b", ago=timedelta(seconds=16))
    assert await replica(registry)._try_once()
    assert registry.lease is not None
    assert registry.lease["spec"]["leaseTransitions"] == 1
