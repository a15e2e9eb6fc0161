"""capture.json as its readers know it: what was captured, what was not, and why. Its JSON Schema is made from this.

The bag writes the file from its artifacts; views, the command line and other people's programs read it. What a source
says of itself stays open, because each has words of its own; everything else is exactly this.
"""

from typing import Literal

from pydantic import ConfigDict, Field

from firedoor.api.base import Frozen

SHA256 = r"^[0-9a-f]{64}$"
SHA512 = r"^[0-9a-f]{128}$"


class Strict(Frozen):
    """A part of capture.json that holds nothing but what stands here."""

    model_config = ConfigDict(extra="forbid")


class Hashes(Strict):
    """Digests of the file."""

    sha256: str = Field(
        pattern=SHA256, description="SHA-256 in hexadecimal, taken on the way to the volume; the same when it was read back."
    )
    sha512: str = Field(pattern=SHA512, description="SHA-512 in hexadecimal, of what was read back when the bag was sealed.")


class Truncation(Strict):
    """What of a long artifact was given up."""

    kind: Literal["middle"] = Field(description="Which part.")
    dropped_from_offset: int = Field(ge=0, description="Where in the original the gap begins.")
    dropped_bytes: int = Field(ge=1, description="How many bytes of the original are missing.")


class Source(Frozen):
    """Where an artifact comes from; each kind of source adds words of its own."""

    model_config = ConfigDict(extra="allow")

    kind: str | None = Field(default=None, description="What it is: pod, events, log, files, index, salvaged and others.")
    way: str | None = Field(default=None, description="How it was got.")
    trust: str | None = Field(default=None, description="`target-binaries` where the suspect's own programs made it.")
    container: str | None = Field(default=None, description="Name of the container it is from.")
    container_id: str | None = Field(default=None, alias="containerID", description="Id of that container.")
    of: str | None = Field(default=None, description="Path of the artifact that this one is about.")


class CapturedArtifact(Strict):
    """One artifact: a file in the bag, or something that there is no file of, and why."""

    path: str = Field(description="Path in the bag; of failed and skipped artifacts, the one that it would have had.")
    source: Source = Field(default=Source(), description="Where it comes from.")
    id: str = Field(default="", description="The planned artifact that it settles; empty for a part of another one.")
    status: Literal["complete", "partial", "failed", "skipped"] = Field(
        description="failed: there was something and it could not be had; skipped: there was nothing to be had."
    )
    reason: str = Field(default="", description="One word that says why it is not complete.")
    message: str = Field(default="", description="The same as a sentence; may quote the suspect.")
    bytes: int = Field(default=0, ge=0, description="Size of the file.")
    started: str = Field(default="", description="When the capture of it began, by the collector's clock.")
    ended: str = Field(default="", description="When it ended.")
    hashes: Hashes | None = Field(default=None, description="Digests of the file; absent where there is none.")
    truncation: Truncation | None = Field(default=None, description="What was given up because it was too long.")


class CapturedIncident(Strict):
    """The incident that the bag belongs to."""

    key: str = Field(description="namespace/name of the incident.")
    uid: str = Field(description="Its uid.")
    paths: tuple[str, ...] = Field(description="The paths that it asked for.")


class CapturedPod(Strict):
    """The suspect."""

    namespace: str = Field(description="Namespace of the pod.")
    name: str = Field(description="Name of the pod.")
    uid: str = Field(description="Uid of the pod.")


class CaptureRecord(Strict):
    """The whole of capture.json."""

    v: Literal[1] = Field(description="Version of this format.")
    incident: CapturedIncident = Field(description="The incident that the bag belongs to.")
    pod: CapturedPod = Field(description="The suspect.")
    started: str = Field(description="When the bag was opened.")
    ended: str = Field(description="When nothing more was captured.")
    status: Literal["Complete", "Partial"] = Field(description="Complete: all that was there to be captured is in the bag.")
    not_tried: str = Field(description="What no source of this version looks for.")
    artifacts: tuple[CapturedArtifact, ...] = Field(description="Everything that was captured or could not be.")
