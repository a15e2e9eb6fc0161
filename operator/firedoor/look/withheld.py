"""Which mounts are never read: what Kubernetes gives a container of Secrets, tokens and ConfigMaps.

By the pod's own spec, which nobody can change any more, and by the form in which a kubelet writes: whatever is one of the
two is not read. Where they do not agree somebody may want to hide files behind it, and that is said.
"""

from collections.abc import Collection, Iterable
from typing import Final

from firedoor.look.mounts import IN_MEMORY, Mount
from firedoor.look.root import Root, parts

WRITABLE: Final = "a Secret's place that can be written to, which is not how Kubernetes mounts one; not read"
ELSEWHERE: Final = "the file system of a Secret in another place; not read"
UNKNOWN: Final = "in the form of a Secret, but the pod has none there; not read"


def withheld(root: Root, mounts: Iterable[Mount], places: Iterable[str]) -> dict[bytes, str]:
    """The mounts not to read, by where they are, each with what there is to be said of it, mostly nothing.

    `places`: where the container's spec mounts Secrets and their like.
    """
    every, known = list(mounts), {_resolved(root, place) for place in places}
    devices = {mount.device for mount in every if mount.at in known and mount.kind in IN_MEMORY}
    found = ((mount.at, _why(root, mount, known, devices)) for mount in every)
    return {at: why for at, why in found if why is not None}


def _why(root: Root, mount: Mount, known: Collection[bytes], devices: Collection[int]) -> str | None:
    """None for a mount that may be read."""
    if mount.by_reference:
        return ""
    if mount.kind not in IN_MEMORY:
        return None
    if mount.at in known:
        return "" if mount.read_only else WRITABLE
    if mount.device in devices:
        return ELSEWHERE
    # What can be written to is no Secret: else a link would be enough to hide any file system.
    return UNKNOWN if mount.read_only and _a_kubelet_wrote(root, mount) else None


def _a_kubelet_wrote(root: Root, mount: Mount) -> bool:
    """Kubelets write such files into a folder `..TIME` that the link `..data` leads to; a sub-path is mounted out of it."""
    try:
        return mount.root.startswith(b"/..") or root.look((*parts(mount.at), b"..data")).link is not None
    except OSError:
        return False


def _resolved(root: Root, place: str) -> bytes:
    """Runtimes follow links in the image when they mount (`/var/run`)."""
    asked = parts(place.encode())
    try:
        return b"/".join(root.resolved(asked))
    except OSError:
        return b"/".join(asked)
