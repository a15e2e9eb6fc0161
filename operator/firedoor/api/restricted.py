"""The restricted profile, as every pod that firedoor makes for itself says it: nobody's user, no capability, nothing writable.

Everyone who makes a pod or a container takes it from here; what a helper beside a suspect may be on top of that is decided
where helpers are put (`evidence.sources.entrance`). Pod Security Standards, "Restricted" (kubernetes.io).
"""

from typing import Any, Final

NOBODY: Final = 65532
"""User and group, as in the operator's image."""


def pod_security(*, volume: bool = False) -> dict[str, Any]:
    """A pod's securityContext. volume: whether what it mounts has to be writable for it."""
    user = {"runAsNonRoot": True, "runAsUser": NOBODY, "runAsGroup": NOBODY}
    return {**user, **({"fsGroup": NOBODY} if volume else {}), "seccompProfile": {"type": "RuntimeDefault"}}


def container_security() -> dict[str, Any]:
    """The securityContext of a container in such a pod."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def lone_container_security() -> dict[str, Any]:
    """The securityContext of a container in somebody else's pod, but for its user."""
    return {"runAsNonRoot": True, **container_security(), "seccompProfile": {"type": "RuntimeDefault"}}
