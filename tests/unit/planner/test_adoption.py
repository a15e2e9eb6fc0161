"""Who takes a pod back by its labels, and how many pods that controller keeps."""

from typing import Any

from firedoor.planner.adoption import Adopter
from firedoor.planner.views import Json

SELECTOR = {"matchLabels": {"app": "web"}}


def replica_set(status: Json | None = None, **spec: Any) -> Json:
    metadata = {"name": "web-7f45", "generation": 2}
    return {"metadata": metadata, "spec": {"selector": SELECTOR, **spec}, "status": {"observedGeneration": 2, **(status or {})}}


def job(status: Json | None = None, **spec: Any) -> Json:
    return {"metadata": {"name": "once", "generation": 1}, "spec": {"selector": SELECTOR, **spec}, "status": status or {}}


def wants(kind: str, found: Json) -> int:
    adopter = Adopter.read(kind, found)
    assert adopter is not None
    return adopter.wants


def test_a_replicaset_wants_its_replicas_and_has_one_too_many_once_it_has_replaced_the_pod() -> None:
    full, short = (Adopter.read("ReplicaSet", replica_set({"replicas": has}, replicas=3)) for has in (3, 2))
    assert full is not None
    assert short is not None
    assert (full.title, full.wants, full.surplus, short.surplus) == ("ReplicaSet web-7f45", 3, True, False)
    assert wants("ReplicaSet", replica_set()) == 1, "as the API server fills it in"


def test_what_it_has_not_seen_yet_does_not_count() -> None:
    changed = Adopter.read("ReplicaSet", replica_set({"observedGeneration": 1}, replicas=3))
    assert changed is not None
    assert not changed.settled


def test_a_job_wants_what_it_may_run_at_once_and_a_suspended_one_none() -> None:
    assert wants("Job", job(parallelism=2)) == 2
    assert wants("Job", job({"succeeded": 4}, parallelism=2, completions=5)) == 1
    assert wants("Job", job(parallelism=2, suspend=True)) == 0


def test_what_is_done_or_on_its_way_out_takes_back_nothing() -> None:
    done = job({"conditions": [{"type": "Complete", "status": "True"}]})
    assert Adopter.read("Job", done) is None
    going = {**replica_set(), "metadata": {"name": "web-7f45", "deletionTimestamp": "2026-01-01T12:00:00Z"}}
    assert Adopter.read("ReplicaSet", going) is None


def test_a_pod_is_found_by_its_labels_alone_and_by_the_older_kind_of_selector_too() -> None:
    controller = Adopter.read("ReplicationController", replica_set(selector={"app": "web"}, replicas=1))
    assert controller is not None
    assert controller.takes({"app": "web", "tier": "front"})
    assert not controller.takes({"app": "db"})
    nobody = Adopter.read("ReplicaSet", replica_set(selector=None))
    assert nobody is not None
    assert not nobody.takes({"app": "web"})
