"""Looking at the suspect's identity: the list of the frozen, whether the API server minds it, and the ServiceAccount.

The observer calls it; it changes nothing, and asks nothing where no incident's freeze is concerned. That the API server
minds the list is never taken for granted: it is asked by a dry run, which its admission policy refuses for a frozen key.
"""

import asyncio

from firedoor.api import names
from firedoor.kube.client import Kube
from firedoor.kube.errors import Invalid
from firedoor.kube.resources import CONFIG_MAPS, SERVICE_ACCOUNTS
from firedoor.planner.identity import concerns_identity
from firedoor.planner.identity_views import AccountView, FrozenList, IdentityView
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import Situation

TRIES = 6
TRY_SECONDS = 0.1
"""A key that was written a moment ago takes the API server's own watch to be known."""


async def identity(kube: Kube, s: Situation) -> IdentityView:
    """What is to be known of the suspect's identity."""
    if not concerns_identity(s):
        return IdentityView()
    frozen, account = await asyncio.gather(frozen_list(kube, s.home), _account(kube, s.pod))
    held = frozen.held_by(s.incident.uid) if frozen else ()
    enforced = bool(held) and await _all_refused(kube, s.home, held)
    return IdentityView(looked=True, frozen=frozen, enforced=enforced, account=account)


async def frozen_list(kube: Kube, home: str) -> FrozenList | None:
    """The list of the frozen; None when the chart did not make it."""
    found = await kube.find(CONFIG_MAPS, names.FROZEN_LIST, home)
    return FrozenList.read(found) if found else None


async def _all_refused(kube: Kube, home: str, keys: tuple[str, ...]) -> bool:
    for _ in range(TRIES):
        if all(await asyncio.gather(*(_refused(kube, home, key) for key in keys))):
            return True
        await asyncio.sleep(TRY_SECONDS)
    return False


async def _refused(kube: Kube, home: str, key: str) -> bool:
    """Whether the API server says that this key is frozen."""
    body = {"metadata": {"annotations": {names.IS_FROZEN: key}}}
    try:
        await kube.patch(CONFIG_MAPS, names.FROZEN_LIST, home, body, dry_run=True)
    except Invalid as error:
        if names.FROZEN_POLICY not in error.message:
            raise
        return True
    return False


async def _account(kube: Kube, pod: PodView | None) -> AccountView | None:
    if pod is None:
        return None
    found = await kube.find(SERVICE_ACCOUNTS, pod.service_account, pod.namespace)
    return AccountView.read(found) if found else None
