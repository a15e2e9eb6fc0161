"""The controller's side of the probes: a standing session into each probe pod, and what is asked of all of them.

The reconciler asks before the door closes, the verifier afterwards; the canary is one more that they try to reach. The
API server decides who may ask: listening ports and tokens there are none. A probe that cannot be asked is said to be
missing, never guessed for.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from firedoor.api import names
from firedoor.api.incident import Reach
from firedoor.controller.session import Session
from firedoor.kube.client import Kube
from firedoor.kube.errors import KubeError
from firedoor.planner.pod_view import PodView, family
from firedoor.planner.proof import Flow

log = logging.getLogger(__name__)

PROBES = (f"{names.PROBE}-0", f"{names.PROBE}-1")
CONTAINER = "probe"
CONTROL_SECONDS = 0.3
"""How long the positive control may take, beside the door that closes; an answer takes milliseconds, on a busy node more."""
UDP_CONTROL_SECONDS = 0.1
"""The same over UDP, where many a port answers nothing and silence proves nothing anyway."""
HEAD_START_SECONDS = 0.003
"""The door's two calls are on their way by then; a pod is still open then but on the fastest engines."""
SILENCE_SECONDS = 1.0
"""Silence for this long is a time-out."""
RECONNECT_SECONDS = 2.0
FALLBACK_PORT = 9
"""Tried where the pod declares no port of a protocol: a refusal shows as well that packets pass."""
TCP_PORTS, UDP_PORTS = 4, 1
"""How many ports are tried at most, of each address."""
PASSING = ("Open", "Refused", "Alive", "Closed")
"""With which words a guard says that something got through."""


class Probes:
    """All probe pods."""

    def __init__(self, kube: Kube, home: str, on_up: Callable[[], None] = lambda: None) -> None:
        """on_up: called when there is a probe to ask again."""
        self._kube = kube
        self._on_up = on_up
        self._home = home
        self._sessions = tuple(Session(pod, CONTAINER) for pod in PROBES)

    @property
    def up(self) -> tuple[Session, ...]:
        return tuple(session for session in self._sessions if session.stream is not None)

    async def run(self) -> None:
        """Keeps a session to every probe until cancelled."""
        async with asyncio.TaskGroup() as group:
            for session in self._sessions:
                group.create_task(self._keep(session))

    def unasked(self, pod: PodView) -> tuple[Reach, ...]:
        """What would have been tried before the door closed, had there been a probe to ask."""
        return tuple(way for session in self.up for way in _ways(session, pod))

    async def before(self, uid: str, pod: PodView) -> tuple[Reach, ...]:
        """The positive control: what each probe reaches now, keeping what it opens for the flow rung.

        A port that the pod does not declare is not asked over UDP, where nothing is proved by its answer: that can wait.
        One probe asks beside the door, from another node where there is one; the rest a moment later, out of its way.
        """
        first = min(self.up, key=lambda session: session.node == pod.node, default=None)
        starts = ((session, 0.0 if session is first else HEAD_START_SECONDS) for session in self.up)
        found = await asyncio.gather(*(_controls(session, pod, uid, start) for session, start in starts))
        return tuple(itertools.chain.from_iterable(found))

    async def after(self, before: Sequence[Reach]) -> tuple[Reach, ...]:
        """The same tries again; each probe's earlier answer stays beside the new one."""
        known = {session.pod: session for session in self.up}
        tried = (_answer(known[way.probe], way, "after", SILENCE_SECONDS) for way in before if way.probe in known)
        return tuple(await asyncio.gather(*tried))

    async def near(self, canary: Session, known: Sequence[Reach]) -> tuple[Reach, ...]:
        """The same ways once more, each from a canary."""
        ways = {(way.address, way.port, way.protocol): way for way in known if way.address}
        seen = [_way(canary, address or "", port, protocol) for address, port, protocol in ways]
        return tuple(await asyncio.gather(*(_answer(canary, way, "after", SILENCE_SECONDS) for way in seen)))

    async def flow(self, uid: str, ways: Sequence[Reach], seconds: float = 0.0) -> Flow:
        """Whether a connection kept open across the deny still passes: one that does is enough for Alive.

        ways: as they were before the deny, which tells what was kept. seconds: how long each is given to be cut.
        """
        known = {session.pod: session for session in self.up}
        asked = {(way.probe, key(uid, way.address or "")) for way in ways if _was_kept(way) and way.probe in known}
        return worst(await asyncio.gather(*(kept(known[probe], one, seconds) for probe, one in asked)))

    async def alarm(self, uid: str, shut: Sequence[Reach]) -> tuple[Reach, str] | None:
        """Stands guard before what is shut, one port of each family a probe, until something gets through: where, and what.

        None: no guard is left. Open and Refused are answers to a new try; Alive and Closed tell of the connection that was kept.
        """
        known = {session.pod: session for session in self.up}
        watched = {(way.probe, family(way.address or "")): way for way in reversed(shut) if way.probe in known}
        guards = [asyncio.create_task(_guard(known[way.probe], uid, way)) for way in watched.values()]
        try:
            for guard in asyncio.as_completed(guards):
                way, word = await guard
                if word in PASSING:
                    return way, word
            return None
        finally:
            for left in guards:  # a guard that is relieved says nothing, so nobody may go on waiting for its word
                left.cancel()

    async def drop(self, uid: str) -> None:
        """Closes what was kept open for an incident, and ends the guard before it."""
        await asyncio.gather(*(dropped(session, uid) for session in self.up))

    async def _keep(self, session: Session) -> None:
        while True:
            try:
                await session.hold(self._kube, self._home, on_up=self._on_up)
            except (KubeError, ConnectionError, TimeoutError, ValueError) as error:
                log.info("no session to probe %s: %s", session.pod, error)
            await asyncio.sleep(RECONNECT_SECONDS)


def key(uid: str, address: str) -> str:
    """Under what a connection is kept: one of each family."""
    return keys(uid)[family(address) == "IPv6"]


def keys(uid: str) -> tuple[str, str]:
    """Both keys of an incident or a canary."""
    return uid, f"{uid} IPv6"


async def dropped(session: Session, uid: str) -> None:
    """Closes what one pod keeps open, and ends its guards."""
    await asyncio.gather(*(session.ask({"op": "drop", "keep": one}, SILENCE_SECONDS) for one in keys(uid)))


async def kept(session: Session, uid: str, seconds: float = 0.0) -> Flow:
    """What one pod says of the connection that it keeps open, which is given so long to be cut: one question, one answer."""
    answer = await session.ask({"op": "flow", "keep": uid, "wait": seconds}, seconds + SILENCE_SECONDS)
    return "Alive" if answer == "Alive" else "Cut" if answer == "Cut" else "Unknown"


def worst(flows: Iterable[Flow]) -> Flow:
    """One connection that still passes is enough; one that is cut tells of the rest only where none passes."""
    found = set(flows)
    return "Alive" if "Alive" in found else "Cut" if "Cut" in found else "Unknown"


def _ways(session: Session, pod: PodView) -> Iterator[Reach]:
    for address in pod.addresses:
        for port in pod.tcp_ports[:TCP_PORTS] or (FALLBACK_PORT,):
            yield _way(session, address, port, "TCP")
        for port in pod.udp_ports[:UDP_PORTS] or (FALLBACK_PORT,):
            yield _way(session, address, port, "UDP")


def _way(session: Session, address: str, port: int, protocol: str) -> Reach:
    way = {"probe": session.pod, "node": session.node, "address": address, "port": port, "protocol": protocol}
    return Reach.read(way)


async def _controls(session: Session, pod: PodView, uid: str, start: float) -> list[Reach]:
    await asyncio.sleep(start)
    return await asyncio.gather(*(_control(session, way, pod, uid) for way in _ways(session, pod)))


async def _control(session: Session, way: Reach, pod: PodView, uid: str) -> Reach:
    if way.protocol == "TCP":
        return await _answer(session, way, "before", CONTROL_SECONDS, uid)
    return await _answer(session, way, "before", UDP_CONTROL_SECONDS, uid) if way.port in pod.udp_ports else way


def _was_kept(way: Reach) -> bool:
    return way.before == "Open" and way.protocol == "TCP"


def _question(op: str, way: Reach, **more: object) -> dict[str, object]:
    return {"op": op, "host": way.address, "port": way.port, "protocol": way.protocol, **more}


async def _answer(session: Session, way: Reach, when: str, seconds: float, uid: str | None = None) -> Reach:
    keep = key(uid, way.address or "") if uid is not None else None
    word = await session.ask(_question("reach", way, wait=seconds, keep=keep), 2 * seconds)
    return way.model_copy(update={when: word})


async def _guard(session: Session, uid: str, way: Reach) -> tuple[Reach, str]:
    return way, await session.ask(_question("guard", way, keep=key(uid, way.address or "")), None)
