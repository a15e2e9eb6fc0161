"""Storing an alert as an incident, under a name that the alert itself determines: a retry finds what is there already.

The server answers only after this has returned. An incident that was released does not swallow the next alert: that
one gets the next name.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from firedoor.api import names
from firedoor.api.incident import IncidentSpec, SecurityIncident, Source, Target
from firedoor.intake.alert import Alert
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone, Unavailable
from firedoor.kube.resources import INCIDENTS

TRIES = 50
SAID = {"title", "severity", "target", "source", "requested_by"}
"""The fields that an alert fills; the API server adds the defaults of the others."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an alert is now."""

    namespace: str
    name: str
    how: Literal["created", "known", "unresolved"]


async def store(kube: Kube, home: str, alert: Alert, target: Target | None, now: datetime) -> Stored:
    """Makes the incident, or finds it; Unavailable when it could not be stored."""
    for number in range(1, TRIES + 1):
        name = _name(alert, target, number)
        try:
            await kube.create(INCIDENTS, _incident(home, name, alert, target, now))
            return Stored(home, name, "created" if target else "unresolved")
        except Conflict:
            if await _is_open(kube, home, name):
                return Stored(home, name, "known")
    raise Unavailable(f"There are {TRIES} released incidents of one alert in namespace {home}; delete the oldest.")


async def _is_open(kube: Kube, home: str, name: str) -> bool:
    try:
        return not SecurityIncident.read(await kube.get(INCIDENTS, name, home)).leaving
    except Gone:
        return False


def _name(alert: Alert, target: Target | None, number: int) -> str:
    """The source's own name and a hash: nothing that the alert says becomes part of a name."""
    key = hashlib.sha256(f"{alert.fingerprint} {target.uid if target else ''}".encode()).hexdigest()[:10]
    return f"{alert.source}-{key}" + (f"-{number}" if number > 1 else "")


def _incident(home: str, name: str, alert: Alert, target: Target | None, now: datetime) -> Obj:
    source = Source(
        name=alert.source,
        rule=alert.rule or None,
        fingerprint=alert.fingerprint,
        received_at=now,
        summary=alert.summary or None,
    )
    asks = f"system:serviceaccount:{home}:{names.RECEIVER}"
    spec = IncidentSpec(title=alert.rule or None, severity=alert.severity, target=target, source=source, requested_by=asks)
    return {
        "apiVersion": names.API_VERSION,
        "kind": INCIDENTS.kind,
        "metadata": {"name": name, "namespace": home, "labels": {names.MANAGED_BY: names.MANAGED_BY_VALUE}},
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True, include=SAID),
    }
