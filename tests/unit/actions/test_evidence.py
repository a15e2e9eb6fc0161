"""The collector's Job: what the spec allows it, and what it is told."""

import json
from typing import Any

from firedoor.actions.evidence import Order, job
from firedoor.actions.signature import Laying
from firedoor.actions.signature import job as keepers_job
from firedoor.api.incident import Limits, Storage
from firedoor.evidence.order import CaptureOrder

INCIDENT = {"uid": "0123abcd-0000", "name": "web-shell", "namespace": "shop"}
POD = {"namespace": "shop", "name": "web-1", "uid": "pod-uid"}
STORAGE = Storage()


def made(limits: Limits, storage: Storage = STORAGE) -> tuple[dict[str, Any], CaptureOrder]:
    """The Job, and the order as its collector reads it."""
    found = job("home", "firedoor:1", Order(INCIDENT, POD, ("/tmp",), limits, "firedoor:1"), storage)
    container = found["spec"]["template"]["spec"]["containers"][0]
    told = next(variable["value"] for variable in container["env"] if variable["name"] == "FIREDOOR_CAPTURE")
    return found, CaptureOrder.load(told)


def test_the_limits_of_the_spec_reach_the_collector_in_bytes_and_seconds() -> None:
    limits = Limits(duration="5m", artifact_bytes="1Gi", file_bytes="1M", files=7, memory="1Gi")
    found, order = made(limits)
    assert (order.limits.capture_seconds, order.limits.artifact_bytes) == (300, 1 << 30)
    assert (order.limits.file_bytes, order.limits.files) == (10**6, 7)
    assert found["spec"]["activeDeadlineSeconds"] > 300
    resources = found["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert (resources["requests"]["memory"], resources["limits"]["memory"]) == ("64Mi", "1Gi")


def test_there_is_time_to_read_back_a_volume_that_is_full_after_the_time_for_the_capture() -> None:
    seconds = [made(Limits(duration="5m"), Storage(size=size))[0]["spec"]["activeDeadlineSeconds"] for size in ("1Gi", "100Gi")]
    assert seconds[0] >= 300 + 64
    assert seconds[1] >= 300 + 6400


def test_less_memory_than_is_usually_asked_for_is_asked_for_no_more() -> None:
    found, _ = made(Limits(memory="48Mi"))
    resources = found["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == "48Mi"


def test_the_defaults_of_the_spec_are_those_of_the_collector() -> None:
    _, order = made(Limits())
    assert order == CaptureOrder.load(
        json.dumps({"incident": INCIDENT, "pod": POD, "paths": ["/tmp"], "helperImage": "firedoor:1"})
    )


def test_whoever_writes_the_bag_may_run_on_the_only_node_although_it_is_cordoned() -> None:
    keeper = keepers_job("home", "firedoor:1", INCIDENT["uid"], "key", Laying("incident-0123abcd", "0" * 64, "{}", ""))
    for found in (made(Limits())[0], keeper):
        (toleration,) = found["spec"]["template"]["spec"]["tolerations"]
        assert (toleration["key"], toleration["effect"]) == ("node.kubernetes.io/unschedulable", "NoSchedule")
