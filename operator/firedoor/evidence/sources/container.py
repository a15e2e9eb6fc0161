"""A container of a pod as one look at the pod shows it: which run of it is there, and which was there before.

Sources ask it; nothing here asks the cluster.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from datetime import datetime
from hashlib import sha256
from typing import Any

from firedoor.kube.client import Obj

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
STATUSES = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}


BY_REFERENCE = ("secret", "configMap", "projected", "downwardAPI", "csi")
"""Volumes that hold Secrets, tokens or ConfigMaps; a CSI driver's may, and on a disk they are read."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container of the suspect as it was when the capture began."""

    name: str
    id: str
    field: str
    running: bool
    ran_before: bool
    """Whether the log of a run before it may be had, that is not this one's."""
    before: str = ""
    """Id of that run, where the cluster tells."""
    restarts: int = 0
    started: float = 0.0
    """When this run began, in seconds of the epoch."""
    user: tuple[int, int] | None = None
    """Uid and gid of its first process, where the cluster tells."""
    security: Mapping[str, Any] = with_default(default_factory=dict)
    """Its own security context."""
    secrets: tuple[str, ...] = ()
    """Where Secrets and their like are mounted in it."""

    @property
    def folder(self) -> str:
        """Its folder in the bag: its name, which is a DNS label; a hash if the API server ever let another one pass."""
        return self.name if LABEL.fullmatch(self.name) else f"x-{sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def source(self) -> dict[str, str]:
        return {"container": self.name, "containerID": self.id}

    def was_replaced_by(self, now: "Container") -> bool:
        """Whether another run took this one's place. Before it had an id there was none."""
        return self.id not in ("", now.id)


def in_pod(pod: Obj, container: Container) -> Container:
    """A container as a later look at its pod shows it; without an id where it does not."""
    found = (one for one in containers(pod, container.field) if one.name == container.name)
    return next(found, replace(container, id="", before="", running=False))


def containers(pod: Obj, place: str) -> list[Container]:
    """Those that stand in this field of the pod's spec."""
    known = {status["name"]: status for status in pod.get("status", {}).get(STATUSES[place]) or ()}
    return [_container(pod, spec, known.get(spec["name"], {}), place) for spec in pod["spec"].get(place) or ()]


def _container(pod: Obj, spec: Obj, status: Obj, place: str) -> Container:
    security = spec.get("securityContext") or {}
    terminated = (status.get("lastState") or {}).get("terminated") or {}
    before, id = terminated.get("containerID", ""), status.get("containerID", "")
    restarts = status.get("restartCount", 0)
    return Container(
        name=spec["name"],
        id=id,
        field=place,
        running="running" in (status.get("state") or {}),
        ran_before=(restarts > 0 or bool(terminated)) and (not before or before != id),
        before=before,
        restarts=restarts,
        started=_seconds(((status.get("state") or {}).get("running") or {}).get("startedAt")),
        user=_user(status, {**(pod["spec"].get("securityContext") or {}), **security}),
        security=security,
        secrets=_secrets(pod, spec),
    )


def _secrets(pod: Obj, spec: Obj) -> tuple[str, ...]:
    names = {volume["name"] for volume in pod["spec"].get("volumes") or () if not volume.keys().isdisjoint(BY_REFERENCE)}
    return tuple(mount["mountPath"] for mount in spec.get("volumeMounts") or () if mount["name"] in names)


def _user(status: Obj, security: Obj) -> tuple[int, int] | None:
    """What the runtime says (Kubernetes 1.31 on), else what was asked for, if both parts were."""
    told = (status.get("user") or {}).get("linux") or {}
    uid, gid = told.get("uid", security.get("runAsUser")), told.get("gid", security.get("runAsGroup"))
    return None if uid is None or gid is None else (int(uid), int(gid))


def _seconds(at: str | None) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0
