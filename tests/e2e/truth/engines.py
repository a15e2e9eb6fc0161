"""What stories say about a node's network engine: what its report tells, and how a new measurement is called for."""

import time
from datetime import datetime

from tests.e2e.conftest import HOME, Json, Kubectl, Story, deployment, eventually

ON_GUARD_SECONDS = 15.0
"""A canary that stands longer than a measurement lasts stands guard."""
MEASURED_SECONDS = 90.0
"""A node that holds a suspect is measured every twenty seconds, and an engine that fails takes its time."""
FOLLOWS_SECONDS = 45.0
"""So soon a canary that stays silent when it is let is noticed, on a busy machine too."""


def report(kubectl: Kubectl, node: str) -> Json:
    found: Json = kubectl.json("-n", HOME, "enforcement", node).get("status", {"verdict": "", "message": ""})
    return found


def reported(kubectl: Kubectl, node: str, verdict: str) -> None:
    """Waits until the report of a node says so."""
    said = lambda: report(kubectl, node)["verdict"] == verdict  # noqa: E731
    eventually(said, f"the report of {node} says {verdict}", MEASURED_SECONDS)


def announce(story: Story, name: str) -> None:
    """A DaemonSet on the host's network comes, as when an engine is replaced; it chooses no node, so nothing runs."""
    document = deployment(story.namespace, name, 1)
    del document["spec"]["replicas"]
    document["kind"] = "DaemonSet"
    document["spec"]["template"]["spec"] |= {"hostNetwork": True, "nodeSelector": {"nobody": "here"}}
    story.kubectl.apply(document)


def watched(kubectl: Kubectl, node: str) -> None:
    """Waits until a canary stands guard on a node."""

    def on_guard() -> bool:
        pods = kubectl.json("-n", HOME, "pods", "-l", "app.kubernetes.io/component=canary")["items"]
        made = [pod["metadata"]["creationTimestamp"] for pod in pods if pod["spec"].get("nodeName") == node]
        return any(time.time() - datetime.fromisoformat(at).timestamp() > ON_GUARD_SECONDS for at in made)

    eventually(on_guard, f"a canary stands guard on {node}", MEASURED_SECONDS)
