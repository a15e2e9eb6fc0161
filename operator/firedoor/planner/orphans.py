"""Orphans: containment whose incident is gone, because it was deleted before its finalizer was on it.

Pure: from what carries firedoor's marks and the uids of the incidents that are. An orphan comes back as the incident
that it must have been, already leaving, so that release is one and the same road.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from firedoor.api import names
from firedoor.api.incident import SecurityIncident
from firedoor.planner.identity_views import FrozenList

Json = Mapping[str, Any]


def orphans(
    policies: Iterable[Json], nodes: Iterable[Json], living: Iterable[str], now: datetime, frozen: FrozenList | None = None
) -> tuple[SecurityIncident, ...]:
    """The incidents that deny policies, held cordons and frozen identities speak of and that are not among the living uids."""
    known = {names.uid8(uid) for uid in living}
    found = [
        *(_from_policy(policy) for policy in policies if not _kept(policy)),
        *(held for node in nodes for held in _from_node(node)),
        *_from_list(frozen),
    ]
    lost = {incident["metadata"]["uid"]: incident for incident in reversed(found)}
    return tuple(
        SecurityIncident.read({**incident, "metadata": {**incident["metadata"], "deletionTimestamp": now}})
        for uid, incident in lost.items()
        if names.uid8(uid) not in known
    )


def _kept(policy: Json) -> bool:
    return names.KEPT in (policy["metadata"].get("annotations") or {})


def _from_policy(policy: Json) -> dict[str, Any]:
    metadata = policy["metadata"]
    annotations = metadata.get("annotations") or {}
    target = {"kind": "Pod", "namespace": metadata["namespace"], "name": annotations.get(names.TARGET, "unknown")}
    return _incident(metadata["labels"][names.INCIDENT_UID], annotations.get(names.INCIDENT_NAME, ""), target)


def _from_node(node: Json) -> list[dict[str, Any]]:
    annotations = node["metadata"].get("annotations") or {}
    held = [
        (key.removeprefix(names.CORDON_PREFIX), value)
        for key, value in annotations.items()
        if key.startswith(names.CORDON_PREFIX)
    ]
    return [_incident(uid8, incident, None) for uid8, incident in held]


def _from_list(frozen: FrozenList | None) -> list[dict[str, Any]]:
    """Incidents known by their uid8 alone; they ask for freezing, so that the list is looked at when they are released."""
    held = sorted({holder for holders in frozen.holders.values() for holder in holders}) if frozen else []
    return [{**_incident(uid8, "", None), "spec": {"containment": {"identity": "Freeze"}}} for uid8 in held]


def _incident(uid: str, key: str, target: dict[str, str] | None) -> dict[str, Any]:
    namespace, _, name = key.partition("/")
    metadata = {"uid": uid, "namespace": namespace or "unknown", "name": name or "unknown"}
    return {"metadata": metadata, "spec": {"target": target} if target else {}}
