"""Rivals: who would set a workload up again that an incident holds at rest, found by the marks that they leave, named for people.

Pure. firedoor changes nothing of theirs; a person who reads the sentence knows what to pause. The controller asks when it
observes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from firedoor.planner.views import Json
from firedoor.planner.workload_view import WorkloadView

KEDA_HPA: Final = "keda-hpa-"
KEDA_OBJECT: Final = "scaledobject.keda.sh/name"
KEDA_NOTES: Final = "autoscaling.keda.sh/"
ARGO_TRACKING: Final = "argocd.argoproj.io/tracking-id"
ARGO_INSTANCE: Final = "argocd.argoproj.io/instance"
FLUX: Final = {"kustomize.toolkit.fluxcd.io": "Kustomization", "helm.toolkit.fluxcd.io": "HelmRelease"}
PAUSE_KEDA: Final = 'pause it with the annotation autoscaling.keda.sh/paused-replicas: "0"'


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler: what it scales, and how far down."""

    name: str
    kind: str
    target: str
    least: int
    labels: Mapping[str, str]

    @classmethod
    def read(cls, hpa: Json) -> Self:
        metadata, spec = hpa["metadata"], hpa.get("spec") or {}
        target, least = spec.get("scaleTargetRef") or {}, spec.get("minReplicas")
        return cls(
            name=metadata["name"],
            kind=target.get("kind", ""),
            target=target.get("name", ""),
            least=1 if least is None else least,
            labels=metadata.get("labels") or {},
        )

    @property
    def keda(self) -> str | None:
        """Name of the KEDA ScaledObject that made it, if one did."""
        known = self.labels.get(KEDA_OBJECT)
        return known or (self.name.removeprefix(KEDA_HPA) if self.name.startswith(KEDA_HPA) else None)


def rivals(workload: WorkloadView, hpas: tuple[Autoscaler, ...]) -> tuple[str, ...]:
    """A sentence for each that may set the workload up again."""
    return (*_owner(workload), *_autoscalers(workload, hpas), *_argo(workload), *_flux(workload))


def _owner(workload: WorkloadView) -> Iterator[str]:
    above = workload.above
    if above is not None and above.kind == "CronJob":
        yield f"CronJob {above.name} starts other Jobs like {workload.title}; an incident about it, or a person, can suspend it."
    elif above is not None:
        yield f"{above.kind} {above.name} controls {workload.title} and may set it up again; pause {above.name} by its own means."


def _autoscalers(workload: WorkloadView, hpas: tuple[Autoscaler, ...]) -> Iterator[str]:
    aims = {(workload.kind, workload.name)} | ({(workload.above.kind, workload.above.name)} if workload.above else set())
    found = [hpa for hpa in hpas if (hpa.kind, hpa.target) in aims]
    yield from (_autoscaler(hpa) for hpa in found)
    scaled = workload.labels.get(KEDA_OBJECT) or any(key.startswith(KEDA_NOTES) for key in workload.annotations)
    if scaled and not any(hpa.keda for hpa in found):
        yield f"KEDA scales {workload.title} and may set it up again; on its ScaledObject, {PAUSE_KEDA}."


def _autoscaler(hpa: Autoscaler) -> str:
    if hpa.keda is not None:
        return f"KEDA ScaledObject {hpa.keda} (HorizontalPodAutoscaler {hpa.name}) may scale it up again; {PAUSE_KEDA}."
    if hpa.least == 0:
        return f"HorizontalPodAutoscaler {hpa.name} has minReplicas 0 and may scale it up again from there; delete or pause it."
    return f"HorizontalPodAutoscaler {hpa.name} targets it; it stands still at 0 replicas, and goes on once there are any."


def _argo(workload: WorkloadView) -> Iterator[str]:
    tracked = workload.annotations.get(ARGO_TRACKING, "").partition(":")[0]
    application = tracked or workload.labels.get(ARGO_INSTANCE, "")
    if application:
        yield f"Argo CD application {application} manages it and, with self-heal on, sets it up again; switch that off meanwhile."


def _flux(workload: WorkloadView) -> Iterator[str]:
    for group, kind in FLUX.items():
        name, namespace = workload.labels.get(f"{group}/name"), workload.labels.get(f"{group}/namespace")
        if name and workload.annotations.get(f"{group}/reconcile") != "disabled":
            where = f"{namespace}/{name}" if namespace else name
            yield f"Flux {kind} {where} manages it and may set it up again; suspend that meanwhile."
