"""The way in: an ephemeral container beside the suspect, as the suspect's own user, with no power that user has not.

Each form is tried by a server-side dry run first, so that admission answers before anything is made. An ephemeral
container can never be removed from its pod: it is named in custody, ends by itself, and is used again by a later collector.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from firedoor.api import restricted
from firedoor.api.allocator import KEEPS_BLOCKS
from firedoor.evidence.bag import Bag
from firedoor.evidence.sources.container import Container
from firedoor.evidence.sources.suspect import Suspect, reason_of
from firedoor.kube.client import Obj
from firedoor.kube.errors import Conflict, Forbidden, Gone, Invalid, KubeError
from firedoor.kube.resources import PODS

NOBODY: Final = (restricted.NOBODY, restricted.NOBODY)
PYTHON: Final = "/opt/firedoor/bin/python3"
LOOK: Final = (PYTHON, "-I", "-m", "firedoor.look")
START_SECONDS: Final = 20.0
STEP_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 5.0
STAYS_LONGER_SECONDS: Final = 60
"""Than the capture may take."""
TRIES: Final = 6
PULLING: Final = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


@dataclass(frozen=True, slots=True)
class Helper:
    """A helper that runs beside a container."""

    name: str
    user: tuple[int, int]


class NoEntry(Exception):
    """Why no helper could be put beside a container; `reason` is the word of capture.json."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


async def enter(bag: Bag, suspect: Suspect, container: Container, image: str, user: tuple[int, int]) -> Helper:
    """A running helper beside the container, as this user; NoEntry when none was permitted or none started."""
    if not image:
        raise NoEntry("SwitchedOff", "Ephemeral containers are switched off (actions.ephemeralContainers.enabled).")
    if container.field == "ephemeralContainers":
        raise NoEntry("Unsupported", "No ephemeral container can be put beside another one.")
    last = NoEntry("AdmissionDenied", "")
    for security in profiles(container, user):
        try:
            return await _entered(bag, suspect, container, image, security)
        except NoEntry as refused:
            last = refused
    raise last


def profiles(container: Container, user: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """Security contexts to try, the least powerful first that can read what the suspect's user can read."""
    labels = {key: container.security[key] for key in ("seLinuxOptions", "appArmorProfile") if key in container.security}
    if user[0] == 0:
        # Root may look into root only with no fewer capabilities than it has (ptrace(2)).
        capabilities = {"capabilities": container.security["capabilities"]} if "capabilities" in container.security else {}
        mirrored = {"runAsUser": 0, "runAsGroup": user[1], "readOnlyRootFilesystem": True, **capabilities, **labels}
        yield mirrored | {"seccompProfile": {"type": "RuntimeDefault"}, "allowPrivilegeEscalation": False}
        user = NOBODY
    yield {**restricted.lone_container_security(), "runAsUser": user[0], "runAsGroup": user[1], **labels}


async def _entered(bag: Bag, suspect: Suspect, container: Container, image: str, security: Mapping[str, Any]) -> Helper:
    user = (security["runAsUser"], security["runAsGroup"])
    for _ in range(TRIES):
        pod = await suspect.now()
        if found := _standing(suspect, pod, container, user):
            return await _running(suspect, found, user)
        mine = len(_ours(suspect, pod)) + 1
        asked = _ephemeral(suspect, f"{suspect.helpers}{mine}", container.name, image, security)
        try:
            await _put(suspect, pod, asked, dry_run=True)
            await _put(suspect, pod, asked, dry_run=False)
        except Conflict:
            continue
        except Gone:
            raise
        except KubeError as error:
            raise NoEntry(_denied(error), str(error)) from error
        bag.note("helper.injected", object=asked["name"], image=image, security=dict(security), **container.source)
        return await _running(suspect, asked["name"], user)
    raise NoEntry("Conflict", "The pod changed faster than a container could be added to it.")


def _standing(suspect: Suspect, pod: Obj, container: Container, user: tuple[int, int]) -> str:
    """The name of a helper that is beside this container already, as this user."""
    ended = {
        status["name"]
        for status in pod.get("status", {}).get("ephemeralContainerStatuses") or ()
        if "terminated" in (status.get("state") or {})
    }
    for spec in _ours(suspect, pod):
        security = spec.get("securityContext") or {}
        same = (security.get("runAsUser"), security.get("runAsGroup")) == user
        if spec.get("targetContainerName") == container.name and same and spec["name"] not in ended:
            return str(spec["name"])
    return ""


def _ours(suspect: Suspect, pod: Obj) -> list[Obj]:
    return [spec for spec in pod["spec"].get("ephemeralContainers") or () if spec["name"].startswith(suspect.helpers)]


def _ephemeral(suspect: Suspect, name: str, target: str, image: str, security: Mapping[str, Any]) -> Obj:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "targetContainerName": target,
        # What keeps it is small and ends by itself; each look is an exec beside it.
        "command": ["sleep", str(int(suspect.limits.capture_seconds) + STAYS_LONGER_SECONDS)],
        "env": [{"name": "FIREDOOR_STAND", "value": name}, *KEEPS_BLOCKS],
        "terminationMessagePolicy": "File",
        "securityContext": dict(security),
    }


async def _put(suspect: Suspect, pod: Obj, asked: Obj, *, dry_run: bool) -> None:
    metadata = {key: pod["metadata"][key] for key in ("uid", "resourceVersion")}
    body = {"metadata": metadata, "spec": {"ephemeralContainers": [*(pod["spec"].get("ephemeralContainers") or ()), asked]}}
    namespace, name = suspect.key
    await suspect.kube.patch(PODS, name, namespace, body, subresource="ephemeralcontainers", dry_run=dry_run)


async def _running(suspect: Suspect, name: str, user: tuple[int, int]) -> Helper:
    """Waits until the container runs; NoEntry when it does not.

    The kubelet says so a second or two after it is so, which is long for what is vanishing: so the container is asked as well.
    """
    deadline, seen = asyncio.get_running_loop().time() + START_SECONDS, ""
    while asyncio.get_running_loop().time() < deadline:
        if await _answers(suspect, name):
            return Helper(name, user)
        state = state_of(await suspect.now(), name)
        if "running" in state:
            return Helper(name, user)
        if ended := state.get("terminated"):
            raise NoEntry("HelperEnded", f"{name}: {ended.get('reason', '')} {ended.get('message', '')}".strip())
        seen = (state.get("waiting") or {}).get("reason", seen)
        await asyncio.sleep(STEP_SECONDS)
    reason = "ImagePullFailed" if seen in PULLING else "HelperNotStarted"
    raise NoEntry(reason, f"{name} did not run in time: {seen or 'unknown'}")


async def _answers(suspect: Suspect, name: str) -> bool:
    """Whether a command runs in the container."""
    namespace, pod = suspect.key
    try:
        async with asyncio.timeout(ANSWER_SECONDS), suspect.kube.exec(namespace, pod, name, ["true"], stdin=False) as stream:
            async for _ in stream:
                pass
        return stream.outcome.success
    except (KubeError, TimeoutError):
        return False


def state_of(pod: Obj, name: str) -> Obj:
    """The state of an ephemeral container."""
    statuses = pod.get("status", {}).get("ephemeralContainerStatuses") or ()
    return next((status.get("state") or {} for status in statuses if status["name"] == name), {})


def _denied(error: KubeError) -> str:
    """Whether it was we who may not, or the form that is not admitted."""
    if isinstance(error, Forbidden):
        return "Forbidden" if "cannot patch resource" in str(error) else "AdmissionDenied"
    # Webhooks and admission policies refuse with whatever status their author chose, 422 if none.
    return "AdmissionDenied" if isinstance(error, Invalid) and "denied" in str(error) else reason_of(error)
