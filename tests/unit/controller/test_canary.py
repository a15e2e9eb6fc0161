"""A measurement from beginning to end: what it says of each kind of engine, what it costs, and that it leaves nothing behind."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from firedoor.controller.canary import MOST_POSTS, Canary
from firedoor.controller.canary_objects import CANARIES
from firedoor.controller.canary_pods import CanaryPods
from firedoor.controller.canary_trial import Patience
from firedoor.controller.probes import PROBES, Probes
from firedoor.controller.session import STDOUT, Session
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Conflict, Forbidden, Gone
from firedoor.kube.exec import ExecStream
from firedoor.kube.resources import NETWORK_POLICIES, PODS, Resource
from firedoor.planner.enforcement import Finding, sentence, word
from tests.builders import HOME, engine

BOTH, INGRESS, NOTHING = frozenset({"Ingress", "Egress"}), frozenset({"Ingress"}), frozenset[str]()
ADDRESSES = {name: f"10.0.0.{number}" for number, name in enumerate(CANARIES)}
ADDRESSES_6 = {name: f"fd00::{number}" for number, name in enumerate(CANARIES)}
HURRIED = Patience(start=5.0, enforced=0.3, cut=0.3, back=0.3, follows=0.3)
"""The engines of these worlds need no time, so nobody waits for them."""


class Line:
    """The stream of one exec session; the engine decides what its tries meet."""

    def __init__(self, world: "World", direction: str, canary: str = "") -> None:
        self.world = world
        self.direction = direction
        self.canary = canary
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, data: bytes) -> None:
        for line in data.splitlines():
            await self._answer(json.loads(line))

    async def _answer(self, question: dict[str, Any]) -> None:
        host, keep = question.get("host", ""), question["keep"] or ""
        tried = next((name for name in CANARIES if host in (ADDRESSES[name], ADDRESSES_6[name])), keep.removesuffix(" IPv6"))
        over_6 = ":" in host or keep.endswith(" IPv6")
        word = self.world.answer(question["op"], self.direction, self.canary or tried, over_6)
        answer = {"id": question["id"], "answer": word}
        await self.answers.put(json.dumps(answer).encode() + b"\n")

    async def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        while True:
            yield STDOUT, await self.answers.get()


class World:
    """An API server with one node, whose engine enforces these directions; it counts its calls."""

    def __init__(self, enforced: frozenset[str] = BOTH, *, cuts: bool = True, forbidden: str = "", waiting: str = "") -> None:
        self.enforced = enforced
        self.cuts = cuts
        self.forbidden = forbidden
        self.waiting = waiting
        self.there: set[tuple[str, str]] = set()
        self.calls: Counter[str] = Counter()
        self.holds = False
        self.errands: list[str] = []
        self.families = "IPv4"
        self.blind = False
        """Whether its engine judges no packet of IPv6."""
        self.dead = False
        """Whether its engine follows changes no longer: what is denied stays so."""

    @property
    def denied(self) -> bool:
        return any(kind == NETWORK_POLICIES.plural for kind, _ in self.there)

    def addresses(self, first: str, second: str) -> tuple[str, ...]:
        """Of what a pod has, that which this cluster gives."""
        return {"IPv4": (first,), "IPv6": (second,), "both": (first, second)}[self.families]

    def answer(self, op: str, direction: str, canary: str, over_6: bool) -> str:
        denied = (self.dead or (NETWORK_POLICIES.plural, canary) in self.there) and not (over_6 and self.blind)
        if op == "flow":
            return "Cut" if denied and self.cuts and direction in self.enforced else "Alive"
        if op == "drop":
            return "Dropped"
        return "Timeout" if denied and direction in self.enforced else "Open"

    async def create(self, resource: Resource, obj: Obj) -> Obj:
        self.calls[f"create {resource.plural}"] += 1
        if self.forbidden:
            raise Forbidden(self.forbidden)
        key = (resource.plural, obj["metadata"]["name"])
        if key in self.there:
            raise Conflict("there is one already")
        self.there.add(key)
        return obj

    async def list(self, resource: Resource, _home: str, *, labels: str) -> list[Obj]:
        self.calls[f"list {resource.plural}"] += 1
        return [{"metadata": {"name": name}} for kind, name in self.there if kind == resource.plural]

    async def get(self, resource: Resource, name: str, _: str) -> Obj:
        self.calls[f"get {resource.plural}"] += 1
        given = self.addresses(ADDRESSES[name], ADDRESSES_6[name])
        ready = {"conditions": [{"type": "Ready", "status": "True"}], "podIPs": [{"ip": ip} for ip in given]}
        stuck = {"containerStatuses": [{"image": "firedoor:1", "state": {"waiting": {"reason": self.waiting}}}]}
        return {"metadata": {"name": name}, "spec": {"nodeName": "node-a"}, "status": stuck if self.waiting else ready}

    async def delete(self, resource: Resource, name: str, _: str) -> None:
        self.calls[f"delete {resource.plural}"] += 1
        if (resource.plural, name) not in self.there:
            raise Gone("there is none")
        self.there.discard((resource.plural, name))

    @asynccontextmanager
    async def exec(self, _home: str, pod: str, _container: str, _command: Sequence[str]) -> AsyncIterator[Line]:
        self.calls["exec pods"] += 1
        yield Line(self, "Egress", pod)


class Rig:
    """A canary in such a world, with both probes up."""

    def __init__(self, world: World) -> None:
        self.world = world
        probes = Probes(cast(Kube, world), HOME)
        self.lines: list[asyncio.Task[None]] = []
        for number, session in enumerate(probes._sessions):
            line = Line(world, "Ingress")
            session.stream, session.addresses = cast(ExecStream, line), world.addresses(f"10.0.1.{number}", f"fd00:1::{number}")
            self.lines.append(asyncio.create_task(session._listen(cast(ExecStream, line))))
        self.breaches: list[Finding] = []
        self.doubts: list[str] = []
        self.guards: list[str] = []
        self.canary = Canary(
            pods=CanaryPods(cast(Kube, world), HOME, "firedoor:1", ready_seconds=0.0),
            probes=probes,
            errand=self.errand,
            holds=lambda _: world.holds,
            on_breach=self.breaches.append,
            on_doubt=self.doubts.append,
            on_guard=self.guards.append,
            patience=HURRIED,
        )

    async def errand(self, session: Session) -> None:
        self.world.errands.append(f"{session.pod} at {session.addresses[0]} before the deny: {not self.world.denied}")

    async def measure(self, node: str = "node-a") -> Finding:
        try:
            return await self.canary.measure(node, "pool")
        finally:
            for line in self.lines:
                line.cancel()


async def measured(world: World) -> Finding:
    return await Rig(world).measure()


@pytest.mark.parametrize(
    ("world", "said", "opened"),
    [
        (World(), "Enforcing", "Cut"),
        (World(cuts=False), "Enforcing", "Alive"),
        (World(INGRESS), "IngressOnly", "Alive"),
        (World(frozenset({"Egress"})), "EgressOnly", "Alive"),
        (World(NOTHING), "NotEnforcing", "Alive"),
    ],
)
async def test_each_engine_is_known_for_what_it_does(world: World, said: str, opened: str) -> None:
    found = await measured(world)
    assert (word(found), found.open_connections) == (said, opened)
    assert world.there == set()


async def test_what_cannot_be_made_or_does_not_start_is_said_with_the_cause_and_taken_away() -> None:
    full, missing = World(forbidden="exceeded quota"), World(waiting="ErrImagePull")
    for world, why in ((full, "exceeded quota"), (missing, "ErrImagePull")):
        found = await measured(world)
        assert word(found) == "NotMeasured"
        assert why in found.why
        assert world.there == set()


async def test_the_errand_is_done_from_the_node_while_nothing_is_denied() -> None:
    world = World()
    await measured(world)
    (done,) = world.errands
    assert done.endswith(f"at {ADDRESSES[done.split()[0]]} before the deny: True")


async def test_what_an_earlier_process_left_is_removed_once_and_a_measurement_costs_six_calls() -> None:
    world = World()
    world.there = {(PODS.plural, CANARIES[3]), (NETWORK_POLICIES.plural, CANARIES[5])}
    rig = Rig(world)
    await rig.canary.measure("node-a", "pool")
    assert world.there == set()
    world.calls.clear()
    await rig.measure()
    assert world.calls == {
        "create pods": 1,
        "get pods": 1,
        "exec pods": 1,
        "create networkpolicies": 1,
        "delete networkpolicies": 1,
        "delete pods": 1,
    }


async def test_without_probes_nothing_is_measured_and_nothing_denied() -> None:
    world = World()
    rig = Rig(world)
    for session in rig.canary.probes._sessions:
        session.stream = None
    assert len(PROBES) == 2
    found = await rig.measure()
    assert "no probe pod can be asked" in found.why
    assert world.calls["create networkpolicies"] == 0


async def guarding(world: World) -> Rig:
    """A canary that stands guard on a node which holds a suspect."""
    world.holds = True
    rig = Rig(world)
    await rig.canary.measure("node-a", "pool")
    assert rig.canary.posted == ("node-a",)
    await asyncio.sleep(0.2)
    assert (world.denied, rig.canary.watched("node-a"), rig.guards) == (True, True, ["node-a"])
    return rig


async def breach(rig: Rig) -> Finding:
    """What the guard tells, once."""
    async with asyncio.timeout(5):
        while not rig.breaches:
            await asyncio.sleep(0.05)
    (found,) = rig.breaches
    return found


@pytest.mark.parametrize(
    ("enforced", "cuts", "said", "opened"),
    [(NOTHING, True, "NotEnforcing", "Alive"), (INGRESS, True, "IngressOnly", "Alive"), (BOTH, False, "Enforcing", "Alive")],
)
async def test_on_guard_it_tells_what_gets_through(enforced: frozenset[str], cuts: bool, said: str, opened: str) -> None:
    world = World()
    rig = await guarding(world)
    world.enforced, world.cuts = enforced, cuts
    found = await breach(rig)
    assert (word(found), found.open_connections, rig.canary.watched("node-a")) == (said, opened, False)
    await rig.canary.relieve("node-a")
    assert world.there == set()


@pytest.mark.parametrize(("enforced", "cuts"), [(BOTH, False), (INGRESS, True), (NOTHING, True)])
async def test_on_guard_it_calls_for_a_measurement_when_an_engine_seems_to_deny_what_it_did_not(
    enforced: frozenset[str], cuts: bool
) -> None:
    world = World(enforced, cuts=cuts)
    rig = await guarding(world)
    world.enforced, world.cuts = BOTH, True
    async with asyncio.timeout(5):
        while not rig.doubts:
            await asyncio.sleep(0.05)
    assert (rig.doubts, rig.breaches, rig.canary.posted) == (["node-a"], [], ("node-a",))
    await rig.canary.relieve("node-a")
    assert world.there == set()


async def test_an_engine_that_goes_on_letting_everything_through_is_no_news() -> None:
    rig = await guarding(World(NOTHING))
    await asyncio.sleep(2.5)
    assert (rig.doubts, rig.breaches, rig.canary.posted) == ([], [], ("node-a",))
    await rig.canary.relieve("node-a")


async def test_a_guard_asks_the_server_nothing_while_it_stands_and_goes_when_it_is_relieved() -> None:
    world = World()
    rig = await guarding(world)
    before = world.calls.copy()
    await asyncio.sleep(2.5)
    assert world.calls == before
    await rig.canary.relieve("node-a")
    assert (world.there, rig.canary.posted, rig.breaches) == (set(), (), [])


async def test_the_next_measurement_is_made_on_the_canary_that_stands_there_and_costs_two_calls() -> None:
    world = World()
    rig = await guarding(world)
    world.calls.clear()
    found = await rig.canary.measure("node-a", "pool")
    assert (word(found), found.open_connections) == ("Enforcing", "Cut")
    assert world.calls == {"delete networkpolicies": 1, "create networkpolicies": 1}
    assert len(world.errands) == 2
    await asyncio.sleep(0.2)
    assert (world.denied, rig.canary.watched("node-a"), rig.breaches, rig.doubts) == (True, True, [], [])
    await rig.canary.relieve("node-a")
    assert world.there == set()


async def test_what_gets_through_as_soon_as_a_measurement_has_ended_under_its_deny_is_told_at_once() -> None:
    world = World()
    rig = await guarding(world)
    await rig.canary.measure("node-a", "pool")
    world.enforced = NOTHING
    assert word(await breach(rig)) == "NotEnforcing"
    assert rig.doubts == []
    await rig.canary.relieve("node-a")


async def test_a_canary_that_stays_silent_when_let_tells_of_an_engine_that_follows_no_more_and_a_new_one_is_called_for() -> None:
    world = World()
    rig = await guarding(world)
    world.dead = True
    found = await rig.canary.measure("node-a", "pool")
    assert (word(found), rig.doubts, rig.canary.posted, world.there) == ("NotMeasured", ["node-a"], (), set())
    assert "no longer follow changes" in found.why
    assert len(world.errands) == 1, "nothing is tried from a canary that is denied itself"


async def test_a_canary_whose_line_was_cut_is_replaced() -> None:
    world = World()
    rig = await guarding(world)
    rig.canary._posts["node-a"].trial.session._hang_up()
    world.calls.clear()
    assert (await rig.canary.measure("node-a", "pool")).denies
    assert world.calls["create pods"] == 1
    await rig.canary.relieve("node-a")


async def test_canaries_that_stay_leave_names_for_those_that_do_not() -> None:
    world = World()
    world.holds = True
    rig = Rig(world)
    nodes = [f"node-{number}" for number in range(MOST_POSTS + 1)]
    found = [await rig.canary.measure(node, "pool") for node in nodes]
    assert all(one.denies for one in found)
    assert len(rig.canary.posted) == MOST_POSTS
    assert (await rig.canary.measure("one-more", "pool")).denies
    assert len(rig.canary.posted) == MOST_POSTS
    await rig.canary.relieve(*nodes)
    assert world.there == set()


@pytest.mark.parametrize(("families", "measured"), [("IPv6", ["IPv6"]), ("both", ["IPv4", "IPv6"])])
async def test_every_family_of_the_cluster_is_measured(families: str, measured: list[str]) -> None:
    world = World()
    world.families = families
    found = await Rig(world).measure()
    assert (word(found), found.open_connections, sorted(found.families)) == ("Enforcing", "Cut", measured)


async def test_an_engine_that_judges_one_family_alone_enforces_nothing_and_the_other_is_named() -> None:
    world = World()
    world.families, world.blind = "both", True
    found = await Rig(world).measure()
    assert (word(found), sorted(found.lets)) == ("NotEnforcing", ["IPv6"])
    assert "does not enforce NetworkPolicies over IPv6" in sentence(found)


def test_an_engine_that_was_quick_is_waited_for_less_and_one_that_did_nothing_as_long_as_an_unknown_one() -> None:
    patience = Patience()
    assert [patience.follow(engine(seconds=seconds)) for seconds in (0.3, 3.0, 60.0, None)] == [5.0, 9.0, 15.0, 15.0]
