"""Rivals: who would set a workload up again is found by the marks they leave, and named so that a person knows what to pause."""

from dataclasses import replace
from typing import Any

from firedoor.planner.rivals import Autoscaler, rivals
from firedoor.planner.views import Owner
from tests.builders import suspendable, workload


def hpa(name: str = "web", *, kind: str = "Deployment", target: str = "web", labels: Any = None, **spec: Any) -> Autoscaler:
    aimed = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target}, "maxReplicas": 9, **spec}
    return Autoscaler.read({"metadata": {"name": name, "labels": labels}, "spec": aimed})


def test_a_workload_that_nobody_else_cares_for_has_no_rivals() -> None:
    helm = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "shop"}
    assert rivals(replace(workload(), labels=helm), ()) == ()


def test_only_the_autoscaler_that_targets_it_is_named() -> None:
    others = (hpa("other", target="api"), hpa("namesake", kind="StatefulSet"))
    (said,) = rivals(workload(), (*others, hpa()))
    assert "HorizontalPodAutoscaler web targets it" in said


def test_an_autoscaler_that_scales_from_zero_is_told_apart() -> None:
    (said,) = rivals(workload(), (hpa(minReplicas=0),))
    assert "minReplicas 0 and may scale it up again" in said


def test_keda_is_known_by_the_autoscaler_that_it_made() -> None:
    (by_name,) = rivals(workload(), (hpa("keda-hpa-orders"),))
    (by_label,) = rivals(workload(), (hpa("renamed", labels={"scaledobject.keda.sh/name": "orders"}),))
    assert "KEDA ScaledObject orders" in by_name
    assert "KEDA ScaledObject orders" in by_label
    assert "paused-replicas" in by_name


def test_keda_is_known_by_its_mark_on_the_workload_and_named_once() -> None:
    marked = replace(workload(), annotations={"autoscaling.keda.sh/anything": "x"})
    (said,) = rivals(marked, ())
    assert said.startswith("KEDA scales Deployment web")
    assert len(rivals(marked, (hpa("keda-hpa-web"),))) == 1


def test_argo_cd_is_known_by_its_tracking_annotation_or_label() -> None:
    tracked = replace(workload(), annotations={"argocd.argoproj.io/tracking-id": "storefront:apps/Deployment:shop/web"})
    labelled = replace(workload(), labels={"argocd.argoproj.io/instance": "storefront"})
    assert "Argo CD application storefront" in rivals(tracked, ())[0]
    assert "Argo CD application storefront" in rivals(labelled, ())[0]


def test_flux_is_known_by_its_labels_unless_it_was_told_to_leave_the_object_alone() -> None:
    group = "kustomize.toolkit.fluxcd.io"
    managed = replace(workload(), labels={f"{group}/name": "apps", f"{group}/namespace": "flux-system"})
    assert "Flux Kustomization flux-system/apps" in rivals(managed, ())[0]
    assert rivals(replace(managed, annotations={f"{group}/reconcile": "disabled"}), ()) == ()
    released = replace(workload(), labels={"helm.toolkit.fluxcd.io/name": "shop"})
    assert "Flux HelmRelease shop" in rivals(released, ())[0]


def test_a_custom_resource_above_is_named_and_so_is_the_autoscaler_that_targets_that() -> None:
    owned = replace(workload(kind="ReplicaSet"), above=Owner("Rollout", "web", "rollout-uid"))
    owner, autoscaler = rivals(owned, (hpa("rollout-hpa", kind="Rollout"),))
    assert "Rollout web controls ReplicaSet web" in owner
    assert "rollout-hpa" in autoscaler


def test_a_job_may_have_rivals_as_well() -> None:
    assert "ScaledJob queue controls Job web" in rivals(replace(suspendable(), above=Owner("ScaledJob", "queue", "u")), ())[0]
