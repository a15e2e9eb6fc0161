"""Alerts from the wire: what is understood, what is left aside, and what is refused without being repeated."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedoor.api.incident import Severity
from firedoor.intake import alertmanager, falco
from firedoor.intake.alert import Malformed, clean
from firedoor.intake.body import documents

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def falco_event(**fields: Any) -> dict[str, Any]:
    output = {"k8s.ns.name": "shop", "k8s.pod.name": "web-1", "container.id": "0123456789ab"}
    return {"rule": "Shell", "priority": "Critical", "time": "2026-01-01T00:00:00.123456789Z", "output_fields": output, **fields}


def group(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "status": "firing", "alerts": list(alerts)}


def firing(**labels: str) -> dict[str, Any]:
    known = {"alertname": "Shell", "namespace": "shop", "pod": "web-1", "severity": "Warning"}
    return {"status": "firing", "labels": {**known, **labels}, "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "abc"}


def test_a_falco_event_names_its_pod_and_how_bad_it_is() -> None:
    (alert,), ignored = falco.parse([falco_event()])
    assert (alert.namespace, alert.pod, alert.container_id) == ("shop", "web-1", "0123456789ab")
    assert alert.severity is Severity.CRITICAL
    assert ignored == 0


def test_the_same_rule_on_the_same_pod_is_the_same_alert_whenever_it_fires() -> None:
    (first, second), _ = falco.parse([[falco_event(), falco_event(time="2026-01-02T00:00:00Z", output="other words")]])
    assert first.fingerprint == second.fingerprint


def test_fields_that_falco_could_not_fill_are_empty_and_no_guess() -> None:
    (alert,), _ = falco.parse([falco_event(output_fields={"k8s.ns.name": None, "k8s.pod.name": "<NA>", "container.id": "host"})])
    assert (alert.namespace, alert.pod, alert.container_id) == ("", "", "")


def test_falcos_own_notices_are_left_aside() -> None:
    assert falco.parse([falco_event(source="internal"), falco_event(rule="Falco internal: metrics")]) == ([], 2)


def test_alertmanager_alerts_count_one_by_one() -> None:
    resolved = {**firing(), "status": "resolved"}
    found, ignored = alertmanager.parse([group(firing(), resolved, firing(alertname="Watchdog"))])
    assert ([alert.rule for alert in found], ignored) == (["Shell"], 2)
    assert found[0].severity is Severity.MEDIUM


def test_the_victim_that_kube_state_metrics_exports_goes_before_the_exporter() -> None:
    (alert,), _ = alertmanager.parse([group(firing(exported_namespace="bank", exported_pod="db-0"))])
    assert (alert.namespace, alert.pod) == ("bank", "db-0")


@given(JSON)
def test_whatever_json_comes_is_understood_or_malformed(document: Any) -> None:
    for parse in (falco.parse, alertmanager.parse):
        with suppress(Malformed):
            parse([document])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nope", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 40 + b"]" * 40, b'{"a": Infinity}']
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        documents(body)


def test_documents_may_follow_one_another_with_or_without_lines() -> None:
    assert documents(b'{"a": 1}\n{"b": 2}{"c": 3}') == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_brackets_inside_texts_are_no_nesting() -> None:
    assert documents(b'{"a": "' + b"[" * 100 + b'"}') == [{"a": "[" * 100}]


def test_control_and_direction_characters_do_not_survive() -> None:
    assert clean("a\x1b[31mb\u202ec\r\n", 100) == "a [31mb c"
