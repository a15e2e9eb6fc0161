"""The order that a collector carries out, and the result that it ends with: the contract with the controller.

The order comes as JSON in FIREDOOR_CAPTURE; the result goes to the container's termination message, 4 KiB at most.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from firedoor.api.names import uid8

GAPS_LIMIT = 12
GAP_LENGTH = 200


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """What to capture, from which pod, for which incident."""

    incident_uid: str
    incident: str
    """namespace/name."""
    namespace: str
    pod: str
    pod_uid: str
    paths: tuple[str, ...]

    @classmethod
    def load(cls, text: str) -> Self:
        document: Mapping[str, Any] = json.loads(text)
        incident, pod = document["incident"], document["pod"]
        return cls(
            incident_uid=incident["uid"],
            incident=f"{incident['namespace']}/{incident['name']}",
            namespace=pod["namespace"],
            pod=pod["name"],
            pod_uid=pod["uid"],
            paths=tuple(document["paths"]),
        )

    @property
    def bundle(self) -> str:
        """Folder of the bag: made of the incident's uid alone."""
        return f"incident-{uid8(self.incident_uid)}"


def result(bundle: str, sealed_at: str, figures: Mapping[str, str], artifacts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The result as the controller reads it."""
    gaps = [artifact for artifact in artifacts if _is_gap(artifact)]
    full = any(artifact.get("reason") == "VolumeFull" for artifact in gaps)
    return {
        "bundle": bundle,
        "status": "Partial" if gaps else "Complete",
        "reason": "VolumeFull" if full else gaps[0].get("reason", "") if gaps else "",
        "sealedAt": sealed_at,
        **figures,
        "gaps": [_sentence(gap) for gap in gaps[:GAPS_LIMIT]],
    }


def _is_gap(artifact: Mapping[str, Any]) -> bool:
    """What was not there to be captured is no gap; what was there and could not be had is one."""
    return artifact["status"] != "complete" and artifact.get("reason") not in ("NoPreviousRun", "NotFound")


def _sentence(gap: Mapping[str, Any]) -> str:
    words = f"{gap['path']}: {gap['status']}, {gap.get('reason', '')}."
    return words[:GAP_LENGTH]
