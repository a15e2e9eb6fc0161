"""Redaction: no value of an environment variable is kept, and equal ones can still be told."""

import json

from firedoor.evidence.redact import APPLIED, redacted

KEY = "00" * 32


def test_values_of_variables_are_hashed_wherever_they_are_and_nothing_else_is_touched() -> None:
    secret = {"name": "C", "valueFrom": {"secretKeyRef": {}}}
    variables = [{"name": "A", "value": "hunter2"}, {"name": "B", "value": "hunter2"}, secret]
    template = {"spec": {"containers": [{"name": "web", "image": "web:1", "env": variables}]}}
    found = redacted({"metadata": {"annotations": {APPLIED: "hunter2", "note": "kept"}}, "spec": {"template": template}}, KEY)

    assert "hunter2" not in json.dumps(found)
    env = found["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[0]["value"] == env[1]["value"]
    assert env[2] == variables[2]
    assert found["metadata"]["annotations"]["note"] == "kept"


def test_another_key_gives_another_hash() -> None:
    one = {"env": [{"name": "A", "value": "x"}]}
    assert redacted(one, KEY) != redacted(one, "11" * 32)
