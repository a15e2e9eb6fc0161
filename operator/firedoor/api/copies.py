"""Copies of sealed evidence: what an incident says of each, and where an administrator wants them.

The models are the single source of the CRD's part; everyone may import them. A copy is never part of the bag.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from firedoor.api.base import Frozen

COPIES_LIMIT = 16
Kind = Literal["ObjectStore", "VolumeSnapshot"]
State = Literal["Pending", "Copying", "Kept", "Failed"]


class Copy(Frozen):
    """One copy of the sealed bag, outside of its volume."""

    kind: Kind = Field(
        description="ObjectStore: the files of the bag in a bucket with Object Lock. VolumeSnapshot: the volume, in its storage."
    )
    where: str = Field(
        max_length=1024,
        description="URL of the bucket and what the keys of the bag's objects begin with; or the VolumeSnapshot's name.",
    )
    state: State = Field(
        description="Kept: it is there, whole and locked, as the store itself was asked; or the storage has the snapshot."
    )
    reason: str = Field(max_length=64, description="One word for why, for programs.")
    message: str = Field(max_length=1024, description="A sentence for people.")
    kept_at: datetime | None = Field(default=None, description="When all of it was seen to be there.")
    mode: str | None = Field(default=None, max_length=32, description="How it is locked: COMPLIANCE or GOVERNANCE.")
    retain_until: datetime | None = Field(default=None, description="Until when the store refuses to delete it.")
    objects: int | None = Field(default=None, ge=0, description="Objects that it consists of.")
    bytes: int | None = Field(default=None, ge=0, description="Their length together.")
    handle: str | None = Field(default=None, max_length=1024, description="What the storage calls the snapshot.")


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Where copies go, as the chart's values say it."""

    bucket: str
    """URL of the bucket."""
    region: str
    prefix: str
    mode: str
    retention: str
    """How long at least, from the seal on."""
    secret: str
    """The Secret with the credentials; only the Job that copies mounts it."""

    def folder(self, incident_uid: str, bundle: str) -> str:
        """What the keys of a bag's objects begin with; no two bags of any cluster share it."""
        return "/".join(part for part in (self.prefix.strip("/"), incident_uid, bundle) if part)

    def where(self, incident_uid: str, bundle: str) -> str:
        """The same for people."""
        return f"{self.bucket}/{self.folder(incident_uid, bundle)}"
