"""Metrics: controller-runtime's names for the queue and the loop, `firedoor_*` for the domain; never a name as a label.

The controller's parts count here; the health server shows them.
"""

from prometheus_client import Counter, Gauge, Histogram

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
build_info = Gauge("firedoor_build_info", "1, with the version as its label.", ["version"])
