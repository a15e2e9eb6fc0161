"""The kinds that the fake API server serves, its discovery of them, and paths taken apart.

Spelled out here on purpose, and not taken from firedoor: a path that firedoor gets wrong must not be found.
"""

from dataclasses import dataclass

from tests.fakes.objects import Obj, Refusal

KINDS = {
    "v1": {
        "configmaps": "ConfigMap",
        "namespaces": "Namespace",
        "nodes": "Node",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "pods": "Pod",
        "replicationcontrollers": "ReplicationController",
        "serviceaccounts": "ServiceAccount",
    },
    "admissionregistration.k8s.io/v1": {
        "validatingadmissionpolicies": "ValidatingAdmissionPolicy",
        "validatingadmissionpolicybindings": "ValidatingAdmissionPolicyBinding",
    },
    "apiextensions.k8s.io/v1": {"customresourcedefinitions": "CustomResourceDefinition"},
    "apps/v1": {"deployments": "Deployment", "replicasets": "ReplicaSet", "statefulsets": "StatefulSet"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "batch/v1": {"cronjobs": "CronJob", "jobs": "Job"},
    "coordination.k8s.io/v1": {"leases": "Lease"},
    "events.k8s.io/v1": {"events": "Event"},
    "firedoor.dev/v1alpha1": {
        "containmentpolicies": "ContainmentPolicy",
        "incidentapprovals": "IncidentApproval",
        "securityincidents": "SecurityIncident",
    },
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "policy.networking.k8s.io/v1alpha1": {"adminnetworkpolicies": "AdminNetworkPolicy"},
    "snapshot.storage.k8s.io/v1": {
        "volumesnapshotclasses": "VolumeSnapshotClass",
        "volumesnapshotcontents": "VolumeSnapshotContent",
        "volumesnapshots": "VolumeSnapshot",
    },
}
CLUSTER_WIDE = (
    "adminnetworkpolicies",
    "containmentpolicies",
    "customresourcedefinitions",
    "namespaces",
    "nodes",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "volumesnapshotclasses",
    "volumesnapshotcontents",
)
WITH_STATUS = ("deployments", "jobs", "nodes", "persistentvolumeclaims", "pods", "replicasets", "securityincidents")
VERBS = ["create", "delete", "get", "list", "patch", "watch"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request taken apart. `collection` is group/version/plural."""

    method: str
    collection: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def asked(method: str, path: str) -> Asked:
    """/api/v1/namespaces/NAMESPACE/pods/NAME/status and its shorter forms; 404 for kinds that are not served."""
    parts = path.strip("/").split("/")
    group_version, rest = (parts[1:2], parts[2:]) if parts[0] == "api" else (parts[1:3], parts[3:])
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "", "")[:3]
    known = KINDS.get("/".join(group_version), {})
    served = ("", "status") if plural in WITH_STATUS else ("",)
    if plural not in known or subresource not in served:
        raise Refusal(404, "NotFound", f"the server could not find the requested resource {path}")
    return Asked(method, "/".join([*group_version, plural]), namespace, name, subresource)


def typed(collection: str, obj: Obj) -> Obj:
    """The object with its apiVersion and kind."""
    group_version, _, plural = collection.rpartition("/")
    return {"apiVersion": group_version, "kind": KINDS[group_version][plural], **obj}


def listed(collection: str, items: list[Obj], version: int, following: str) -> Obj:
    """A list, whose items lack apiVersion and kind as those of a real server do. following: the token of the next page."""
    group_version, _, plural = collection.rpartition("/")
    bare = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in items]
    kind = f"{KINDS[group_version][plural]}List"
    metadata = {"resourceVersion": str(version), **({"continue": following} if following else {})}
    return {"apiVersion": group_version, "kind": kind, "metadata": metadata, "items": bare}


def discovery(path: str) -> Obj | None:
    """What is served under /api, /apis and /version; None when the path asks for no discovery."""
    parts = path.strip("/").split("/")
    group_version = "/".join(parts[1:])
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/version":
        return {"gitVersion": "v1.35.4"}
    if path == "/apis":
        return {"kind": "APIGroupList", "groups": [_group(known) for known in KINDS if "/" in known]}
    if group_version in KINDS and (parts[0] == "api") == ("/" not in group_version):
        return {"kind": "APIResourceList", "groupVersion": group_version, "resources": _resources(group_version)}
    return None


def _group(group_version: str) -> Obj:
    name, _, version = group_version.partition("/")
    served = {"groupVersion": group_version, "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def _resources(group_version: str) -> list[Obj]:
    resources = []
    for plural, kind in KINDS[group_version].items():
        named = {"singularName": kind.lower(), "kind": kind, "namespaced": plural not in CLUSTER_WIDE}
        resources.append({"name": plural, "verbs": VERBS, **named})
        if plural in WITH_STATUS:
            resources.append({"name": f"{plural}/status", "verbs": ["get", "patch"], **named})
    return resources
