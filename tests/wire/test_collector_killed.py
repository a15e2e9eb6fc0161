"""The real collector, killed a hundred times at random: one valid bag in the end, and no byte lost that was ever captured."""

import asyncio
import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import bagit
from aiohttp import web

from firedoor.evidence.verify import verify
from tests.fakes.apiserver import KUBECONFIG
from tests.unit.evidence.apiserver import UID, ApiServer
from tests.wire.process import Process

BAGS, KILLS = 4, 25
ROUNDS = 100
"""More than enough: some collectors are done before they can be killed."""
LINES = 60
PAUSE_SECONDS = 0.01


class Slow(ApiServer):
    """Its log takes a while, so that there is time to die in the middle of it."""

    async def get_log(self, request: web.Request) -> web.StreamResponse:  # type: ignore[override]
        answer = web.StreamResponse()
        await answer.prepare(request)
        for number in range(LINES):
            await answer.write(b"2026-11-24T10:00:00.%09dZ line %d %s\n" % (number, number, b"x" * 4000))
            await asyncio.sleep(PAUSE_SECONDS)
        return answer


async def collector(volume: Path, kubeconfig: Path, target: Path) -> Process:
    order = {
        "incident": {"uid": UID, "name": "web-shell", "namespace": "shop"},
        "pod": {"namespace": "shop", "name": "web-1", "uid": "pod-uid"},
        "paths": [str(target)],
    }
    environment = os.environ | {
        "KUBECONFIG": str(kubeconfig),
        "FIREDOOR_CAPTURE": json.dumps(order),
        "FIREDOOR_EVIDENCE_ROOT": str(volume),
        "FIREDOOR_TERMINATION": str(volume.with_suffix(".words")),
    }
    return await Process.started("collector", environment, volume.with_suffix(".log"))


def captured(volume: Path) -> Iterator[bytes]:
    """Every byte that is on the volume."""
    for file in sorted(volume.rglob("*")):
        if file.is_file() and "/data/" in str(file):
            yield file.read_bytes()


async def killed_until_sealed(volume: Path, kubeconfig: Path, target: Path, chance: random.Random) -> int:
    """Kills the collectors of one bag; how many were killed while they worked. Nothing that one wrote may be lost."""
    kills, seen = 0, set[bytes]()
    while kills < KILLS:
        process = await collector(volume, kubeconfig, target)
        while not process.ended and not (volume / "incident-0123abcd.partial").exists():
            await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(0.0, 1.2))
        if process.ended:
            break
        process.send_signal(signal.SIGKILL)
        await process.wait()
        kills += 1
        seen |= {content for content in captured(volume) if content}
        if (volume / "incident-0123abcd").exists():
            break
    process = await collector(volume, kubeconfig, target)
    assert await process.wait() == 0, volume.with_suffix(".log").read_text()
    kept = list(captured(volume))
    assert all(any(whole.startswith(part) for whole in kept) for part in seen)
    return kills


async def test_a_hundred_kills_end_in_valid_bags_with_every_byte_that_was_captured(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    for number in range(20):
        (target / f"file-{number}").write_bytes(os.urandom(50_000))
    kills, round_ = 0, 0
    async with Slow().road() as kube:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(KUBECONFIG.format(url=kube.server))
        while kills < BAGS * KILLS:
            volumes = [tmp_path / f"volume-{round_}-{number}" for number in range(BAGS)]
            for volume in volumes:
                volume.mkdir()
            chances = [random.Random(f"{round_}-{number}") for number in range(BAGS)]
            killing = (
                killed_until_sealed(*one) for one in zip(volumes, [kubeconfig] * BAGS, [target] * BAGS, chances, strict=True)
            )
            found = await asyncio.gather(*killing)
            assert round_ < ROUNDS, f"only {kills} were killed at work"
            kills, round_ = kills + sum(found), round_ + 1
            for volume in volumes:
                (bag,) = volume.iterdir()
                bagit.Bag(str(bag)).validate()
                assert verify(bag) == []
                assert json.loads(volume.with_suffix(".words").read_bytes())["status"] == "Complete"
