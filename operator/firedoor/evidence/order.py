"""The order that a collector carries out, and the result that it ends with: the contract with the controller.

The order comes as JSON in FIREDOOR_CAPTURE; the result goes to the container's termination message, 4 KiB at most.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from firedoor.api.names import uid8
from firedoor.api.text import printable

Told = Mapping[str, Any]
"""An artifact as capture.json tells of it."""

GAPS_MOST: Final = 32
GAP_LENGTH: Final = 200
GAPS_BYTES: Final = 2 << 10
TELLING: Final = ("VolumeFull", "PodGone", "PodReplaced")
"""Reasons that explain a partial bag better than whichever artifact came first."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long at most."""

    artifact_bytes: int = 256 << 20
    file_bytes: int = 64 << 20
    files: int = 20_000
    """Files in one archive."""
    artifact_seconds: float = 120.0
    capture_seconds: float = 780.0
    """Counted from the first collector's start; the Job has more, for the seal."""
    pauses: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    """Seconds between tries while nobody answers: half a minute, longer than an API server needs to start again."""

    @classmethod
    def load(cls, told: Mapping[str, Any]) -> Self:
        """Those of an order; the defaults where it says nothing."""
        named = {
            "capture_seconds": "captureSeconds",
            "artifact_bytes": "artifactBytes",
            "file_bytes": "fileBytes",
            "files": "files",
        }
        return cls(**{field: told[name] for field, name in named.items() if name in told})


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
    limits: Limits = Limits()
    helper_image: str = ""
    """Image of the helper that may be put beside the suspect's containers; empty: none may."""
    node_logs: str = ""
    """Namespace of the account that may read logs from nodes; empty: they may not be read."""

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
            limits=Limits.load(document.get("limits", {})),
            helper_image=document.get("helperImage", ""),
            node_logs=document.get("nodeLogs", ""),
        )

    def told(self) -> dict[str, Any]:
        """The order as the bag keeps it."""
        return asdict(self)

    @property
    def helpers(self) -> str:
        """How the names of this incident's ephemeral containers begin."""
        return f"firedoor-{uid8(self.incident_uid)}-"

    @property
    def bundle(self) -> str:
        """Folder of the bag: made of the incident's uid alone."""
        return f"incident-{uid8(self.incident_uid)}"


def result(bundle: str, sealed_at: str, figures: Mapping[str, Any], artifacts: Sequence[Told]) -> dict[str, Any]:
    """The result as the controller reads it, 4 KiB at most."""
    missing = gaps(artifacts)
    return {
        "bundle": bundle,
        "status": status(artifacts),
        "reason": _reason(missing),
        "sealedAt": sealed_at,
        **figures,
        "artifacts": dict(Counter(artifact["status"] for artifact in artifacts)),
        "gaps": list(_that_fit(_sentence(gap) for gap in missing)),
    }


def status(artifacts: Iterable[Told]) -> str:
    """Complete when everything that was there to be captured is in the bag."""
    return "Partial" if gaps(artifacts) else "Complete"


def gaps(artifacts: Iterable[Told]) -> list[Told]:
    """Planned artifacts that ended partial or failed; a later try that succeeded closes the gap of an earlier one."""
    last = {artifact["id"]: artifact for artifact in artifacts if artifact.get("id")}
    return [artifact for artifact in last.values() if artifact["status"] in ("partial", "failed")]


def _reason(missing: Sequence[Told]) -> str:
    reasons = [str(gap.get("reason", "")) for gap in missing]
    return next((reason for reason in TELLING if reason in reasons), reasons[0] if reasons else "")


def _sentence(gap: Told) -> str:
    words = f"{gap['path'].removeprefix('data/')} {gap['status']} ({gap.get('reason', '')})"
    message = printable(gap.get("message", "").strip())
    return f"{words}: {message}"[:GAP_LENGTH] if message else f"{words}."


def _that_fit(sentences: Iterable[str]) -> Iterator[str]:
    left = GAPS_BYTES
    for number, sentence in enumerate(sentences):
        left -= len(json.dumps(sentence)) + 2
        if left < 0 or number == GAPS_MOST:
            return
        yield sentence
