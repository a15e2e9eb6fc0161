"""Leadership by Lease: of all replicas one acts, the others watch and are warm (15 s lease, 10 s to renew, every 2 s).

The process starts one; nobody else writes the Lease. Whoever loses it must stop acting at once: `lead` ends then.
Same meaning as client-go's leaderelection, so `kubectl get lease` reads as usual.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, KubeError
from firedoor.kube.resources import LEASES

log = logging.getLogger(__name__)

NAME = "firedoor-controller"
DURATION = timedelta(seconds=15)
RENEW_DEADLINE_SECONDS = 10.0
RETRY_SECONDS = 2.0


def held_by_other(lease: Obj, identity: str, now: datetime) -> bool:
    """Whether somebody else holds the lease and has not let it run out."""
    spec = lease.get("spec", {})
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    if not holder or holder == identity or not renewed:
        return False
    return now < datetime.fromisoformat(renewed) + timedelta(seconds=spec.get("leaseDurationSeconds", 0))


def claimed(lease: Obj, identity: str, now: datetime) -> Obj:
    """The lease as held by us from now on."""
    spec = lease.get("spec", {})
    ours = spec.get("holderIdentity") == identity
    stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        **lease,
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": int(DURATION.total_seconds()),
            "acquireTime": spec.get("acquireTime", stamp) if ours else stamp,
            "renewTime": stamp,
            "leaseTransitions": spec.get("leaseTransitions", 0) + (0 if ours else 1),
        },
    }


@dataclass(slots=True)
class Leadership:
    """This replica's try for the lead."""

    kube: Kube
    home: str
    identity: str
    _ours: Obj = field(default_factory=dict)
    """The lease as we last wrote it; empty when it has to be looked at."""

    async def gain(self) -> None:
        """Waits until this replica leads."""
        while not await self._try_once():
            await asyncio.sleep(RETRY_SECONDS)
        log.info("%s leads", self.identity)

    async def keep(self) -> None:
        """Renews until the lead is lost, then returns."""
        clock = asyncio.get_running_loop().time
        renewed = clock()
        while clock() - renewed < RENEW_DEADLINE_SECONDS:
            await asyncio.sleep(RETRY_SECONDS)
            if await self._try_once():
                renewed = clock()

    async def yield_lead(self) -> None:
        """Lets go of the lease on an orderly end, so that another replica takes over at once."""
        try:
            lease = await self.kube.get(LEASES, NAME, self.home)
            if lease["spec"].get("holderIdentity") == self.identity:
                body: dict[str, Any] = {"metadata": _version(lease), "spec": {"holderIdentity": None}}
                await self.kube.patch(LEASES, NAME, self.home, body)
        except KubeError as error:
            log.info("the lease could not be let go, so it runs out: %s", error)

    async def _try_once(self) -> bool:
        try:
            return await self._claim()
        except Conflict:
            return False
        except KubeError as error:
            log.warning("cannot hold Lease %s/%s: %s", self.home, NAME, error)
            return False

    async def _claim(self) -> bool:
        lease, self._ours = self._ours, {}  # only what was written well just now need not be looked at
        now = datetime.now(UTC)
        try:
            lease = lease or await self.kube.get(LEASES, NAME, self.home)
        except Gone:
            fresh = {"metadata": {"name": NAME, "namespace": self.home}}
            kind = {"apiVersion": LEASES.api_version, "kind": LEASES.kind}
            self._ours = await self.kube.create(LEASES, claimed(fresh | kind, self.identity, now))
            return True
        if held_by_other(lease, self.identity, now):
            return False
        body = {"metadata": _version(lease), "spec": claimed(lease, self.identity, now)["spec"]}
        self._ours = await self.kube.patch(LEASES, NAME, self.home, body)
        return True


def _version(lease: Obj) -> dict[str, str]:
    return {"resourceVersion": lease["metadata"]["resourceVersion"]}
