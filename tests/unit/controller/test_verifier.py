"""The verifier: whatever becomes of a try, no older one goes on speaking for it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import cast

from firedoor.controller.canary import Canary
from firedoor.controller.canary_pods import CanaryPods
from firedoor.controller.enforcement import Enforcement
from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.controller.node_list import NodeList
from firedoor.controller.probes import Probes
from firedoor.controller.record import Record
from firedoor.controller.residue import Residues
from firedoor.controller.session import Session
from firedoor.controller.verifier import Verifier
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Unavailable
from firedoor.kube.exec import ExecStream
from firedoor.kube.resources import Resource
from firedoor.planner.enforcement import Finding
from tests.builders import HOME, NOON, UID, engine, incident, proof, quarantined


class Server(Kube):
    """An API server whose listings end like this."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble = trouble

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        raise self.trouble

    async def groups(self) -> dict[str, tuple[str, ...]]:
        return {}


class Line:
    """The stream into a probe to which everything is silent and every connection cut."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.asked: list[str] = []
        self.passes = 0
        """How many tries get an answer before everything is silent."""

    async def send(self, data: bytes) -> None:
        for question in map(json.loads, data.splitlines()):
            self.asked.append(question["op"])
            silent = question["op"] != "reach" or self.asked.count("reach") > self.passes
            word = {"reach": "Timeout" if silent else "Open", "flow": "Cut", "drop": "Dropped"}.get(question["op"])
            if word is not None:
                self.session._hand_out(json.dumps({"id": question["id"], "answer": word}).encode())


class Bench:
    """A verifier with one probe, and who was woken by it."""

    def __init__(self, trouble: Exception) -> None:
        kube = Server(trouble)
        self.woken: asyncio.Queue[str] = asyncio.Queue()
        probes = Probes(kube, HOME)
        self.line = Line(probes._sessions[0])
        probes._sessions[0].stream, probes._sessions[0].node = cast(ExecStream, self.line), "node-b"
        told = (lambda _: None,) * 3
        canary = Canary(CanaryPods(kube, HOME, "image"), probes, _no_errand, lambda _: False, *told)
        enforcement = Enforcement(
            kube, NodeList(kube), canary, EnforcementReports(kube, HOME), set, lambda _: None, lambda _: None
        )
        self.verifier = Verifier(probes, enforcement, Residues(kube), self.woken.put_nowait)


async def _no_errand(_: Session) -> None:
    return


async def test_a_try_that_dies_leaves_no_older_proof_standing() -> None:
    bench, record = Bench(RuntimeError("nobody thought of this")), Record(incident(), proof=proof())
    bench.verifier.start(record, quarantined())
    assert await asyncio.wait_for(bench.woken.get(), 5.0) == UID
    assert record.proof.missing.startswith("The try failed: RuntimeError")
    assert record.proof.began is None
    assert record.proof.at is not None
    assert record.proof.at > NOON
    await bench.verifier.stop(UID)


async def test_a_try_that_died_is_not_begun_again_without_end() -> None:
    bench, record = Bench(RuntimeError("nobody thought of this")), Record(incident(), proof=proof())
    for _ in range(3):
        bench.verifier.start(record, quarantined())
        await asyncio.sleep(0.05)
    assert bench.line.asked.count("reach") == 1
    await bench.verifier.stop(UID)


async def test_the_silence_of_an_address_that_the_pod_no_longer_has_proves_nothing() -> None:
    bench, record = Bench(Unavailable("nobody answers")), Record(incident(), proof=proof())
    bench.verifier.start(record, quarantined())
    await asyncio.wait_for(bench.woken.get(), 10.0)
    assert {way.before for way in record.proof.reach} == {"Open"}
    assert "guard" in bench.line.asked
    await bench.verifier.stop(UID)

    moved = quarantined(ip="10.0.0.8", addresses=("10.0.0.8",))
    bench.line.asked.clear()
    bench.verifier.start(record, moved)
    async with asyncio.timeout(10.0):
        while not record.proof.reach or record.proof.reach[0].address == "10.0.0.7":
            await asyncio.sleep(0.01)
    assert bench.line.asked[0] == "drop"
    assert {(way.address, way.before) for way in record.proof.reach} == {("10.0.0.8", None)}
    assert record.seen_open is not None
    assert record.proof.near == ()
    await bench.verifier.stop(UID)


async def doubted(bench: Bench, found: Finding) -> bool:
    """Whether a try of an incident whose door closed at noon calls for a new measurement, a canary being on guard."""
    enforcement = bench.verifier.enforcement
    enforcement._findings, enforcement._asked = {found.node: found}, {}
    enforcement.canary._looked[found.node] = asyncio.get_running_loop().time()
    bench.verifier.start(Record(incident(), proof=proof(before="Refused", flow="Unknown"), closed_at=NOON), quarantined())
    await asyncio.wait_for(bench.woken.get(), 5.0)
    await bench.verifier.stop(UID)
    return found.node in enforcement._asked


async def test_what_was_found_before_the_door_closed_and_speaks_against_isolation_is_doubted_until_it_is_found_again() -> None:
    bench = Bench(Unavailable("nobody answers"))
    before, since = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)
    assert await doubted(bench, engine(opened="Alive", began=before))
    assert not await doubted(bench, engine(opened="Alive", began=since))
    assert not await doubted(bench, engine(began=before))


async def reached(closed_at: datetime, passes: int) -> str:
    """What a try tells of a suspect whose door closed then, and which answers so many times more."""
    bench = Bench(Unavailable("nobody answers"))
    bench.line.passes = passes
    bench.verifier.enforcement._findings = {"node-a": engine()}
    record = Record(incident(), proof=proof(before="Refused", flow="Unknown"), closed_at=closed_at)
    bench.verifier.start(record, quarantined())
    await asyncio.wait_for(bench.woken.get(), 5.0)
    await bench.verifier.stop(UID)
    return record.proof.reach[0].after or ""


async def test_an_engine_has_a_moment_to_follow_before_traffic_is_said_to_pass() -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    assert await reached(datetime.now(UTC), passes=3) == "Timeout"
    assert await reached(long_ago, passes=1) == "Open"
    assert await reached(datetime.now(UTC), passes=1000) == "Open"
