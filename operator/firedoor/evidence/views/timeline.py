"""timeline.jsonl: what happened when, one event a line, for Timesketch (message, datetime, timestamp_desc) and ECS alike.

Lines are in the order of their sources, not of time: whoever imports them sorts. Times that are none are left out,
because one bad line ends an import (Timesketch, lib/utils.py).
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from firedoor.evidence.artifact import Artifact
from firedoor.evidence.layout import Kind
from firedoor.evidence.views.found import Found, Obj, bytes_of, command_of, epoch, moment
from firedoor.evidence.views.logged import lines

ECS: Final = "9.2.0"
TEXT_MOST: Final = 8000
"""Characters of a message: OpenSearch aggregates no keyword of more than 32766 bytes."""
BYTES_MOST: Final = 64 << 20
NANO: Final = 1e9
NUMBERS: Final[dict[str, type]] = {"process.pid": int, "file.size": int, "evidence.offset": int}
"""All other fields are text. One that changes its type between two lines ends an import."""


def timeline(found: Found) -> Iterator[bytes]:
    """The lines, up to a bound; the last one says when it was reached."""
    left = BYTES_MOST
    for row in _rows(found):
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        left -= len(line)
        if left < 0:
            at = moment(found.about.get("ended")) or datetime.now(UTC)
            cut = _row(found, at, "Capture", "The timeline is cut here; the bag holds more.", "firedoor:timeline:cut")
            yield json.dumps(cut, separators=(",", ":")).encode() + b"\n"
            return
        yield line


def _rows(found: Found) -> Iterator[Obj]:
    yield from _acts(found)
    yield from _containers(found)
    yield from _events(found)
    yield from _processes(found)
    yield from _left_out(found, Kind.PROCESSES)
    yield from _connections(found)
    yield from _left_out(found, Kind.SOCKETS)
    yield from _files(found)
    yield from _left_out(found, Kind.LISTING)
    yield from _logs(found)


def _row(found: Found, at: datetime, kind: str, message: str, data_type: str, **more: Any) -> Obj:
    utc = at.astimezone(UTC).isoformat(timespec="microseconds")
    pod = found.about["pod"]
    return {
        "message": message[:TEXT_MOST],
        "datetime": utc,
        "timestamp": round(at.timestamp() * 1_000_000),
        "timestamp_desc": kind,
        "data_type": data_type,
        "@timestamp": utc.replace("+00:00", "Z"),
        "ecs.version": ECS,
        "event.kind": "event",
        "orchestrator.type": "kubernetes",
        "orchestrator.namespace": pod["namespace"],
        "orchestrator.resource.type": "pod",
        "orchestrator.resource.name": pod["name"],
        "incident.uid": found.about["incident"]["uid"],
        **{key: value for key, value in more.items() if value not in ("", None) and isinstance(value, NUMBERS.get(key, str))},
    }


def _from(artifact: Artifact, offset: int | None = None) -> Obj:
    """Where in the bag it stands."""
    where = {"evidence.path": artifact.path, "evidence.sha256": artifact.hashes.get("sha256")}
    container = {"container.name": artifact.source.get("container"), "container.id": artifact.source.get("containerID")}
    return {**where, **container, "evidence.offset": offset}


def _acts(found: Found) -> Iterator[Obj]:
    """What firedoor's collector did, by its custody log."""
    for line in found.custody:
        if (at := moment(line.get("ts"))) is not None:
            message = f"firedoor: {line['action']} {line.get('object', '')}".strip()
            yield _row(found, at, "Action Time", message, "firedoor:custody", **{"event.action": line["action"]})


def _containers(found: Found) -> Iterator[Obj]:
    status, metadata = found.pod().get("status", {}), found.pod().get("metadata", {})
    if (at := moment(metadata.get("creationTimestamp"))) is not None:
        yield _row(found, at, "Creation Time", "Pod created", "k8s:pod")
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            for state in (one.get("state") or {}, one.get("lastState") or {}):
                yield from _state(found, one, state)


def _state(found: Found, one: Obj, state: Obj) -> Iterator[Obj]:
    about = {"container.name": one.get("name"), "container.id": one.get("containerID"), "container.image.name": one.get("image")}
    for about_state in (state.get("running") or {}, state.get("terminated") or {}):
        for key, kind, word in (("startedAt", "Start Time", "started"), ("finishedAt", "End Time", "ended")):
            if (at := moment(about_state.get(key))) is not None:
                why = f" ({about_state.get('reason', '')}, {about_state.get('exitCode')})" if key == "finishedAt" else ""
                yield _row(found, at, kind, f"Container {one.get('name')} {word}{why}", "k8s:container", **about)


def _events(found: Found) -> Iterator[Obj]:
    for artifact in found.of(Kind.EVENTS):
        document = found.document(artifact)
        for event in document if isinstance(document, list) else ():
            message = f"{event.get('reason', '')}: {event.get('note', '')}"
            more = {**_from(artifact), "event.action": event.get("reason")}
            for kind, at in _times(event):
                yield _row(found, at, kind, message, "k8s:event", **more)


def _times(event: Obj) -> Iterator[tuple[str, datetime]]:
    first = moment(event.get("eventTime")) or moment(event.get("deprecatedFirstTimestamp"))
    last = moment((event.get("series") or {}).get("lastObservedTime")) or moment(event.get("deprecatedLastTimestamp"))
    if first is not None:
        yield "Event First Seen", first
    if last is not None and last != first:
        yield "Event Last Seen", last


def _processes(found: Found) -> Iterator[Obj]:
    boots = {one.source.get("container"): found.document(one) or {} for one in found.of(Kind.SYSTEM)}
    for artifact, process in found.objects(Kind.PROCESSES):
        at = _started(boots.get(artifact.source.get("container"), {}), process)
        if at is None:
            found.left_out[Kind.PROCESSES] += 1
            continue
        command = command_of(process)
        more = {"process.pid": process.get("pid"), "process.command_line": command[:TEXT_MOST]}
        more |= {"process.executable": process.get("exe"), "process.hash.sha256": process.get("exe_sha256")}
        message = f"Process {process.get('pid')} started: {command}"
        yield _row(found, at, "Process Start", message, "linux:process", **{**_from(artifact), **more})


def _started(system: Obj, process: Obj) -> datetime | None:
    boot, hertz, ticks = system.get("boot_time"), system.get("clock_ticks"), process.get("start_ticks")
    if not (isinstance(boot, int) and isinstance(hertz, int) and isinstance(ticks, int)) or not hertz:
        return None
    return epoch(boot * hertz + ticks, hertz)


def _left_out(found: Found, kind: Kind) -> Iterator[Obj]:
    """What there can be no line of: that it is so, in a line at the time when the capture ended."""
    at = moment(found.about.get("ended")) or datetime.now(UTC)
    if number := found.left_out[kind]:
        words = f"Left out, because they are too large or broken, or tell no time: {number} records of {kind}."
        yield _row(found, at, "Capture", words, "firedoor:timeline:left-out")
    if found.in_part(kind):
        words = f"Of the longest {kind} only the beginning and the end are in the timeline. The bag holds it whole."
        yield _row(found, at, "Capture", words, "firedoor:timeline:left-out")


def _connections(found: Found) -> Iterator[Obj]:
    for artifact, socket in found.objects(Kind.SOCKETS):
        at = moment(artifact.started)
        if at is None or "remote" not in socket:
            continue
        ends = f"{socket.get('local')}:{socket.get('local_port')} to {socket.get('remote')}:{socket.get('remote_port')}"
        message = f"{socket.get('proto')} {socket.get('state')} {ends}, processes {socket.get('pids')}"
        more = {
            "source.ip": socket.get("local"),
            "destination.ip": socket.get("remote"),
            "network.transport": socket.get("proto"),
        }
        yield _row(found, at, "Socket Seen", message, "linux:socket", **{**_from(artifact), **more})


def _files(found: Found) -> Iterator[Obj]:
    """Files that changed after the pod was made; all others are in the bodyfile."""
    since = moment(found.pod().get("metadata", {}).get("creationTimestamp"))
    for artifact, entry in found.objects(Kind.LISTING):
        name = bytes_of(entry, "path").decode("utf-8", "backslashreplace")
        for key, kind in (("mtime", "Content Modification Time"), ("ctime", "Metadata Modification Time")):
            at = epoch(entry[key], NANO) if isinstance(entry.get(key), int) else None
            if at is not None and (since is None or at >= since):
                more = {**_from(artifact), "file.path": name, "file.size": entry.get("size"), "file.type": entry.get("kind")}
                yield _row(found, at, kind, f"{entry.get('kind')} {name}", "fs:stat", **more)


def _logs(found: Found) -> Iterator[Obj]:
    for line in lines(found):
        more = {**_from(line.artifact, line.offset), "event.original_time": line.said}
        yield _row(found, line.at, "Log Time", line.text, "k8s:container:log", **more)
