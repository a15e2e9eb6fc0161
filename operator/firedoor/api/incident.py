"""SecurityIncident: what people and alerts ask for, and what firedoor answers.

The models are the single source of the CRD. Everyone may import them; they decide nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from firedoor.api.base import Frozen
from firedoor.api.conditions import Condition, Truth
from firedoor.api.copies import COPIES_LIMIT, Copy
from firedoor.api.duration import Duration
from firedoor.api.member import MEMBERS_LIMIT, MemberStatus, PodSelector, TargetKind
from firedoor.api.quantity import Quantity

Name = Annotated[
    str,
    Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"),
]
NamespaceName = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Uid = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
EvidencePath = Annotated[str, Field(min_length=2, max_length=1024, pattern=r"^/[^\x00]*$")]
ObjectName = Annotated[str, Field(max_length=253)]
Gap = Annotated[str, Field(max_length=4096)]
"""One sentence of the collector's result, which a termination message carries: 4096 bytes at most."""
Warning_ = Annotated[str, Field(max_length=1024)]
"""One sentence for people."""

REQUIRED_LIMIT = 32
"""Required actions that a status may hold."""
PRIOR_LIMIT = 16384
"""Characters of a prior state that a receipt may hold."""


class Severity(StrEnum):
    """How bad it is, for people and for the order of work."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class ReleaseMode(StrEnum):
    """What becomes of the suspect pod."""

    DISCARD = "Discard"
    RESTORE = "Restore"
    KEEP = "Keep"


class Target(Frozen):
    """What is compromised."""

    kind: TargetKind = Field(
        default="Pod",
        description="Kind of the target. Of a workload or a node, each pod that belongs to it when the incident is accepted is "
        "a suspect and gets an incident of its own; a Node only from firedoor's home namespace.",
    )
    namespace: NamespaceName | None = Field(
        default=None,
        description="Namespace of the target; only incidents in firedoor's home namespace may name another one than their own.",
    )
    name: Name = Field(description="Name of the target.")
    uid: Uid | None = Field(default=None, description="Uid of the target; when given, a replaced object is refused.")
    selector: PodSelector | None = Field(
        default=None, description="Of a Node: labels of the pods that are suspects, as kubectl -l takes them. Absent: all pods."
    )


class Containment(Frozen):
    """Which doors to close."""

    network: Literal["Isolate", "None"] = Field(
        default="Isolate",
        description="Isolate: no traffic in either direction, proved. None: leave the network alone. "
        "Once it is Isolate, a release alone gives it back.",
    )
    node: Literal["Cordon", "None"] = Field(
        default="Cordon",
        description="Cordon: nothing new is scheduled to the target's node. None: leave the node alone; "
        "taken back to it, the node is given back and the rest goes on holding.",
    )
    workload: Literal["ScaleToZero", "None"] = Field(
        default="None",
        description="ScaleToZero: the owning workload goes to 0 replicas (Job and CronJob: is suspended, and below a CronJob the "
        "suspect's own Job too), once the suspect pod is free of it or its evidence is sealed. Taken back to "
        "None, it is set up again and the rest goes on holding.",
    )
    identity: Literal["Freeze", "FreezeServiceAccount", "None"] = Field(
        default="None",
        description="Freeze: the pod's own token can change nothing any more. FreezeServiceAccount: nor can any other token of "
        "its ServiceAccount. Taken back to None, the rest goes on holding.",
    )


class Storage(Frozen):
    """The volume that keeps the evidence."""

    size: Quantity = Field(default="2Gi", description="Requested size of the volume.")
    storage_class_name: Name | None = Field(
        default=None, description="StorageClass of the volume; the cluster's default when absent."
    )


class Limits(Frozen):
    """How much to take at most, and how long. What is left out because of them is said in the bag."""

    duration: Duration = Field(default="13m", description="Time for the capture; the bag is sealed after it, whole or partial.")
    artifact_bytes: Quantity = Field(
        default="256Mi",
        description="Size of one artifact, such as a log or an archive. Of a longer log, head and tail are kept.",
    )
    file_bytes: Quantity = Field(
        default="64Mi", description="Size of one captured file; of a longer one, the beginning and the end are kept."
    )
    files: int = Field(default=20_000, ge=1, le=1_000_000, description="Files in one archive.")
    memory: Quantity = Field(default="256Mi", description="Memory of the collector.")


class Evidence(Frozen):
    """What to keep."""

    enabled: bool = Field(default=True, description="Whether to capture evidence at all.")
    paths: tuple[EvidencePath, ...] = Field(
        default=(),
        max_length=64,
        description="Absolute paths or globs to capture from every container.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    storage: Storage = Field(default=Storage(), description="Where the evidence is kept.")
    limits: Limits = Field(default=Limits(), description="How much to take at most, and how long.")


class Release(Frozen):
    """The wish to give everything back."""

    reason: str = Field(min_length=1, max_length=1024, description="Why, for the record.")
    mode: ReleaseMode | None = Field(
        default=None,
        description="Discard deletes the suspect pod, Restore gives its labels back, Keep leaves it cut off as it is. Absent: "
        "Discard when its workload has replaced it and its evidence is sealed, Restore otherwise. A workload that has replaced "
        "the pod deletes one of its pods when it has it back; where it wants none at all (after a rollout, say), Restore "
        "leaves the pod cut off and says so (WouldBeDeleted).",
    )


class Source(Frozen):
    """Where the incident came from, when an alert made it."""

    name: str = Field(min_length=1, max_length=63, description="Name of the configured source, such as falco.")
    rule: str | None = Field(default=None, max_length=256, description="The rule or alert name that fired.")
    fingerprint: str | None = Field(default=None, max_length=128, description="What makes a repeated alert the same.")
    received_at: datetime | None = Field(default=None, description="When the receiver accepted the alert.")
    summary: str | None = Field(default=None, max_length=1024, description="The alert's own words, as they came.")


class IncidentSpec(Frozen):
    """What is asked for."""

    title: str | None = Field(default=None, max_length=256, description="A line for people.")
    severity: Severity = Field(default=Severity.HIGH, description="How bad it is.")
    target: Target | None = Field(
        default=None,
        description="What is compromised. Only an alert whose workload could not be found is stored without; it may be "
        "given one later, once.",
    )
    containment: Containment = Field(default=Containment(), description="Which doors to close.")
    evidence: Evidence = Field(default=Evidence(), description="What to keep; once it is enabled, not to be changed.")
    requested_by: ObjectName | None = Field(
        default=None,
        description="Who asks, as the API server knows them; no other name is accepted. Actions that need approval need it, "
        "because nobody approves what they asked for themselves.",
    )
    dry_run: bool = Field(default=False, description="True: the plan goes to status, and nothing is touched.")
    release_after: Duration | None = Field(
        default=None,
        description="Release by itself so long after the incident was made, such as 24h; what has only waited until then never "
        "begins. Absent: as policies say.",
    )
    hold: bool = Field(default=False, description="True: releaseAfter waits until hold is false again.")
    release: Release | None = Field(default=None, description="When present, everything is given back. Cannot be taken back.")
    source: Source | None = Field(default=None, description="Where the incident came from, when an alert made it.")


class Reach(Frozen):
    """What one probe pod found about the way to the suspect."""

    probe: str = Field(max_length=253, description="Name of the probe pod.")
    node: str = Field(max_length=253, description="Node that the probe pod ran on.")
    address: str | None = Field(default=None, max_length=45, description="Address of the suspect that was tried.")
    port: int = Field(ge=1, le=65535, description="Port of the suspect that was tried.")
    direction: Literal["Ingress", "Egress"] = Field(
        default="Ingress",
        description="Egress: the probe was tried from within the suspect, and address and port are the probe's.",
    )
    protocol: Literal["TCP", "UDP"] = Field(
        default="TCP", description="UDP is tried with an empty datagram; its silence proves nothing, its answer does."
    )
    before: Literal["Open", "Refused", "Timeout", "Error"] | None = Field(
        default=None, description="Answer before the door closed; Open and Refused show that packets passed."
    )
    after: Literal["Open", "Refused", "Timeout", "Error"] | None = Field(
        default=None, description="Answer after; only Timeout shows that they no longer do."
    )


class Grant(Frozen):
    """What a policy would still allow the suspect."""

    kind: str = Field(max_length=63, description="Kind of the policy.")
    name: ObjectName = Field(description="Name of the policy; of one of the cluster's, without namespace.")
    direction: Literal["Ingress", "Egress"] = Field(description="Traffic to the suspect, or from it.")
    peers: str = Field(max_length=512, description="With whom, in words.")
    ports: str = Field(max_length=256, description="On which ports, in words.")


class Isolation(Frozen):
    """What the Isolated condition stands on."""

    policy: str | None = Field(default=None, max_length=253, description="Name of the deny policy.")
    closed_at: datetime | None = Field(default=None, description="When policy and label were both in place.")
    verified_at: datetime | None = Field(default=None, description="When the probes were last asked.")
    reach: tuple[Reach, ...] = Field(default=(), max_length=64, description="What the probe pods found.")
    flow: Literal["Cut", "Alive", "Unknown"] = Field(
        default="Unknown", description="Whether a connection that was open before the door closed still passes."
    )
    by_canary: bool = Field(
        default=False, description="Whether that was measured on a canary of the suspect's node instead of on the suspect."
    )
    engine: str | None = Field(
        default=None, max_length=1024, description="What the network engine of the suspect's node was measured to do, and when."
    )
    overlapping: tuple[Grant, ...] = Field(
        default=(), max_length=64, description="Other policies that select the pod and would still allow traffic."
    )
    endpoints: tuple[ObjectName, ...] = Field(default=(), max_length=64, description="EndpointSlices that still list the pod.")


class EvidenceStatus(Frozen):
    """Where the evidence is and how to check it."""

    claim: str | None = Field(default=None, max_length=253, description="Volume claim, in firedoor's home namespace.")
    bundle: str | None = Field(default=None, max_length=253, description="Folder of the bag on the volume.")
    status: str | None = Field(default=None, max_length=32, description="Complete, Partial or Failed.")
    sealed_at: datetime | None = Field(default=None, description="When the bag was sealed.")
    tag_manifest_sha256: str | None = Field(
        default=None, alias="tagManifestSHA256", max_length=64, description="SHA-256 of the bag's tag manifest."
    )
    custody_head: str | None = Field(default=None, max_length=64, description="SHA-256 of the last custody line.")
    payload_oxum: str | None = Field(default=None, max_length=64, description="Octets and files of the payload.")
    key_id: str | None = Field(default=None, max_length=64, description="Key that signed the bag; firedoor-signing-keys has it.")
    unsigned: str | None = Field(default=None, max_length=256, description="Why the bag carries no signature.")
    gaps: tuple[Gap, ...] = Field(default=(), max_length=32, description="What could not be captured, and why.")
    copies: tuple[Copy, ...] = Field(
        default=(), max_length=COPIES_LIMIT, description="Copies of the sealed bag, where the chart's values ask for them."
    )


class Receipt(Frozen):
    """A copy, for people, of what an object was before firedoor changed it; the object carries its own."""

    object: str = Field(max_length=600, description="Kind and name of the object.")
    uid: str = Field(max_length=64, description="Uid of the object.")
    change: str = Field(max_length=256, description="What firedoor did to it.")
    prior: str = Field(
        max_length=PRIOR_LIMIT,
        description="What it was before, as JSON; of a pod with more than fits, its owner and the SHA-256 of its record.",
    )
    at: datetime = Field(description="When it was changed.")
    returned: bool = Field(default=False, description="Whether it has been given back.")


class PlannedStep(Frozen):
    """One step of a plan, in words."""

    action: str = Field(max_length=64, description="What is done.")
    object: str = Field(max_length=600, description="Kind, namespace and name of the object.")
    detail: str = Field(default="", max_length=1024, description="What changes on it.")


class PlanStatus(Frozen):
    """What would be done, and what would stand against it."""

    steps: tuple[PlannedStep, ...] = Field(default=(), max_length=64, description="The steps in their order.")
    warnings: tuple[Warning_, ...] = Field(default=(), max_length=64, description="What would fight back or still allow traffic.")
    healthy_replicas: int | None = Field(default=None, ge=0, description="Replicas of the workload that stay healthy.")


class IncidentStatus(Frozen):
    """What firedoor found and did."""

    phase: str | None = Field(default=None, max_length=32, description="One word for the eye; programs read conditions.")
    observed_generation: int | None = Field(default=None, ge=0, description="The generation that this status speaks of.")
    node: str | None = Field(default=None, max_length=253, description="Node that the target runs on.")
    target_uid: str | None = Field(
        default=None,
        max_length=64,
        description="Uid of the object that was accepted as the target; no other is ever touched.",
    )
    targets: tuple[MemberStatus, ...] = Field(
        default=(),
        max_length=MEMBERS_LIMIT,
        description="Of a workload or a node: the pods that were suspects when the incident was accepted.",
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=16,
        description="The contract: what is true of the incident, one entry a type.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    plan: PlanStatus | None = Field(default=None, description="What a dry run would do; in earnest, what was to be warned of.")
    required_actions: tuple[Warning_, ...] = Field(
        default=(),
        max_length=REQUIRED_LIMIT,
        description="What firedoor cannot do and a person should: credentials that no cluster can revoke.",
    )
    isolation: Isolation | None = Field(default=None, description="What Isolated stands on.")
    evidence: EvidenceStatus | None = Field(default=None, description="Where the evidence is.")
    receipts: tuple[Receipt, ...] = Field(default=(), max_length=32, description="What was changed, and what it was.")
    reverts: tuple[datetime, ...] = Field(
        default=(),
        max_length=16,
        description="When the workload was put to rest anew within the last hour, because somebody else had set it up again.",
    )

    def truth(self, condition_type: str) -> Truth:
        """The status of a condition; Unknown when it was never set."""
        return next((c.status for c in self.conditions if c.type == condition_type), "Unknown")


class Metadata(Frozen):
    """The part of an object's metadata that firedoor reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: tuple[str, ...] = ()
    labels: Mapping[str, str] = Field(default_factory=dict)


class SecurityIncident(Frozen):
    """A security incident to contain, keep evidence of, and release."""

    metadata: Metadata
    spec: IncidentSpec
    status: IncidentStatus = IncidentStatus()

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def key(self) -> str:
        """namespace/name, for people."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def target_namespace(self) -> str:
        target = self.spec.target
        return (target.namespace if target else None) or self.metadata.namespace

    @property
    def in_earnest(self) -> "SecurityIncident":
        """The same incident, were it no dry run."""
        return self.model_copy(update={"spec": self.spec.model_copy(update={"dry_run": False})})

    @property
    def leaving(self) -> bool:
        """Whether everything is to be given back: asked for, or the incident is being deleted."""
        return self.spec.release is not None or self.metadata.deletion_timestamp is not None
