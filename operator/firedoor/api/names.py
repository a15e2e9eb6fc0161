"""Every label, annotation, finalizer and manager name that firedoor writes, in one place.

Everyone may import this module; nothing else in the code base spells these strings.
"""

from typing import Final

GROUP: Final = "firedoor.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
INCIDENTS: Final = "securityincidents"
POLICIES: Final = "containmentpolicies"
APPROVALS: Final = "incidentapprovals"
ENFORCEMENT: Final = "enforcementreports"

FIELD_MANAGER: Final = "firedoor"
FINALIZER: Final = f"{GROUP}/release"

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGED_BY_VALUE: Final = "firedoor"
COMPONENT: Final = "app.kubernetes.io/component"
INCIDENT_UID: Final = f"{GROUP}/incident-uid"
INCIDENT_NAME: Final = f"{GROUP}/incident"
"""Annotation (never a label: names may be longer than 63) with namespace/name of the incident, for people."""

PARENT: Final = f"{GROUP}/parent"
"""Label of an incident that another one made for one of its pods: the other one's uid. Worth nothing by itself."""

PRIOR: Final = f"{GROUP}/prior"
"""Annotation with what an object was before firedoor changed it, written in the same call as the change."""


TARGET: Final = f"{GROUP}/target"
"""Annotation of a deny policy with the name of the pod it was made for, so that an orphan can be undone."""

QUARANTINED: Final = f"{GROUP}/quarantine"
"""The one label that every quarantined pod carries beside its incident's own, so that all of them can be watched."""

KEPT: Final = f"{GROUP}/kept"
"""Annotation of a deny policy that outlives its incident, because the release asked to keep the pod cut off."""

QUARANTINE_PREFIX: Final = f"{GROUP}/incident."
CORDON_PREFIX: Final = f"{GROUP}/cordon."
SCALE_PREFIX: Final = f"{GROUP}/scale."

FROZEN_LIST: Final = "firedoor-frozen"
"""The chart's ConfigMap in the home namespace whose keys are the frozen identities."""

FROZEN_POLICY: Final = "firedoor-frozen-identities"
"""The chart's admission policy that reads that list, and its binding."""

IS_FROZEN: Final = f"{GROUP}/is-frozen"
"""Annotation of a dry-run change of that list by the controller: the policy refuses it when the key in it is frozen."""

SUSPECT: Final = f"{GROUP}/suspect"
"""Annotation of an evidence claim with namespace/name of the pod that the evidence is of."""

SEALED: Final = f"{GROUP}/sealed"
"""Annotation of an evidence claim with what is sealed on its volume, as JSON; it outlives the incident's status."""

COPIED: Final = f"{GROUP}/copied"
"""Annotation of an evidence claim with what is known of the bag's copy in an object store, as JSON."""

SNAPSHOT: Final = f"{GROUP}/snapshot"
"""Annotation of an evidence claim with what is known of the snapshot of its volume, as JSON."""

KEY_ID: Final = f"{GROUP}/key-id"
"""Annotation of the Job that lays a signature into its bag: the key that signed."""

TRY: Final = f"{GROUP}/try"
"""Annotation of a Job that was made anew, because the one before it had failed: which one of JOB_TRIES it is."""
JOB_TRIES: Final = 3

SIGNING_KEYS: Final = "firedoor-signing-keys"
"""The chart's ConfigMap in the home namespace with the public keys, each under its id."""

NAME_LIMIT: Final = 253
"""Characters of a name, by Kubernetes' rules."""

HOME_NAMESPACE_DEFAULT: Final = "firedoor-system"

CONTROLLER: Final = "firedoor-controller"
RECEIVER: Final = "firedoor-receiver"
COLLECTOR: Final = "firedoor-collector"
COPIER: Final = "firedoor-copier"
PROBE: Final = "firedoor-probe"
NODE_LOGS: Final = "firedoor-node-logs"
"""The account whose token the collector shows to kubelets: it may read logs from nodes, and nothing else."""

KUBELET_CA: Final = "firedoor-kubelet-ca"
"""The chart's ConfigMap in the home namespace with CAs of kubelets' certificates, where an administrator named some."""

READER: Final = "firedoor-evidence-reader"
"""The pod that evidence is read through, and the role of those who may."""

DELETION: Final = "evidence-deletion"
"""Component label of the records of deleted evidence."""


def uid8(uid: str) -> str:
    """The first eight hexadecimal digits of an incident's uid: short enough for a label key, unique in practice."""
    return uid.replace("-", "")[:8]


def child_incident(parent: str, pod_uid: str) -> str:
    """Name of the incident that an incident makes for one of its pods."""
    return f"{parent[: NAME_LIMIT - 9].rstrip('-.')}-{uid8(pod_uid)}"


def quarantine_label(incident_uid: str) -> str:
    """The label key that only this incident uses; its deny policy selects it."""
    return f"{QUARANTINE_PREFIX}{uid8(incident_uid)}"


def cordon_holder(incident_uid: str) -> str:
    """The node annotation by which this incident holds the cordon."""
    return f"{CORDON_PREFIX}{uid8(incident_uid)}"


def scale_holder(incident_uid: str) -> str:
    """The workload annotation by which this incident holds the replicas at zero."""
    return f"{SCALE_PREFIX}{uid8(incident_uid)}"


def frozen_account(namespace: str, name: str) -> str:
    """The key of a whole ServiceAccount in the list of the frozen; the key of a pod is its uid."""
    return f"sa.{namespace}.{name}"


def deny_policy(incident_uid: str) -> str:
    """Name of the incident's NetworkPolicy in the target's namespace."""
    return f"firedoor-{uid8(incident_uid)}"


def shelter(incident_uid: str) -> str:
    """Name of the incident's PodDisruptionBudget in the target's namespace."""
    return f"firedoor-{uid8(incident_uid)}"


def evidence_claim(incident_uid: str) -> str:
    """Name of the evidence volume claim in firedoor's home namespace; it outlives the incident."""
    return f"firedoor-evidence-{uid8(incident_uid)}"


def collector_job(incident_uid: str) -> str:
    """Name of the collector Job in firedoor's home namespace."""
    return f"firedoor-collect-{uid8(incident_uid)}"


def keeper_job(incident_uid: str) -> str:
    """Name of the Job that lays the signature into the incident's bag."""
    return f"firedoor-keep-{uid8(incident_uid)}"


def tries(job: str) -> tuple[str, ...]:
    """Names of a collector's or keeper's Job, and of those that are made anew when it has failed."""
    return (job, *(f"{job}-{number}" for number in range(2, JOB_TRIES + 1)))


def copier_job(incident_uid: str) -> str:
    """Name of the Job that copies the incident's bag into an object store."""
    return f"firedoor-copy-{uid8(incident_uid)}"


def evidence_snapshot(incident_uid: str) -> str:
    """Name of the snapshot of the incident's evidence volume, in firedoor's home namespace."""
    return f"firedoor-evidence-{uid8(incident_uid)}"


def deletion(claim_uid: str) -> str:
    """Name of the record of a deleted evidence claim."""
    return f"firedoor-evidence-deleted-{uid8(claim_uid)}"


def made_labels(incident_uid: str) -> dict[str, str]:
    """Labels of everything that firedoor makes for an incident."""
    return {MANAGED_BY: MANAGED_BY_VALUE, INCIDENT_UID: incident_uid}
