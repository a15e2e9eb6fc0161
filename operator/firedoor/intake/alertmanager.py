"""Alertmanager's webhook, version 4. Resolved alerts, Watchdog and InfoInhibitor are recognised and left aside.

Wire facts: alertmanager 0.34 (notify/webhook, template). A group is resolved only when all its alerts are, so each
alert's own status counts. exported_* labels name the victim where kube-state-metrics reports on it.
"""

from collections.abc import Mapping
from typing import Any

from firedoor.api.incident import Severity
from firedoor.intake.alert import RULE_LIMIT, SUMMARY_LIMIT, Alert, Malformed, clean, fingerprint, moment, text

SEVERITIES = {
    **dict.fromkeys(("critical", "page", "emergency"), Severity.CRITICAL),
    **dict.fromkeys(("error", "high", "major"), Severity.HIGH),
    **dict.fromkeys(("warning", "medium"), Severity.MEDIUM),
    **dict.fromkeys(("low", "minor"), Severity.LOW),
    **dict.fromkeys(("info", "information", "informational", "none", "debug"), Severity.INFO),
}
ALWAYS_FIRING = ("Watchdog", "InfoInhibitor")


def parse(documents: list[Any]) -> tuple[list[Alert], int]:
    """The firing alerts in what came, and how many were recognised and left aside."""
    groups = [_group(document) for document in documents]
    alerts = [_alert(alert) for group in groups for alert in group]
    found = [alert for alert in alerts if alert is not None]
    return found, len(alerts) - len(found)


def _group(document: object) -> list[Any]:
    if not isinstance(document, dict) or document.get("version") != "4" or not isinstance(document.get("alerts"), list):
        raise Malformed('An Alertmanager notification is an object with version "4" and a list of alerts.')
    return list(document["alerts"])


def _alert(alert: object) -> Alert | None:
    if not isinstance(alert, dict) or not isinstance(alert.get("labels"), dict):
        raise Malformed("Each alert of a notification is an object with labels.")
    labels = alert["labels"]
    rule = text(labels, "alertname", RULE_LIMIT)
    if alert.get("status") != "firing" or rule in ALWAYS_FIRING:
        return None
    annotations = alert.get("annotations")
    said = annotations if isinstance(annotations, dict) else {}
    return Alert(
        source="alertmanager",
        rule=rule,
        severity=SEVERITIES.get(text(labels, "severity").lower(), Severity.HIGH),
        fingerprint=_fingerprint(alert, labels),
        summary=text(said, "summary", SUMMARY_LIMIT) or text(said, "description", SUMMARY_LIMIT),
        namespace=_first(labels, "exported_namespace", "namespace", "k8s_ns_name"),
        pod=_first(labels, "exported_pod", "pod", "k8s_pod_name"),
        container_id=_first(labels, "container_id"),
        at=moment(alert.get("startsAt")),
    )


def _first(labels: Mapping[str, Any], *keys: str) -> str:
    return next((found for key in keys if (found := text(labels, key))), "")


def _fingerprint(alert: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    own = text(alert, "fingerprint", 64)
    pairs = sorted(f"{clean(str(key), 253)}={clean(str(value), 253)}" for key, value in labels.items())
    return fingerprint("alertmanager", own) if own else fingerprint("alertmanager", *pairs)
