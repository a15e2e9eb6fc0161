"""Metrics: controller-runtime's names for the queue and the loop, `firedoor_*` for the domain; never a name as a label.

The controller's parts count here; the health server shows them.
"""

from collections import Counter as Count
from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily

from firedoor.planner.enforcement import Finding

reconciles = Counter("controller_runtime_reconcile", "Looks at an incident, by how they ended.", ["controller", "result"])
seconds = Histogram("controller_runtime_reconcile_time_seconds", "Time of one look at an incident.", ["controller"])
depth = Gauge("workqueue_depth", "Incidents that wait or are worked on.", ["name"])
leading = Gauge("leader_election_master_status", "1 while this replica leads.", ["name"])
time_to_close = Histogram(
    "firedoor_time_to_close_seconds",
    "From the incident's creation to deny policy and label in place.",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
)
repaired = Counter("firedoor_resync_repairs", "Incidents whose change the watch had missed.")
orphans = Counter("firedoor_orphans", "Containments found without an incident, and undone.")
isolation_lost = Counter("firedoor_isolation_lost", "Isolations that were proved and then were not any more.", ["reason"])
engines = Gauge(
    "firedoor_network_enforcement",
    "What a node's network engine did with a deny: 1 silence, 0 traffic passed, -1 not measured.",
    ["node", "traffic"],
)
engine_seconds = Gauge("firedoor_network_enforcement_seconds", "From a deny to silence in both directions.", ["node"])
copies = Gauge("firedoor_evidence_copies", "Copies of sealed evidence, by how far they are.", ["kind", "state"])
build_info = Gauge("firedoor_build_info", "1, with the version as its label.", ["version"])


DONE = {"Denied": 1, "Cut": 1, "Passes": 0, "Alive": 0, "Unknown": -1}


def enforcement(found: Finding) -> None:
    """Shows what was measured on a node."""
    for traffic, seen in (("ingress", found.ingress), ("egress", found.egress), ("established", found.open_connections)):
        engines.labels(found.node, traffic).set(DONE[seen])
    if found.seconds is not None:
        engine_seconds.labels(found.node).set(found.seconds)


def enforcement_gone(node: str) -> None:
    """Shows nothing more of a node that is gone."""
    engines.remove_by_labels({"node": node})
    engine_seconds.remove_by_labels({"node": node})


class ApiCalls:
    """The count that the road to the API server keeps of its calls, as a metric."""

    def __init__(self, calls: Count[tuple[str, str]]) -> None:
        self._calls = calls

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read by the registry when somebody scrapes."""
        family = CounterMetricFamily("rest_client_requests", "Calls to the API server.", labels=["verb", "resource"])
        for (verb, resource), count in self._calls.items():
            family.add_metric([verb, resource], count)
        yield family


def show(calls: Count[tuple[str, str]]) -> None:
    """Shows a connection's calls with the other metrics."""
    REGISTRY.register(ApiCalls(calls))
