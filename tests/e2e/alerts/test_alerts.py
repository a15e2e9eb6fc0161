"""The second way in: an alert becomes an incident, or is told why not."""

import base64
import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import build
from cluster.providers import Provider
from tests.e2e.conftest import HOME, Kubectl, Story, eventually
from tests.e2e.ports import free_port, listens

EXAMPLE = Path(__file__).parents[3] / "examples" / "falco-alert.json"


@pytest.fixture(scope="module")
def receiver(provider: Provider) -> Iterator[int]:
    """A local port that leads to the receiver's Service."""
    port = free_port()
    forward = ["--kubeconfig", str(provider.kubeconfig()), "-n", HOME, "port-forward", "service/firedoor-receiver", f"{port}:80"]
    with subprocess.Popen([str(build.program("kubectl")), *forward], stdout=subprocess.DEVNULL) as process:
        eventually(lambda: listens(port), "the receiver is forwarded")
        yield port
        process.terminate()


@pytest.fixture(scope="module")
def token(kubectl: Kubectl) -> str:
    secret = kubectl.json("-n", HOME, "secret", "firedoor-tokens")
    return base64.b64decode(secret["data"]["falco"]).decode()


def post(port: int, body: bytes, token: str = "", source: str = "falco") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request("POST", f"/v1/alerts/{source}", body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def alert(namespace: str, pod: str) -> bytes:
    document = json.loads(EXAMPLE.read_text())
    document["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    document["output_fields"] |= {"k8s.ns.name": namespace, "k8s.pod.name": pod}
    return json.dumps(document).encode()


@pytest.mark.usefixtures("home_incidents")
@pytest.mark.in_turn("nodes", "home")
def test_a_falco_alert_contains_the_pod_that_it_names(story: Story, receiver: int, token: str) -> None:
    story.pod()

    status, answer = post(receiver, alert(story.namespace, "suspect"), token)

    assert status == 200
    (stored,) = answer["incidents"]
    assert stored["stored"] == "created"
    Story(story.kubectl, HOME).wait("Isolated", name=stored["name"])


@pytest.mark.usefixtures("home_incidents")
@pytest.mark.in_turn("nodes", "home")
def test_the_same_alert_again_is_the_same_incident(story: Story, receiver: int, token: str) -> None:
    story.pod()
    first = post(receiver, alert(story.namespace, "suspect"), token)[1]["incidents"][0]
    second = post(receiver, alert(story.namespace, "suspect"), token)[1]["incidents"][0]
    assert second == {**first, "stored": "known"}


@pytest.mark.usefixtures("home_incidents")
@pytest.mark.in_turn("nodes", "home")
def test_an_alert_about_no_live_pod_is_stored_as_unresolved_and_touches_nothing(story: Story, receiver: int, token: str) -> None:
    status, answer = post(receiver, alert(story.namespace, "never-was"), token)
    assert status == 200
    (stored,) = answer["incidents"]
    assert stored["stored"] == "unresolved"
    Story(story.kubectl, HOME).wait("Accepted", "False", "TargetUnresolved", name=stored["name"])


def test_a_wrong_token_a_missing_one_and_an_unknown_source_are_all_told_the_same(receiver: int, token: str) -> None:
    answers = [post(receiver, b"{}", "not-the-token-at-all"), post(receiver, b"{}"), post(receiver, b"{}", token, "nobody")]
    assert {status for status, _ in answers} == {401}
    assert len({json.dumps(answer) for _, answer in answers}) == 1


def test_what_is_not_json_is_a_bad_request(receiver: int, token: str) -> None:
    assert post(receiver, b"not json", token)[0] == 400
    assert post(receiver, b'{"rule": NaN}', token)[0] == 400


def test_what_is_too_large_is_not_read(receiver: int, token: str) -> None:
    assert post(receiver, b" " * ((1 << 20) + 1), token)[0] == 413
