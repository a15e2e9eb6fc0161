"""What the controller is told by its surroundings: read once from the environment, frozen, passed to whoever needs it.

Only the process that starts the controller calls `from_environment`; nothing reads the environment at import.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from firedoor.api import names
from firedoor.api.copies import ObjectStore

ALL_ACTIONS = frozenset({"network", "cordon", "scaleToZero", "identity", "evidence", "ephemeralContainers"})
KNOWN_ACTIONS = ALL_ACTIONS | {"outboundProbe", "nodeLogs", "storeCopies", "volumeSnapshots"}
"""With what nobody gets who does not ask for it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where firedoor lives and what it may do."""

    home: str = names.HOME_NAMESPACE_DEFAULT
    identity: str = "firedoor"
    """Who holds the lease; the pod's name, so that a restarted container goes on at once."""
    image: str = ""
    actions: frozenset[str] = ALL_ACTIONS
    workers: int = 24
    signing_key: Path | None = None
    """The file with the key that sealed evidence is signed with."""
    captures: int = 4
    """Collectors that run at the same time; further incidents wait their turn."""
    store: ObjectStore | None = None
    """Where sealed evidence is copied to; None: nowhere."""
    snapshot_class: str = ""
    """The class by which evidence volumes are snapshotted; empty: they are not."""
    resync_seconds: float = 60.0
    elect: bool = True
    port: int = 8081
    """Port of health and metrics; 0 for none."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings in FIREDOOR_* and the pod's own names; an unknown action is refused by name."""
        actions = frozenset(environment.get("FIREDOOR_ACTIONS", ",".join(ALL_ACTIONS)).split(",")) - {""}
        if unknown := actions - KNOWN_ACTIONS:
            known = ", ".join(sorted(KNOWN_ACTIONS))
            raise ValueError(f"FIREDOOR_ACTIONS names {', '.join(sorted(unknown))}; known actions are {known}.")
        return cls(
            home=environment.get("FIREDOOR_NAMESPACE", names.HOME_NAMESPACE_DEFAULT),
            identity=environment.get("POD_NAME", "firedoor"),
            image=environment.get("FIREDOOR_IMAGE", ""),
            actions=actions,
            signing_key=Path(key) if (key := environment.get("FIREDOOR_SIGNING_KEY")) else None,
            captures=int(environment.get("FIREDOOR_CAPTURES", "4")),
            store=_store(environment.get("FIREDOOR_OBJECT_STORE", "")) if "storeCopies" in actions else None,
            snapshot_class=environment.get("FIREDOOR_SNAPSHOT_CLASS", "") if "volumeSnapshots" in actions else "",
            elect=environment.get("FIREDOOR_ELECT", "true") == "true",
            port=int(environment.get("FIREDOOR_PORT", "8081")),
        )


def _store(text: str) -> ObjectStore:
    """The store in the chart's JSON, where the bucket's name stands beside the endpoint."""
    told: dict[str, str] = json.loads(text)
    bucket = f"{told['endpoint'].rstrip('/')}/{told['bucket']}"
    return ObjectStore(bucket, **{key: told[key] for key in ("region", "prefix", "mode", "retention", "secret")})
