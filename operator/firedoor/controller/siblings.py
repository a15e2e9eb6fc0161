"""Looking at the suspect's siblings, once its door has closed: the door never waits for it.

The reconciler asks; nothing is changed.
"""

import logging
from dataclasses import dataclass
from typing import Any

from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import PODS, WORKLOADS
from firedoor.planner.pod_view import PodView
from firedoor.planner.siblings import HASH, alone, owner_to_ask
from firedoor.planner.situation import Situation
from firedoor.planner.views import Owner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Siblings:
    """The way from a suspect to the other pods of its owner."""

    kube: Kube

    async def alone(self, s: Situation) -> str:
        """What is to be said where the suspect was the last that served; that they cannot be looked at keeps nothing up."""
        owner = owner_to_ask(s)
        if owner is None:
            return ""
        try:
            labels = await self._selector(s, owner)
            pods = await self.kube.list(PODS, s.incident.target_namespace, labels=labels) if labels else None
        except KubeError as error:
            log.warning("the siblings of the suspect of %s cannot be looked at: %s", s.incident.key, error)
            return ""
        return "" if pods is None else alone(s, owner, [PodView.read(pod) for pod in pods])

    async def _selector(self, s: Situation, owner: Owner) -> str:
        """By which the owner finds its pods; empty where that is not known, or more than a list of labels."""
        if HASH in s.prior.labels and owner.kind == "ReplicaSet":
            return f"{HASH}={s.prior.labels[HASH]}"
        found = await self.kube.find(WORKLOADS[owner.kind], owner.name, s.incident.target_namespace)
        selector: dict[str, Any] = (found or {}).get("spec", {}).get("selector") or {}
        exact = selector if owner.kind == "ReplicationController" else selector.get("matchLabels") or {}
        return ",".join(f"{key}={value}" for key, value in sorted(exact.items()))
