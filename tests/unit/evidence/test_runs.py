"""A container that is started again while it is captured: the run that was attacked is asked for, once, under its own id."""

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.unit.evidence.apiserver import ApiServer, Obj, pod
from tests.unit.evidence.test_collector import BAG, ending, judged, told

LOGS = "data/02-logs/web"
OLD, FIRST, SECOND, THIRD = (f"containerd://{number}" for number in range(4))


def line(second: int, words: str) -> bytes:
    return f"2026-11-24T10:00:{second:02d}.000000001Z {words}\n".encode()


ATTACK = line(1, "the attack")
LAST_WORDS = line(1, "its last words") + line(2, "killed")
SAID = {OLD: line(0, "long ago"), FIRST: ATTACK, SECOND: line(5, "innocent"), THIRD: line(6, "innocent too")}


def runs(now: str, before: str = "", *, restarts: int = 0) -> Obj:
    """The pod while this run is the current one."""
    found = pod(container_id=now, restarts=restarts)
    if before:
        found["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"containerID": before}}
    return found


ONE, ONE_AFTER_OLD = runs(FIRST), runs(FIRST, OLD, restarts=1)
TWO, THREE = runs(SECOND, FIRST, restarts=1), runs(THIRD, SECOND, restarts=2)


class Kubelet:
    """At the n-th question for a log the pod is as the n-th `step` says first; looks at it that follow see the others."""

    def __init__(self, first: Obj, *steps: tuple[Obj, ...], said: dict[str, bytes] = SAID) -> None:
        self.said = dict(said)
        self.asked: list[str] = []
        self._steps = list(steps)
        self._server = ApiServer(pods=[first], log=self._log)

    async def collected(self, volume: Path) -> None:
        await self._server.collected(volume)
        judged(volume)

    def _log(self, request: web.Request) -> bytes | web.Response:
        during, *after = self._steps.pop(0) if self._steps else (self._server.pods[0], *self._server.pods)
        self._server.pods = list(after) or [during]
        assert during is not None
        (status,) = during["status"]["containerStatuses"]
        run = status["lastState"]["terminated"]["containerID"] if "previous" in request.query else status["containerID"]
        self.asked.append(run)
        since = request.query.get("sinceTime", "")[:19].encode()
        lines = b"".join(one for one in self.said[run].splitlines(keepends=True) if one[:19] >= since)
        if after and after[-1] is not during and run == FIRST:
            self.said[FIRST] = ATTACK + LAST_WORDS
        return lines


def content(volume: Path, name: str) -> bytes:
    return (volume / BAG / LOGS / name).read_bytes()


def names(volume: Path) -> set[str]:
    return {file.name for file in (volume / BAG / LOGS).iterdir()}


def run_of(volume: Path, name: str) -> Any:
    return told(volume, f"{LOGS}/{name}")["source"]["containerID"]


async def test_of_a_container_that_was_started_again_before_its_log_was_read_the_run_before_is_kept(tmp_path: Path) -> None:
    await Kubelet(ONE, (TWO,)).collected(tmp_path)
    assert ending(tmp_path, f"{LOGS}/current.log") == ("partial", "ContainerRestarted")
    assert (content(tmp_path, "previous.log"), run_of(tmp_path, "previous.log")) == (ATTACK, FIRST)
    assert ending(tmp_path, f"{LOGS}/previous.log") == ("complete", "")


async def test_where_no_id_of_the_run_before_is_told_the_number_of_restarts_says_which_it_is(tmp_path: Path) -> None:
    server = ApiServer(
        pods=[ONE, runs(SECOND, restarts=1)], log=lambda asked: ATTACK if "previous" in asked.query else SAID[SECOND]
    )
    await server.collected(tmp_path)
    assert (content(tmp_path, "previous.log"), run_of(tmp_path, "previous.log")) == (ATTACK, FIRST)


async def test_what_a_run_said_after_its_log_was_read_is_kept_and_nothing_twice(tmp_path: Path) -> None:
    await Kubelet(ONE, (ONE, ONE, TWO), (TWO,)).collected(tmp_path)
    assert ending(tmp_path, f"{LOGS}/current.log") == ("complete", "")
    assert (content(tmp_path, "current.log"), content(tmp_path, "previous.log")) == (ATTACK, LAST_WORDS)
    assert told(tmp_path, f"{LOGS}/previous.log")["source"]["after"] == f"{LOGS}/current.log"


async def test_a_restart_that_the_cluster_told_of_too_late_costs_nothing(tmp_path: Path) -> None:
    """The log was the new run's already, while the API server still showed the run before."""
    await Kubelet(ONE, (TWO, ONE, TWO), (TWO,)).collected(tmp_path)
    assert (content(tmp_path, "current.log"), content(tmp_path, "previous.log")) == (SAID[SECOND], ATTACK)
    assert "after" not in told(tmp_path, f"{LOGS}/previous.log")["source"]


async def test_a_run_that_is_two_restarts_back_is_said_to_be_lost(tmp_path: Path) -> None:
    await Kubelet(ONE, (THREE,)).collected(tmp_path)
    assert ending(tmp_path, f"{LOGS}/current.log") == ("partial", "ContainerRestarted")
    assert (content(tmp_path, "previous.log"), run_of(tmp_path, "previous.log")) == (SAID[SECOND], SECOND)
    assert ending(tmp_path, f"{LOGS}/previous.log") == ("partial", "ContainerRestarted")
    assert FIRST in told(tmp_path, f"{LOGS}/previous.log")["message"]


async def test_a_second_restart_while_the_run_before_is_read_is_said(tmp_path: Path) -> None:
    kubelet = Kubelet(ONE, (TWO,), (TWO, THREE))
    await kubelet.collected(tmp_path)
    assert kubelet.asked == [SECOND, FIRST]
    assert ending(tmp_path, f"{LOGS}/previous.log") == ("partial", "ContainerRestarted")


async def test_a_restart_after_both_runs_were_read_leaves_the_older_one_and_adds_the_end_of_the_other(tmp_path: Path) -> None:
    await Kubelet(
        ONE_AFTER_OLD, (ONE_AFTER_OLD,), (ONE_AFTER_OLD, ONE_AFTER_OLD, TWO), (TWO,), said={**SAID, FIRST: ATTACK}
    ).collected(tmp_path)
    assert (content(tmp_path, "previous.log"), run_of(tmp_path, "previous.log")) == (SAID[OLD], OLD)
    assert ending(tmp_path, f"{LOGS}/previous.log") == ("complete", "")
    assert run_of(tmp_path, "ended.log") == FIRST


async def test_a_restart_while_the_older_run_was_read_leaves_nobody_in_doubt_about_the_attacked_one(tmp_path: Path) -> None:
    await Kubelet(ONE_AFTER_OLD, (ONE_AFTER_OLD,), (TWO, TWO)).collected(tmp_path)
    assert ending(tmp_path, f"{LOGS}/previous.log") == ("partial", "ContainerRestarted")
    assert (run_of(tmp_path, "ended.log"), ending(tmp_path, f"{LOGS}/ended.log")) == (FIRST, ("complete", ""))


async def test_when_nothing_is_started_again_each_run_is_asked_for_once_under_its_own_id(tmp_path: Path) -> None:
    kubelet = Kubelet(ONE_AFTER_OLD)
    await kubelet.collected(tmp_path)
    assert kubelet.asked == [FIRST, OLD]
    assert names(tmp_path) == {"current.log", "previous.log"}
    assert (run_of(tmp_path, "current.log"), run_of(tmp_path, "previous.log")) == (FIRST, OLD)


async def test_a_run_that_waits_to_be_started_again_is_not_asked_for_twice(tmp_path: Path) -> None:
    """Between two runs the kubelet gives the one that ended for the current one and for the one before."""
    kubelet = Kubelet(runs(FIRST, FIRST, restarts=3))
    await kubelet.collected(tmp_path)
    assert kubelet.asked == [FIRST]


async def test_a_collector_that_takes_over_asks_for_the_run_that_the_first_one_did_not_get(tmp_path: Path) -> None:
    """The first one had read both runs; then it was killed, and the container was started again."""
    await Kubelet(ONE_AFTER_OLD).collected(tmp_path)
    _as_if_killed_after(tmp_path, b"previous.log")
    kubelet = Kubelet(TWO)
    await kubelet.collected(tmp_path)
    assert kubelet.asked == [FIRST]
    assert run_of(tmp_path, "ended.log") == FIRST

    _as_if_killed_after(tmp_path, b"ended.log")
    third = Kubelet(TWO)
    await third.collected(tmp_path)
    assert third.asked == []


def _as_if_killed_after(volume: Path, artifact: bytes) -> None:
    folder = volume / f"{BAG}.partial"
    (volume / BAG).rename(folder)
    for file in (folder, *folder.rglob("*")):
        file.chmod(0o700)
    lines = (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)
    last = max(
        number for number, one in enumerate(lines) if artifact in one and json.loads(one)["action"].startswith("artifact.")
    )
    (folder / "custody.jsonl").write_bytes(b"".join(lines[: last + 1]))
