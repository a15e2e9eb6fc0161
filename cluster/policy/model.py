"""What the engine knows of pods, namespaces and policies; read from the API's JSON. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod that has an address of its own."""

    namespace: str
    name: str
    address: str
    node: str
    labels: Mapping[str, str]
    ports: Mapping[tuple[str, str], int]
    """Numbers of named container ports by name and protocol; containers of a pod may share a name."""

    @classmethod
    def read(cls, pod: Json) -> "Pod | None":
        """The pod, or None when policies do not concern it: without address, finished, or on the host's network."""
        status, spec = pod.get("status", {}), pod.get("spec", {})
        if not status.get("podIP") or spec.get("hostNetwork") or status.get("phase") in ("Succeeded", "Failed"):
            return None
        metadata = pod["metadata"]
        named = [port for c in spec.get("containers", ()) for port in c.get("ports") or () if port.get("name")]
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            address=status["podIP"],
            node=spec.get("nodeName", ""),
            labels=metadata.get("labels") or {},
            # Reversed, because Kubernetes takes the first container that has the name.
            ports={(port["name"], port.get("protocol", "TCP")): port["containerPort"] for port in reversed(named)},
        )


@dataclass(frozen=True)
class World:
    """Everything at one moment."""

    pods: tuple[Pod, ...] = ()
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Labels of each namespace by name."""
    policies: tuple[Json, ...] = ()


def selects(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects these labels."""
    exact = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return exact and all(_meets(expression, labels) for expression in selector.get("matchExpressions") or ())


def _meets(expression: Json, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
