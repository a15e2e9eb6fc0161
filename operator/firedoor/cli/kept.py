"""The evidence that is kept: what each claim in firedoor's home namespace says of the bag on its volume.

The commands for people find evidence by it, never by incidents, because it outlives them.
"""

from firedoor.api import names
from firedoor.evidence.verify import safe
from firedoor.kube.client import Kube
from firedoor.kube.resources import CLAIMS, CONFIG_MAPS
from firedoor.planner.kept import Kept


class NotFound(Exception):
    """There is no such evidence, or more than one."""


def bundle(kept: Kept) -> str:
    """Folder of the bag; NotFound while it is not sealed, and where the claim's note is not what firedoor wrote."""
    if "bundle" not in kept.sealed:
        raise NotFound(f"the evidence of {kept.incident} is not sealed yet, or was not: see claim {kept.claim}")
    name = kept.sealed["bundle"]
    if not safe(name) or "/" in name:
        raise NotFound(f"claim {kept.claim} calls its bag {name!a}, which is no folder's name; its annotation was changed")
    return name


async def all_kept(kube: Kube, home: str) -> list[Kept]:
    """All evidence, the oldest first."""
    marked = f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE},{names.INCIDENT_UID}"
    found = [Kept.read(claim) for claim in await kube.list(CLAIMS, home, labels=marked)]
    return sorted(found, key=lambda kept: (kept.created, kept.claim))


async def one_kept(kube: Kube, home: str, name: str) -> Kept:
    """The evidence of an incident (namespace/name), of this claim, or in this bundle; NotFound says what there is."""
    found = [kept for kept in await all_kept(kube, home) if name in (kept.incident, kept.claim, kept.sealed.get("bundle"))]
    if not found:
        raise NotFound(f"no evidence of {name!a} in namespace {home}; `evidence list` shows what there is")
    if len(found) > 1:
        raise NotFound(f"{name} has evidence on several claims, name one: {', '.join(kept.claim for kept in found)}")
    return found[0]


async def public_keys(kube: Kube, home: str) -> dict[str, str]:
    """The public keys in PEM form, by their ids."""
    found = await kube.get(CONFIG_MAPS, names.SIGNING_KEYS, home)
    return {name.removesuffix(".pem"): pem for name, pem in found.get("data", {}).items()}
