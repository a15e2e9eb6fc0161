"""What the planner sees of a workload: the one setting of its spec that puts it to rest, who holds it, who would not have it.

The controller makes the views when it observes. A workload that firedoor cannot put to rest has no setting.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Self

from firedoor.api import names
from firedoor.planner.views import Json, Owner, changed_by, controller_of, loaded

Field = Literal["replicas", "suspend"]
FIELDS: Final[Mapping[str, Field]] = {
    "Deployment": "replicas",
    "ReplicaSet": "replicas",
    "StatefulSet": "replicas",
    "ReplicationController": "replicas",
    "Job": "suspend",
    "CronJob": "suspend",
}
"""The kinds that can be put to rest, and the field of the spec that does it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The field that puts a workload to rest, and its value; None: the field is absent."""

    key: Field
    value: int | bool | None

    @property
    def at_rest(self) -> bool:
        return self.value is True if self.key == "suspend" else self.value == 0

    @property
    def spec(self) -> dict[str, int | bool | None]:
        """The setting as a part of a merge patch."""
        return {self.key: self.value}

    def dump(self) -> str:
        return json.dumps(self.spec)

    @classmethod
    def load(cls, text: str, key: Field) -> Self | None:
        """The setting in an annotation or receipt; None when it is not one of ours."""
        document = loaded(text)
        value = document.get(key)
        good = value is None or (isinstance(value, int) and isinstance(value, bool) == (key == "suspend") and value >= 0)
        return cls(key, value) if key in document and good else None


@dataclass(frozen=True, slots=True)
class WorkloadView:
    """The workload that owned the suspect, found by walking up from the pod's recorded owner."""

    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str = ""
    setting: Setting | None = None
    """None: firedoor knows no way to put this kind to rest."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    above: Owner | None = None
    """Who controls it, where that is no kind that firedoor knows."""
    deletes_claims: bool = False
    """Whether it deletes its volume claims when it is scaled down."""
    ready: int | None = None
    changed_by: str = ""
    """The field manager that last changed the setting, other than firedoor."""
    strangers: frozenset[str] = frozenset()
    """Annotations that look like holders and whose incident nobody knows: left over or forged, so they count for nothing."""
    rivals: tuple[str, ...] = ()
    """Sentences about who would set it up again."""
    endangered: tuple[str, ...] = ()
    """Pods that it owns and other incidents are about, and whose evidence is not sealed: putting it to rest deletes them."""
    settled: bool = True
    """Whether its controller has seen how it is set up by now; until then it would delete pods by how it was."""

    @classmethod
    def read(cls, kind: str, workload: Json) -> Self:
        metadata, spec, key = workload["metadata"], workload.get("spec") or {}, FIELDS[kind]
        return cls(
            kind=kind,
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            setting=Setting(key, spec.get(key)),
            annotations=metadata.get("annotations") or {},
            labels=metadata.get("labels") or {},
            above=controller_of(metadata),
            deletes_claims=(spec.get("persistentVolumeClaimRetentionPolicy") or {}).get("whenScaled") == "Delete",
            ready=(workload.get("status") or {}).get("readyReplicas", 0) if key == "replicas" else None,
            changed_by=changed_by(metadata, key),
            settled=up_to_date(workload),
        )

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def at_rest(self) -> bool:
        return self.setting is not None and self.setting.at_rest

    @property
    def holders(self) -> tuple[str, ...]:
        """The annotations by which incidents hold it at rest."""
        return tuple(key for key in self.annotations if key.startswith(names.SCALE_PREFIX) and key not in self.strangers)

    @property
    def recorded(self) -> Setting | None:
        """What it was before the first holder, as its own record says; None when that is not recorded."""
        return None if self.setting is None else Setting.load(self.annotations.get(names.PRIOR, ""), self.setting.key)

    @property
    def to_record(self) -> Setting | None:
        """What the next holder writes down; None where a record stands that must stay.

        A record beside strangers counts only at rest: set up and held by nobody known, the workload is as it should be.
        """
        stands = self.holders or (self.strangers and self.at_rest and self.recorded)
        return None if stands else self.setting


def up_to_date(workload: Json) -> bool:
    """Whether its controller has seen how it is set up by now; of a kind that does not say, it counts as seen."""
    observed = (workload.get("status") or {}).get("observedGeneration")
    return observed is None or observed >= workload["metadata"].get("generation", 0)
