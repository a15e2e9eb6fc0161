"""The reader: a pod that mounts one evidence volume read-only for as long as somebody fetches from it.

It has no token, its name is fixed, and so is all else about it: whoever may make it can make nothing else in firedoor's
home namespace (admission policy firedoor-evidence-reader). So one person reads at a time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from firedoor.api import names
from firedoor.api.placing import CORDON_TOLERATED
from firedoor.api.rbac import Rule
from firedoor.api.restricted import container_security, pod_security
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Gone
from firedoor.kube.resources import DEPLOYMENTS, PODS

RULES = (
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("get", "list")),
    Rule(groups=("",), resources=("configmaps",), verbs=("get",), names=(names.SIGNING_KEYS,)),
    # The image that the reader runs.
    Rule(groups=("apps",), resources=("deployments",), verbs=("get",), names=(names.CONTROLLER,)),
    # create cannot be bound to a name; the admission policy does it.
    Rule(groups=("",), resources=("pods",), verbs=("create",)),
    Rule(groups=("",), resources=("pods",), verbs=("get", "delete"), names=(names.READER,)),
    Rule(groups=("",), resources=("pods/exec",), verbs=("get", "create"), names=(names.READER,)),
)
PATIENCE_SECONDS: Final = 120.0
LIVES_SECONDS: Final = 3600
STEP_SECONDS: Final = 0.5


class NoReader(Exception):
    """The reader did not come up, or somebody else has it."""


@asynccontextmanager
async def reading(kube: Kube, home: str, claim: str) -> AsyncIterator[None]:
    """The reader, running on this claim, and gone afterwards."""
    deployment = await kube.get(DEPLOYMENTS, names.CONTROLLER, home)
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    uid = await _made(kube, pod(home, image, claim))
    try:
        await _running(kube, home)
        yield
    finally:
        with suppress(Gone, Conflict):
            await kube.delete(PODS, names.READER, home, uid=uid)


async def _made(kube: Kube, asked: Obj) -> str:
    home = asked["metadata"]["namespace"]
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        if (made := await kube.ensure(PODS, asked)) is not None:
            return str(made["metadata"]["uid"])
        await _clear(kube, home)
        if asyncio.get_running_loop().time() > deadline:
            raise NoReader(f"somebody else reads evidence with pod {home}/{names.READER}; delete it if nobody does any more")
        await asyncio.sleep(STEP_SECONDS)


async def _clear(kube: Kube, home: str) -> None:
    """Takes away a reader whose time is over."""
    found = await kube.find(PODS, names.READER, home)
    if found is not None and found.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        with suppress(Gone, Conflict):
            await kube.delete(PODS, names.READER, home, uid=found["metadata"]["uid"])


async def _running(kube: Kube, home: str) -> None:
    deadline, status = asyncio.get_running_loop().time() + PATIENCE_SECONDS, {}
    while asyncio.get_running_loop().time() < deadline:
        status = (await kube.get(PODS, names.READER, home)).get("status", {})
        if status.get("phase") == "Running":
            return
        await asyncio.sleep(STEP_SECONDS)
    raise NoReader(f"pod {home}/{names.READER} does not run: {_why(status)}")


def _why(status: Obj) -> str:
    waiting = [(one.get("state") or {}).get("waiting") or {} for one in status.get("containerStatuses") or ()]
    reasons = [*(one.get("reason", "") for one in waiting), *(c.get("message", "") for c in status.get("conditions") or ())]
    return str(next((reason for reason in reasons if reason), status.get("phase", "unknown")))


def pod(home: str, image: str, claim: str) -> Obj:
    """The reader's pod: restricted profile, no token, the volume and nothing else, read-only."""
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": names.READER,
            "namespace": home,
            "labels": {names.MANAGED_BY: names.MANAGED_BY_VALUE, names.COMPONENT: "evidence-reader"},
        },
        "spec": {
            "serviceAccountName": names.PROBE,
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIVES_SECONDS,
            "terminationGracePeriodSeconds": 1,
            "tolerations": [*CORDON_TOLERATED],
            "securityContext": pod_security(),
            "containers": [_container(image)],
            "volumes": [{"name": "evidence", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}],
        },
    }


def _container(image: str) -> dict[str, Any]:
    return {
        "name": "reader",
        "image": image,
        "args": ["probe", "--stand"],
        "volumeMounts": [{"name": "evidence", "mountPath": "/evidence", "readOnly": True}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
    }
