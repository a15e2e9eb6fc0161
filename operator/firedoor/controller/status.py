"""Writing what was found: status by server-side apply, the finalizer, and an event for each change that people care about.

The reconciler calls it. The controller is the only writer of an incident's status; it writes only what differs.
"""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from firedoor.api import names
from firedoor.api.conditions import Condition, Type
from firedoor.api.incident import IncidentStatus, Release, SecurityIncident
from firedoor.controller import metrics
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import EVENTS, INCIDENTS

log = logging.getLogger(__name__)

NOTABLE = (
    Type.ACCEPTED,
    Type.ISOLATED,
    Type.NODE_CORDONED,
    Type.WORKLOAD_SCALED,
    Type.IDENTITY_FROZEN,
    Type.EVIDENCE_SEALED,
    Type.RELEASED,
)
EXPECTED = ("Capturing", "Releasing", "Released", "NotRequested")
"""Reasons that are part of an ordinary course, although the condition is False."""
NAME_LIMIT = 230


@dataclass(frozen=True, slots=True)
class Scribe:
    """The pen of the reconciler."""

    kube: Kube
    instance: str

    async def write(self, incident: SecurityIncident, status: IncidentStatus, *, exactly: bool = False) -> SecurityIncident:
        """Writes the status where it says something new, then the events for what changed; one that is gone is well.

        The incident as it is then. `exactly`: Conflict where anybody changed it since it was read.
        """
        if same(incident.status, status):
            return incident
        try:
            written = await self.kube.apply(INCIDENTS, _status_body(incident, status, exactly), subresource="status")
        except Gone:
            return incident
        _count(incident.status, status, incident.leaving)
        for condition in changed(incident.status, status):
            await self.say(incident, condition)
        return SecurityIncident.read(written)

    async def hold(self, incident: SecurityIncident) -> bool:
        """Puts firedoor's finalizer on the incident, so that it cannot go before everything is given back; False: it is gone."""
        if names.FINALIZER in incident.metadata.finalizers:
            return True
        return await self._finalizers(incident, [*incident.metadata.finalizers, names.FINALIZER])

    async def release(self, incident: SecurityIncident, asked: Release) -> None:
        """Writes the release that is due into the spec, from where it goes like any other."""
        metadata = incident.metadata
        body = {"metadata": {"resourceVersion": metadata.resource_version}, "spec": {"release": asked.wire()}}
        await self.kube.patch(INCIDENTS, metadata.name, metadata.namespace, body)

    async def say(self, incident: SecurityIncident, about: Condition) -> None:
        """An event. One that cannot be written keeps nothing up: the status is what counts."""
        try:
            await self.kube.create(EVENTS, event(incident, about, self.instance, datetime.now(UTC)))
        except KubeError as error:
            log.warning("no event says %s=%s of incident %s: %s", about.type, about.status, incident.key, error)

    async def let_go(self, incident: SecurityIncident) -> None:
        """Takes firedoor's finalizer off; an incident that is gone is well."""
        if names.FINALIZER in incident.metadata.finalizers:
            kept = [name for name in incident.metadata.finalizers if name != names.FINALIZER]
            await self._finalizers(incident, kept)

    async def _finalizers(self, incident: SecurityIncident, finalizers: list[str]) -> bool:
        metadata = incident.metadata
        version = {"uid": metadata.uid, "resourceVersion": metadata.resource_version}
        body = {"metadata": {**version, "finalizers": finalizers}}
        try:
            await self.kube.patch(INCIDENTS, metadata.name, metadata.namespace, body)
        except Gone:
            return False
        return True


def same(before: IncidentStatus, now: IncidentStatus) -> bool:
    """Whether nothing but the time of the last verification differs."""
    return _timeless(before) == _timeless(now)


def _timeless(status: IncidentStatus) -> dict[str, Any]:
    wire = status.wire()
    wire.get("isolation", {}).pop("verifiedAt", None)
    return json.loads(json.dumps(wire))  # type: ignore[no-any-return]


def changed(before: IncidentStatus, now: IncidentStatus) -> tuple[Condition, ...]:
    """The notable conditions whose status or reason is news."""
    known = {condition.type: (condition.status, condition.reason) for condition in before.conditions}
    return tuple(
        condition
        for condition in now.conditions
        if condition.type in NOTABLE
        and condition.status != "Unknown"
        and known.get(condition.type) != (condition.status, condition.reason)
        and (condition.reason not in ("NotRequested", "Holding", "Pending") or before.truth(condition.type) == "True")
    )


def _status_body(incident: SecurityIncident, status: IncidentStatus, exactly: bool) -> Obj:
    metadata = {"name": incident.metadata.name, "namespace": incident.metadata.namespace, "uid": incident.uid}
    if exactly:
        metadata["resourceVersion"] = incident.metadata.resource_version
    return {
        "apiVersion": names.API_VERSION,
        "kind": INCIDENTS.kind,
        "metadata": metadata,
        "status": status.wire(),
    }


def event(incident: SecurityIncident, condition: Condition, instance: str, now: datetime) -> Obj:
    """An events.k8s.io/v1 Event that says how a condition changed."""
    metadata = incident.metadata
    good = condition.status == "True" or condition.reason in EXPECTED
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {
            "name": f"{metadata.name[:NAME_LIMIT].rstrip('.-')}.{int(now.timestamp() * 1e6):x}",
            "namespace": metadata.namespace,
        },
        "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "reportingController": f"{names.GROUP}/controller",
        "reportingInstance": instance,
        "action": condition.type,
        "reason": condition.reason,
        "type": "Normal" if good else "Warning",
        "note": f"{condition.type}={condition.status}: {condition.message}"[:1024],
        "regarding": {
            "apiVersion": names.API_VERSION,
            "kind": INCIDENTS.kind,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
        },
    }


def _count(before: IncidentStatus, now: IncidentStatus, leaving: bool) -> None:
    """An isolation that was proved and is not any more, although nobody asked for its release."""
    isolated = next((c for c in now.conditions if c.type == Type.ISOLATED), None)
    if before.truth(Type.ISOLATED) == "True" and isolated is not None and isolated.status != "True" and not leaving:
        metrics.isolation_lost.labels(isolated.reason).inc()
