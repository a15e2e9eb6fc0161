"""Falco's http_output and falcosidekick's webhook: one event, an array of them, or one after the other.

Wire facts: falco 0.44 (outputs_http.cpp, formats.cpp), falcosidekick 2.34 (types.go). Fields under k8s.* come from the
container runtime and may be null; they are hints that are looked up, never facts.
"""

from collections.abc import Mapping
from typing import Any

from firedoor.api.incident import Severity
from firedoor.intake.alert import RULE_LIMIT, SUMMARY_LIMIT, Alert, Malformed, fingerprint, moment, text

SEVERITIES = {
    "emergency": Severity.CRITICAL,
    "alert": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "notice": Severity.LOW,
    "informational": Severity.INFO,
    "info": Severity.INFO,
    "debug": Severity.INFO,
}


def parse(documents: list[Any]) -> tuple[list[Alert], int]:
    """The alerts in what came, and how many events were recognised and left aside."""
    events = [event for document in documents for event in (document if isinstance(document, list) else [document])]
    alerts = [_alert(event) for event in events]
    found = [alert for alert in alerts if alert is not None]
    return found, len(alerts) - len(found)


def _alert(event: object) -> Alert | None:
    if not isinstance(event, dict) or not isinstance(event.get("rule"), str) or not isinstance(event.get("priority"), str):
        raise Malformed("A Falco event is an object with the texts rule and priority.")
    if event.get("source") == "internal" or event["rule"].startswith("Falco internal:"):
        return None
    given = event.get("output_fields")
    return _from_fields(event, given if isinstance(given, dict) else {})


def _from_fields(event: Mapping[str, Any], fields: Mapping[str, Any]) -> Alert:
    namespace, pod = text(fields, "k8s.ns.name"), text(fields, "k8s.pod.name")
    container, rule = text(fields, "container.id"), text(event, "rule", RULE_LIMIT)
    return Alert(
        source="falco",
        rule=rule,
        severity=SEVERITIES.get(event["priority"].lower(), Severity.HIGH),
        fingerprint=fingerprint("falco", rule, namespace, pod, container),
        summary=text(event, "output", SUMMARY_LIMIT),
        namespace=namespace,
        pod=pod,
        pod_uid=text(fields, "k8s.pod.uid"),
        container_id="" if container == "host" else container,
        at=moment(event.get("time")),
    )
