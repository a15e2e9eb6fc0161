"""Builders with defaults: a test writes only what its story is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from firedoor.api import names
from firedoor.api.enforcement import Enforcing, OpenConnections
from firedoor.api.incident import EvidenceStatus, Reach, SecurityIncident
from firedoor.planner.enforcement import Finding
from firedoor.planner.identity_views import NOT_LOOKED, IdentityView
from firedoor.planner.pod_prior import PodPrior
from firedoor.planner.pod_view import PodView
from firedoor.planner.proof import Flow, Proof
from firedoor.planner.protection import NOTES
from firedoor.planner.rules import Rules
from firedoor.planner.situation import Capture, Situation, Surroundings
from firedoor.planner.views import NodeView, Owner, PolicyView
from firedoor.planner.workload_view import Setting, WorkloadView

UID = "0a1b2c3d-0000-0000-0000-000000000001"
OTHER_UID = "ffffffff-0000-0000-0000-000000000002"
LABEL = names.quarantine_label(UID)
OTHER_LABEL = names.quarantine_label(OTHER_UID)
HOME = "firedoor-system"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OWNER = Owner("ReplicaSet", "web-7f45", "rs-uid")
LABELS = {"app": "web"}
NO_CAPTURE = Capture()
NO_PROOF = Proof()
NO_RULES = Rules()


def incident(
    *,
    uid: str = UID,
    namespace: str = "shop",
    target: Mapping[str, Any] | None = None,
    deleted: bool = False,
    status: Mapping[str, Any] | None = None,
    **spec: Any,
) -> SecurityIncident:
    metadata: dict[str, Any] = {"name": "shell", "namespace": namespace, "uid": uid, "generation": 1}
    if deleted:
        metadata["deletionTimestamp"] = NOON
    aimed = {"target": {"kind": "Pod", "name": "web-1"} if target is None else target} if target != {} else {}
    return SecurityIncident.read({"metadata": metadata, "spec": {**aimed, **spec}, "status": status or {}})


def pod(
    *,
    labels: Mapping[str, str] = LABELS,
    prior: PodPrior | None = None,
    prior_note: str | None = None,
    owner: Owner | None = None,
    **fields: Any,
) -> PodView:
    known: dict[str, Any] = {
        "namespace": "shop",
        "name": "web-1",
        "uid": "pod-uid",
        "resource_version": "7",
        "node": "node-a",
        "ip": "10.0.0.7",
        "phase": "Running",
        "host_network": False,
        "static": False,
        "leaving": False,
        "ready": True,
        "annotations": {},
        "tcp_ports": (8080,),
        "udp_ports": (),
        "addresses": ("10.0.0.7",),
        "service_account": "clerk",
        "secrets": (),
    }
    note = prior.dump() if prior else prior_note
    return PodView(**{**known, **fields}, labels=dict(labels), prior_note=note, owner=owner)


def quarantined(*held: str, owner: Owner | None = OWNER, **fields: Any) -> PodView:
    """A pod that incidents hold: their labels and firedoor's notes alone, and the record of what was before."""
    labels = dict.fromkeys((names.QUARANTINED, *(held or (LABEL,))), "true")
    prior = PodPrior(LABELS, owner, dict.fromkeys(NOTES))
    return pod(**{"labels": labels, "prior": prior, "annotations": NOTES, **fields})


def node(
    name: str = "node-a", *, cordoned: bool = False, ready: bool = True, control_plane: bool = False, **annotations: str
) -> NodeView:
    return NodeView(name, f"{name}-uid", "9", cordoned, control_plane, ready, annotations)


def held_node(*holders: str, was: bool = False, cordoned: bool = True) -> NodeView:
    annotations = {names.cordon_holder(uid): "shop/shell" for uid in holders or (UID,)}
    prior = {names.PRIOR: f'{{"unschedulable": {str(was).lower()}}}'}
    return NodeView("node-a", "node-a-uid", "9", cordoned, False, True, annotations | prior)


def workload(replicas: int = 3, *holders: str, before: int = 3, kind: str = "Deployment") -> WorkloadView:
    annotations = {names.scale_holder(uid): "shop/shell" for uid in holders}
    prior = {names.PRIOR: f'{{"replicas": {before}}}'} if holders else {}
    return WorkloadView(kind, "shop", "web", "deployment-uid", "5", Setting("replicas", replicas), annotations | prior)


def suspendable(suspended: bool | None = False, *holders: str, before: bool | None = False, kind: str = "Job") -> WorkloadView:
    """A Job or CronJob."""
    held = workload(0, *holders, kind=kind)
    prior = {names.PRIOR: Setting("suspend", before).dump()} if holders else {}
    return replace(held, setting=Setting("suspend", suspended), annotations={**held.annotations, **prior})


def policy(name: str = "allow", **spec: Any) -> PolicyView:
    return PolicyView("shop", name, f"{name}-uid", None, spec)


def deny(uid: str = UID) -> PolicyView:
    spec = {"podSelector": {"matchLabels": {names.quarantine_label(uid): "true"}}, "policyTypes": ["Ingress", "Egress"]}
    return PolicyView("shop", names.deny_policy(uid), "deny-uid", uid, spec)


def proof(
    after: str = "Timeout", before: str | None = "Open", flow: Flow = "Cut", missing: str = "", by_canary: bool = False
) -> Proof:
    """What a probe on another node found, and a canary on the suspect's own."""
    far = tried(after, before=before)
    near = tried("Timeout", probe="firedoor-canary", node="node-a")
    return Proof(reach=(far,), near=(near,), flow=flow, by_canary=by_canary, at=NOON, missing=missing)


def tried(after: str, **fields: Any) -> Reach:
    """One way to the suspect, by a probe on another node."""
    known = {"probe": "firedoor-probe-0", "node": "node-b", "address": "10.0.0.7", "port": 8080, "after": after}
    return Reach.read({**known, **fields})


def engine(
    ingress: Enforcing = "Denied", egress: Enforcing = "Denied", opened: OpenConnections = "Cut", **fields: Any
) -> Finding:
    """What was measured on the suspect's node a moment ago."""
    known: dict[str, Any] = {"node": "node-a", "pool": "node-a", "began": NOON, "at": NOON, "seconds": 0.1}
    known["families"] = frozenset(("IPv4",))
    return Finding(**{**known, **fields}, ingress=ingress, egress=egress, open_connections=opened)


def sealed(status: str = "Complete", why: str = "", **signature: str) -> Capture:
    gaps = ("files: partial.",) if why else ()
    result = EvidenceStatus(claim="claim", status=status, sealed_at=NOON, custody_head="c0ffee", gaps=gaps, **signature)
    return Capture("Sealed", result, why)


def situation(
    about: SecurityIncident | None = None,
    suspect: PodView | None = None,
    *,
    policies: tuple[PolicyView, ...] = (),
    nodes: tuple[NodeView, ...] = (),
    deployment: WorkloadView | None = None,
    capture: Capture = NO_CAPTURE,
    found: Proof = NO_PROOF,
    identity: IdentityView = NOT_LOOKED,
    sheltered: bool | None = None,
    rules: Rules = NO_RULES,
    neighbours: tuple[SecurityIncident, ...] = (),
    **fields: Any,
) -> Situation:
    """Everything that is not said is as it is when nothing is left to do for it."""
    there = not (about and about.leaving) if sheltered is None else sheltered
    around = Surroundings(policies, nodes, deployment, capture, sheltered=there, identity=identity)
    known: dict[str, Any] = {
        "home": HOME,
        "now": NOON,
        "pod": suspect,
        "around": around,
        "proof": found,
        "engine": engine(),
        "watched": True,
    }
    return Situation(incident=about or incident(), rules=rules, neighbours=neighbours, **{**known, **fields})
