"""The outbound probe: an ephemeral container in the suspect that tries to get out of it to the probes, once.

Off by default, because it changes the suspect for good: Kubernetes takes no ephemeral container away again. The controller
asks for it where the administrator allows it. It is the operator's own image, restricted, shares nothing with the suspect but
its network, and tells what it found in its termination message.
"""

from collections.abc import Sequence

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.api.restricted import NOBODY, lone_container_security
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import PODS

RULES = (Rule(groups=("",), resources=("pods/ephemeralcontainers",), verbs=("patch",)),)


def container_name(incident_uid: str) -> str:
    """Name of the incident's ephemeral container."""
    return f"firedoor-outbound-{names.uid8(incident_uid)}"


async def send(kube: Kube, pod: Obj, incident_uid: str, image: str, addresses: Sequence[str]) -> None:
    """Puts the container into the pod as it was read; one that is there already is well, a pod that moved is a Conflict."""
    standing = pod["spec"].get("ephemeralContainers") or []
    if any(one["name"] == container_name(incident_uid) for one in standing):
        return
    metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    body = {"metadata": metadata, "spec": {"ephemeralContainers": [*standing, container(incident_uid, image, addresses)]}}
    await kube.patch(PODS, metadata["name"], metadata["namespace"], body, subresource="ephemeralcontainers")


def message(pod: Obj, incident_uid: str) -> str | None:
    """What the container left to be read, None while it has not ended; empty when it ended without a word."""
    for status in pod.get("status", {}).get("ephemeralContainerStatuses") or ():
        ended = status.get("state", {}).get("terminated")
        if status["name"] == container_name(incident_uid) and ended is not None:
            return str(ended.get("message", ""))
    return None


def container(incident_uid: str, image: str, addresses: Sequence[str]) -> Obj:
    """The probe itself. Admission policy firedoor-outbound-probe lets the controller add no other container."""
    return {
        "name": container_name(incident_uid),
        "image": image,
        "args": ["probe", *(word for address in addresses for word in ("--outbound", address))],
        "securityContext": {**lone_container_security(), "runAsUser": NOBODY},
    }
