"""`make bench-capture`: evidence beside kubectl, in one run: the same log, the same file, on the same cluster.

kubectl writes what it gets to a file on this machine; the collector hashes the archive and each file in it, flushes them to
its volume and looks at the pod again, and all of that is in its time. Times of artifacts are those of capture.json. What
comes after the last of them, the second digest of what is read back above all, is told beside them.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench import scene
from bench.changes import changes, newest
from bench.figures import Times, line, table
from cluster import build
from cluster.install import HOME
from cluster.local.layout import NODES
from cluster.providers import chosen
from firedoor.api import names
from firedoor.cli.reader import reading
from firedoor.evidence.layout import VOLATILE, Kind
from firedoor.kube.client import Kube, Obj
from firedoor.kube.connection import connect
from firedoor.kube.exec import STDOUT
from firedoor.kube.resources import INCIDENTS, PODS

LINES, FILE_MEBI, SMALL, TURNS = 4_500_000, 1024, 5, 3
WORDS = b"GET /index.html HTTP/1.1 200 of no interest, as often as it takes to fill a log that is worth to be measured\n"
PATIENCE_SECONDS = 240.0
PEAK = re.compile(r"at most (\d+) MiB of memory")

Told = dict[str, Any]


@dataclass(frozen=True)
class Bag:
    """What is asked of a sealed bag."""

    capture: Told
    custody: Sequence[Told]
    peak: float
    """MiB of memory that its collector had at most."""

    def artifact(self, kind: Kind, **source: Any) -> Told:
        """The whole artifact of a kind; an AssertionError where it is not whole, because then its time says nothing."""
        (found,) = (a for a in self.capture["artifacts"] if a["source"].items() >= {"kind": kind, **source}.items())
        assert found["status"] == "complete", found
        return dict(found)


@dataclass(frozen=True)
class Rates:
    """Bytes a second of the same thing."""

    kubectl: float
    firedoor: float


@dataclass(frozen=True)
class Turn:
    """One capture of the large things beside kubectl; peak: MiB of memory that the collector had at most."""

    log: Rates
    file: Rates
    peak: float


async def main() -> None:
    """Measures large captures beside kubectl, then small ones, and prints both."""
    if chosen().name != "local":
        raise RuntimeError("a large log needs the local cluster, whose nodes keep their pods' logs on this machine")
    os.environ["KUBECONFIG"] = str(chosen().kubeconfig())
    async with connect() as kube:
        async with scene.namespace(kube) as space:
            rows = await _large(kube, space)
        async with scene.namespace(kube) as space:
            rows += await _small(kube, space)
    print()
    print(table(rows))


async def _large(kube: Kube, space: str) -> list[tuple[str, str, str]]:
    """Each in turn, and of both the median: a machine that is slow or fast for a while is so for one of them alone."""
    await _talkative(kube, space)
    turns = [await _turn(kube, space) for _ in range(TURNS)]
    return [
        ("log of half a GB, as a multiple of kubectl logs", f"{_ratio([turn.log for turn in turns]):.2f}", ">= 0.9"),
        ("file of 1 GiB, as a multiple of kubectl exec tar", f"{_ratio([turn.file for turn in turns]):.2f}", ">= 1"),
        ("memory of the collector meanwhile, MiB", f"{max(turn.peak for turn in turns):.0f}", "<= 64"),
    ]


async def _turn(kube: Kube, space: str) -> Turn:
    their_log = await _kubectl("-n", space, "logs", "suspect", "-c", "talker", "--timestamps")
    their_file = await _kubectl("-n", space, "exec", "suspect", "-c", "web", "--", "tar", "-cf", "-", "/data")
    limits = {"artifactBytes": "2Gi", "fileBytes": "2Gi"}
    bag, sealed = await _captured(kube, space, "suspect", {"paths": ["/data"], "limits": limits, "storage": {"size": "4Gi"}})
    log = Rates(their_log, _rate(bag.artifact(Kind.LOG, container="talker", previous=False)))
    file = Rates(their_file, _rate(bag.artifact(Kind.FILES, container="web")))
    for name, rates in (("log", log), ("file", file)):
        print(f"{name}: kubectl {rates.kubectl / 1e6:.1f} MB/s, firedoor {rates.firedoor / 1e6:.1f} MB/s", flush=True)
    last = max(datetime.fromisoformat(a["ended"]).timestamp() for a in bag.capture["artifacts"])
    print(f"sealed {sealed - last:.1f} s after the last artifact", flush=True)
    await kube.delete(INCIDENTS, "suspect", space)
    while await kube.find(INCIDENTS, "suspect", space):
        await asyncio.sleep(0.5)
    return Turn(log, file, bag.peak)


def _ratio(turns: Sequence[Rates]) -> float:
    return median(turn.firedoor for turn in turns) / median(turn.kubectl for turn in turns)


async def _small(kube: Kube, space: str) -> list[tuple[str, str, str]]:
    """Pods as they mostly are, with everything that is captured by default."""
    seals, firsts, peak = [], [], 0.0
    for name in await scene.pods(kube, space, SMALL, real=True):
        began = time.time()
        bag, sealed = await _captured(kube, space, name, {})
        firsts.append(_first(bag) - began)
        seals.append(sealed - began)
        peak = max(peak, bag.peak)
    print(line("first volatile artifact", Times(tuple(firsts))))
    print(line("evidence of a small pod sealed", Times(tuple(seals))))
    return [
        ("first volatile artifact after the incident, slowest, s", f"{max(firsts):.1f}", "<= 3"),
        ("small pod, default capture sealed, slowest, s", f"{max(seals):.1f}", "<= 15"),
        ("memory of the collector of a small pod, MiB", f"{peak:.0f}", "<= 64"),
    ]


def _rate(artifact: Told) -> float:
    """Bytes a second, from the first question to the last flush."""
    spent = datetime.fromisoformat(artifact["ended"]) - datetime.fromisoformat(artifact["started"])
    return float(artifact["bytes"] / spent.total_seconds())


def _first(bag: Bag) -> float:
    """When something of the suspect's inside, that would have been lost with it, was on the disk."""
    seen = (
        line["ts"] for line in bag.custody if line["action"] == "artifact.captured" and line["object"].startswith(f"{VOLATILE}/")
    )
    return datetime.fromisoformat(next(seen)).timestamp()


async def _talkative(kube: Kube, space: str) -> None:
    """A pod with a large file in it and a large log.

    The kubelet rotates the log of a container that runs at 10 MiB, and leaves that of one that has ended alone: so the log
    of an init container gets its lines when it has ended, on the node, as the runtime would have written them.
    """
    await kube.create(PODS, _pod(space))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (pod := await kube.get(PODS, "suspect", space))["status"].get("phase") != "Running":
            await asyncio.sleep(0.5)
    (node,) = (node for node in NODES if node.name == pod["spec"]["nodeName"])
    (log,) = (node.state / "pod-logs" / f"{space}_suspect_{pod['metadata']['uid']}" / "talker").glob("*.log")
    with log.open("ab", buffering=1 << 20) as opened:
        opened.writelines(b"2026-11-25T10:%02d:%02d.%09dZ stdout F %s" % (*divmod(n // 1000, 60), n, WORDS) for n in range(LINES))


def _pod(space: str) -> Obj:
    data = [{"name": "data", "mountPath": "/data"}]
    fill = f"dd if=/dev/urandom of=/data/big bs=1M count={FILE_MEBI} 2>/dev/null"
    made = [_container("filler", fill, data), _container("talker", "echo first", [])]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "suspect", "namespace": space},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "initContainers": made,
            "containers": [_container("web", "sleep 3600", data)],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    }


def _container(name: str, script: str, mounts: list[Obj]) -> Obj:
    return {"name": name, "image": "firedoor.test/busybox:1", "command": ["sh", "-c", script], "volumeMounts": mounts}


async def _kubectl(*arguments: str) -> float:
    """Bytes a second that kubectl writes to a file."""
    with tempfile.TemporaryFile(dir=Path.cwd()) as file:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(str(build.program("kubectl")), *arguments, stdout=file)
        assert await process.wait() == 0, arguments
        return os.fstat(file.fileno()).st_size / (time.monotonic() - began)


async def _captured(kube: Kube, space: str, pod: str, evidence: Obj) -> tuple[Bag, float]:
    """The sealed bag of a new incident, and when the incident said that it was sealed."""
    asked = scene.incident(space, pod, evidence=True)
    asked["spec"]["evidence"] = {"enabled": True, **evidence}
    since = await newest(kube, INCIDENTS, space)
    await kube.create(INCIDENTS, asked)
    found = await _sealed(kube, space, pod, since)
    sealed = time.time()
    return await _bag(kube, found), sealed


async def _sealed(kube: Kube, space: str, pod: str, since: str) -> Obj:
    """The incident that says so. Watched, because asking again and again would take from what is measured."""
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(changes(kube, INCIDENTS, space, since)) as told:
        async for _, incident in told:
            if incident["metadata"]["name"] == pod and _is_sealed(incident):
                return incident
    raise AssertionError("a watch does not end by itself")


def _is_sealed(incident: Obj) -> bool:
    conditions = incident.get("status", {}).get("conditions", ())
    return any(c["type"] == "EvidenceSealed" and c["status"] == "True" for c in conditions)


async def _bag(kube: Kube, incident: Obj) -> Bag:
    evidence, uid = incident["status"]["evidence"], incident["metadata"]["uid"]
    async with reading(kube, HOME, evidence["claim"]):
        capture, custody = [await _file(kube, f"/evidence/{evidence['bundle']}/{n}") for n in ("capture.json", "custody.jsonl")]
    return Bag(json.loads(capture), [json.loads(line) for line in custody.splitlines()], await _peak(kube, uid))


async def _file(kube: Kube, path: str) -> bytes:
    async with kube.exec(HOME, names.READER, "reader", ["cat", path], stdin=False) as stream:
        return b"".join([data async for channel, data in stream if channel == STDOUT])


async def _peak(kube: Kube, uid: str) -> float:
    """As the collector says with its last words in its log."""
    (pod,) = await kube.list(PODS, HOME, labels=f"{names.INCIDENT_UID}={uid},{names.COMPONENT}=collector")
    log = b"".join([chunk async for chunk in kube.logs(HOME, pod["metadata"]["name"], "collector")])
    found = PEAK.search(log.decode(errors="replace"))
    assert found, log
    return float(found[1])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
