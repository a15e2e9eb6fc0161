"""Evidence that is kept, as the claim of its volume tells of it. Pure. Incidents are not asked: evidence outlives them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from firedoor.api import names


@dataclass(frozen=True, slots=True)
class Kept:
    """One claim and what is sealed on its volume; nothing is sealed while the collector runs."""

    claim: str
    claim_uid: str
    incident: str
    """namespace/name."""
    incident_uid: str
    suspect: str
    """namespace/name of the pod."""
    created: str
    sealed: Mapping[str, str]
    copied: Mapping[str, str]
    """What is known of the copy in an object store; empty while there is none."""
    snapshot: Mapping[str, str]
    """What is known of the snapshot of its volume; empty while there is none."""

    @property
    def namespace(self) -> str:
        """Of the suspect."""
        return self.suspect.partition("/")[0]

    @classmethod
    def read(cls, claim: Mapping[str, Any]) -> Self:
        metadata = claim["metadata"]
        notes = metadata.get("annotations", {})
        incident = notes.get(names.INCIDENT_NAME, "")
        return cls(
            claim=metadata["name"],
            claim_uid=metadata["uid"],
            incident=incident,
            incident_uid=metadata["labels"][names.INCIDENT_UID],
            suspect=notes.get(names.SUSPECT, incident),
            created=metadata.get("creationTimestamp", ""),
            sealed=_noted(notes.get(names.SEALED, "{}")),
            copied=_noted(notes.get(names.COPIED, "{}")),
            snapshot=_noted(notes.get(names.SNAPSHOT, "{}")),
        )


def _noted(text: str) -> dict[str, str]:
    """What is no note of ours says nothing."""
    try:
        noted: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in noted.items()} if isinstance(noted, dict) else {}
