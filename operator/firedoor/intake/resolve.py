"""From an alert's hints to a live pod, or to none: looked up, compared, never guessed.

The server calls it for each alert. A pod counts only if everything that the alert tells of it fits.
"""

import re
from datetime import datetime

from firedoor.api.incident import Target
from firedoor.intake.alert import Alert
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, Invalid
from firedoor.kube.resources import PODS

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
POD = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
CONTAINER_ID = re.compile(r"([a-z-]+://)?[0-9a-f]{12,64}")
STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


async def target(kube: Kube, alert: Alert) -> Target | None:
    """The pod that the alert means, pinned by its uid; None when there is no such live pod."""
    if not NAMESPACE.fullmatch(alert.namespace) or not POD.fullmatch(alert.pod):
        return None
    try:
        pod = await kube.get(PODS, alert.pod, alert.namespace)
    except (Gone, Invalid):
        return None
    if not _is_meant(pod, alert):
        return None
    return Target(namespace=alert.namespace, name=alert.pod, uid=pod["metadata"]["uid"])


def _is_meant(pod: Obj, alert: Alert) -> bool:
    metadata, status = pod["metadata"], pod.get("status", {})
    return (
        status.get("phase") not in ("Succeeded", "Failed")
        and alert.pod_uid in ("", metadata["uid"])
        and _has_container(status, alert.container_id)
        and not _was_before(alert.at, metadata.get("creationTimestamp"))
    )


def _has_container(status: Obj, told: str) -> bool:
    if not told:
        return True
    if not CONTAINER_ID.fullmatch(told):
        return False
    bare = told.rpartition("://")[2]
    known = (container.get("containerID", "") for kind in STATUSES for container in status.get(kind) or ())
    return any(identifier.rpartition("://")[2].startswith(bare) for identifier in known if identifier)


def _was_before(at: datetime | None, created: str | None) -> bool:
    """Whether the alert speaks of a time before this pod was: then it means an earlier pod of that name."""
    return at is not None and created is not None and at < datetime.fromisoformat(created)
