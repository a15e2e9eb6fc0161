"""Verification: asks the probes, beside the work queue, whether a closed door holds, and puts the proof on the record.

The reconciler starts it and is woken when there is something to report. A try takes seconds, because only silence
proves anything; so no worker of the queue ever waits for one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from firedoor.controller.canary import Canary
from firedoor.controller.probes import Probes
from firedoor.controller.record import Record
from firedoor.planner.situation import Flow, Proof
from firedoor.planner.verdict import ANSWERS, proved_shut
from firedoor.planner.views import PodView

FLOW_SECONDS = 6.0
"""How long after the first silence a kept connection is watched for its keep-alives."""
FLOW_LOOK_SECONDS = 0.5
AT_ONCE = 64


class Verifier:
    """Tries under way, one at a time per incident."""

    def __init__(self, probes: Probes, canary: Canary, wake: Callable[[str], None]) -> None:
        self._probes = probes
        self._canary = canary
        self._wake = wake
        self._trying: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def start(self, record: Record, pod: PodView) -> None:
        """Starts a try, unless one is under way."""
        uid = record.incident.uid
        if uid in self._trying:
            return
        task = asyncio.create_task(self._try(record, pod), name=f"verify {uid}")
        self._trying[uid] = task
        task.add_done_callback(lambda _: self._trying.pop(uid, None))

    async def stop(self, uid: str) -> None:
        """Ends a try and closes what the probes kept open for it."""
        task = self._trying.pop(uid, None)
        if task is not None:
            task.cancel()
        await self._probes.drop(uid)

    async def _try(self, record: Record, pod: PodView) -> None:
        async with self._turns:
            record.proof = await self._proof(record, pod)
            record.proof_loop_time = asyncio.get_running_loop().time()
        self._wake(record.incident.uid)

    async def _proof(self, record: Record, pod: PodView) -> Proof:
        missing = self._missing(pod.ip)
        if missing:
            return replace(record.proof, missing=missing, at=datetime.now(UTC))
        began = asyncio.get_running_loop().time()
        reach = await self._probes.after(pod.ip, record.proof.reach or self._probes.unasked(pod.tcp_ports))
        known = record.proof
        if known.flow == "Cut" or any(found.after in ANSWERS for found in reach):
            return Proof(reach=reach, flow=known.flow, by_canary=known.by_canary, at=datetime.now(UTC))
        opened = any(proved_shut(found) and found.before == "Open" for found in reach)
        flow = await self._kept(record.incident.uid) if opened else "Unknown"
        if flow != "Unknown":
            return Proof(reach=reach, flow=flow, at=datetime.now(UTC))
        return Proof(reach=reach, flow=await self._canary.flow(pod.node, began), by_canary=True, at=datetime.now(UTC))

    def _missing(self, ip: str) -> str:
        if not ip:
            return "The suspect pod has no address yet, so nothing can be tried."
        if not self._probes.up:
            return "No probe pod can be asked; see the StatefulSet firedoor-probe in firedoor's home namespace."
        return ""

    async def _kept(self, uid: str) -> Flow:
        """The connection that a probe keeps to the suspect, watched until its keep-alives tell."""
        deadline = asyncio.get_running_loop().time() + FLOW_SECONDS
        flow: Flow = "Unknown"
        while asyncio.get_running_loop().time() < deadline:
            flow = await self._probes.flow(uid)
            if flow == "Cut":
                return flow
            await asyncio.sleep(FLOW_LOOK_SECONDS)
        return flow
