"""`kubectl firedoor evidence delete`: evidence goes for good, with a record of who deleted what, when and why.

The record is written first and stays: an immutable ConfigMap, and an event. Without it nothing is deleted.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.cli.kept import one_kept
from firedoor.evidence.verify import plain
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect
from firedoor.kube.errors import Gone
from firedoor.kube.resources import CLAIMS, CONFIG_MAPS, EVENTS, JOBS, SELF_REVIEWS
from firedoor.planner.deletion import Deletion

RULES: Final = (
    Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("get", "list", "delete")),
    # Pods that have ended hold a claim as well, and Jobs hold them.
    Rule(groups=("batch",), resources=("jobs",), verbs=("delete",)),
    Rule(groups=("",), resources=("configmaps",), verbs=("create",)),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create",)),
)


async def delete(home: str, name: str, reason: str, sure: bool) -> int:
    """Writes the record and deletes the claim, and with it what the volume's reclaim policy says."""
    async with connect() as kube:
        kept = await one_kept(kube, home, name)
        if not sure:
            words = f"claim {kept.claim} with the evidence of {kept.incident} would be deleted; say --yes"
            print(plain(words), file=sys.stderr)
            return 2
        await deleted(kube, home, Deletion.of(kept, await _myself(kube), reason, datetime.now(UTC)))
    print(f"deleted {kept.claim}; the record is configmap {home}/{names.deletion(kept.claim_uid)}")
    return 0


async def deleted(kube: Kube, home: str, deletion: Deletion) -> None:
    """A record that exists already tells of this very claim: an earlier try came as far as that."""
    await kube.ensure(CONFIG_MAPS, deletion.record(home))
    await kube.create(EVENTS, deletion.event(home))
    await kube.delete(CLAIMS, deletion.claim, home, uid=deletion.claim_uid)
    for job in _jobs(deletion.incident_uid):
        with suppress(Gone):
            await kube.delete(JOBS, job, home)


def _jobs(uid: str) -> tuple[str, ...]:
    """Names of the Jobs that may hold the claim."""
    return (*names.tries(names.collector_job(uid)), *names.tries(names.keeper_job(uid)), names.copier_job(uid))


async def _myself(kube: Kube) -> str:
    """Who the API server says that we are."""
    asked = {"apiVersion": SELF_REVIEWS.api_version, "kind": SELF_REVIEWS.kind, "metadata": {}}
    answer = await kube.create(SELF_REVIEWS, asked)
    return str(answer["status"]["userInfo"]["username"])
