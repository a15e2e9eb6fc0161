"""The canary's pod and its deny, as objects; and what keeps such a pod from starting, in words. Pure.

The canary alone makes and reads them. The names are fixed, because the controller's permission to exec lists them.
"""

from firedoor.api import names
from firedoor.api.restricted import NOBODY, container_security
from firedoor.kube.client import Obj
from firedoor.kube.resources import NETWORK_POLICIES, PODS
from firedoor.probe.stand import PORT

CANARY = "firedoor-canary"
"""What the names of all canaries begin with."""
CANARIES = tuple(f"{CANARY}-{number}" for number in range(32))
"""The names of canary pods; see `canary_names`."""
CONTAINER = "canary"
COMPONENT = "canary"
LABEL = f"{names.GROUP}/canary"
HOPELESS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError")


def deny(home: str, name: str) -> Obj:
    """The deny of both directions that selects the canary of this name alone."""
    return {
        "apiVersion": NETWORK_POLICIES.api_version,
        "kind": NETWORK_POLICIES.kind,
        "metadata": _made(home, name),
        "spec": {"podSelector": {"matchLabels": {LABEL: name}}, "policyTypes": ["Ingress", "Egress"]},
    }


def pod(home: str, name: str, node: str, image: str) -> Obj:
    """The canary on a node: the operator's own image, restricted, without token."""
    container = {
        "name": CONTAINER,
        "image": image,
        "args": ["probe", "--stand"],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
    }
    spec = {
        # Named, not scheduled: the suspect's node may well be cordoned.
        "nodeName": node,
        "serviceAccountName": names.PROBE,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": NOBODY, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": PODS.kind, "metadata": _made(home, name), "spec": spec}


def trouble(found: Obj) -> str:
    """Why a pod will not start by itself, as its status tells; empty when nothing speaks against it."""
    status = found.get("status", {})
    if status.get("phase") in ("Failed", "Succeeded"):
        return f"the canary ended: {status.get('reason') or status.get('message') or status['phase']}."
    for container in status.get("containerStatuses") or ():
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason") in HOPELESS:
            return f"the canary's image {container['image']} does not start: {waiting['reason']}."
    return ""


def _made(home: str, name: str) -> Obj:
    labels = {names.MANAGED_BY: names.MANAGED_BY_VALUE, names.COMPONENT: COMPONENT, LABEL: name}
    return {"name": name, "namespace": home, "labels": labels}
