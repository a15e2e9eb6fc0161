"""The outbound probe's result: sends the ephemeral container into a suspect, waits for its end and reads what it left.

The verifier asks, once an incident, where the action `outboundProbe` is switched on. What comes back was written inside a
compromised pod, so it is read word by word; it can only ever take an isolation back, never prove one.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firedoor.actions import outbound
from firedoor.api.incident import Reach
from firedoor.controller.probes import Probes
from firedoor.controller.session import Session
from firedoor.kube.client import Kube
from firedoor.kube.errors import Conflict, KubeError
from firedoor.kube.resources import PODS
from firedoor.planner.pod_view import PodView
from firedoor.probe.stand import PORT

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
WORDS = ("Open", "Refused", "Timeout")


@dataclass(frozen=True, slots=True)
class Outward:
    """Outbound probes into suspects."""

    kube: Kube
    probes: Probes
    image: str

    async def of(self, uid: str, suspect: PodView) -> tuple[Reach, ...]:
        """What the suspect reaches of the probes; Error where that could not be found out."""
        targets = self.probes.up
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                said = await self._said(uid, suspect, targets)
        except KubeError as error:
            log.warning("the outbound probe of pod %s/%s failed: %s", suspect.namespace, suspect.name, error)
            said = {}
        except TimeoutError:
            log.warning("the outbound probe of pod %s/%s did not end in time", suspect.namespace, suspect.name)
            said = {}
        return tuple(way for target in targets for way in _ways(target, said))

    async def _said(self, uid: str, suspect: PodView, targets: tuple[Session, ...]) -> Any:
        addresses = [address for target in targets for address in target.addresses]
        while True:
            pod = await self.kube.get(PODS, suspect.name, suspect.namespace)
            if (message := outbound.message(pod, uid)) is not None:
                return _loaded(message)
            try:
                await outbound.send(self.kube, pod, uid, self.image, addresses)
            except Conflict:
                continue  # the pod moved since it was read
            await asyncio.sleep(LOOK_SECONDS)


def _loaded(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return {}


def _ways(target: Session, said: Any) -> Iterator[Reach]:
    for address in target.addresses:
        words = said.get(address) if isinstance(said, dict) else None
        for protocol in ("TCP", "UDP"):
            word = words.get(protocol) if isinstance(words, dict) else None
            way = {"probe": target.pod, "node": target.node, "address": address, "port": PORT, "protocol": protocol}
            yield Reach.read({**way, "direction": "Egress", "after": word if word in WORDS else "Error"})
