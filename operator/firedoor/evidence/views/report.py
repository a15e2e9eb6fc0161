"""report.html: the bag on one page, for a browser and nothing else. No script, no link, nothing from anywhere else.

All that it shows may be an attacker's words: everything is escaped, what is not printable is written as its code, and a
policy in the page forbids whatever could still get through.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from firedoor.api.text import printable
from firedoor.evidence.layout import Kind
from firedoor.evidence.views.found import Found, Obj, bytes_of, command_of, epoch

ROWS_MOST: Final = 300
CELL_MOST: Final = 400
NANO: Final = 1e9
STYLE: Final = (
    "body{font:14px/1.45 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1c2024}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #dfe3e6}"
    "td{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}h2{margin-top:2rem}"
    ".partial,.failed{background:#fff3d6}"
)
POLICY: Final = (
    "default-src 'none'; style-src 'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'; "
    "base-uri 'none'; form-action 'none'"
)
Row = Sequence[object]


def report(found: Found) -> Iterator[bytes]:
    """The page, part by part."""
    about = found.about
    title = f"Evidence of {about['incident']['key']}"
    yield _bytes(
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<meta name=referrer content=no-referrer>\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{text(title)}</h1>\n"
    )
    yield from _table("", (), _summary(about))
    yield from _table("What was captured", ("Path", "Status", "Why", "Bytes", "SHA-256"), _artifacts(found), shade=1)
    yield from _table("Processes", ("Container", "Pid", "Start ticks", "User", "Command", "Program"), _processes(found))
    yield from _left_out(found, Kind.PROCESSES)
    yield from _table("Connections", ("Container", "State", "Here", "There", "Pids"), _sockets(found))
    yield from _left_out(found, Kind.SOCKETS)
    yield from _table("Events", ("When", "Reason", "Note"), _events(found))
    yield from _table("Newest files", ("Container", "Changed", "Kind", "Bytes", "Path"), _files(found))
    yield from _left_out(found, Kind.LISTING)
    yield from _table("What the collector did", ("When", "Act", "On"), _acts(found))
    yield _bytes("</body>\n</html>\n")


def text(found: object) -> str:
    """Anything as text that a browser shows and does nothing else with."""
    said = str(found)
    return html.escape(printable(said[:CELL_MOST])) + ("…" if len(said) > CELL_MOST else "")


def _table(title: str, heads: Sequence[str], rows: Iterable[Row], shade: int | None = None) -> Iterator[bytes]:
    """A table, or nothing where there are no rows. `shade`: the column whose word marks the row, when it is one of ours."""
    taken = list(islice(rows, ROWS_MOST + 1))
    if not taken:
        return
    head = "<tr>" + "".join(f"<th>{text(one)}</th>" for one in heads) + "</tr>\n" if heads else ""
    yield _bytes((f"<h2>{text(title)}</h2>\n" if title else "") + f"<table>\n{head}")
    for row in taken[:ROWS_MOST]:
        word = row[shade] if shade is not None else ""
        marked = f" class={word}" if word in ("partial", "failed") else ""
        yield _bytes(f"<tr{marked}>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>\n")
    more = "<p>The bag holds more of these.</p>\n" if len(taken) > ROWS_MOST else ""
    yield _bytes(f"</table>\n{more}")


def _left_out(found: Found, kind: Kind) -> Iterator[bytes]:
    """What the table above cannot show."""
    if number := found.left_out[kind]:
        yield _bytes(f"<p>Left out, because they are too large or broken: {number} records of {kind}. The bag holds them.</p>\n")
    if found.in_part(kind):
        yield _bytes(f"<p>Of the longest {kind} only the beginning and the end were read. The bag holds it whole.</p>\n")


def _summary(about: Obj) -> Iterator[Row]:
    yield "Incident", f"{about['incident']['key']} ({about['incident']['uid']})"
    yield "Suspect", f"pod {about['pod']['namespace']}/{about['pod']['name']} ({about['pod']['uid']})"
    yield "Captured", f"{about['started']} to {about['ended']}"
    yield "Status", about["status"]
    yield "Not looked for", about["notTried"]


def _artifacts(found: Found) -> Iterator[Row]:
    for one in found.artifacts:
        why = ": ".join(word for word in (one.reason, one.message) if word)
        yield one.path, one.status, why, one.bytes, one.hashes.get("sha256", "")


def _processes(found: Found) -> Iterator[Row]:
    for artifact, one in found.objects(Kind.PROCESSES):
        program = str(one.get("exe", ""))
        program += " (deleted)" if one.get("exe_deleted") and "deleted" not in program else ""
        yield (
            artifact.source.get("container", ""),
            one.get("pid", ""),
            one.get("start_ticks", ""),
            one.get("uid", ""),
            command_of(one),
            program,
        )


def _sockets(found: Found) -> Iterator[Row]:
    for artifact, one in found.objects(Kind.SOCKETS):
        if "remote" in one:
            here, there = (f"{one.get(end)}:{one.get(f'{end}_port')}" for end in ("local", "remote"))
            state = f"{one.get('proto')} {one.get('state')}"
            yield artifact.source.get("container", ""), state, here, there, one.get("pids", "")


def _events(found: Found) -> Iterator[Row]:
    for artifact in found.of(Kind.EVENTS):
        document = found.document(artifact)
        for one in document if isinstance(document, list) else ():
            yield one.get("eventTime") or one.get("deprecatedFirstTimestamp", ""), one.get("reason", ""), one.get("note", "")


def _files(found: Found) -> Iterator[Row]:
    """The files whose content or owner changed last."""
    newest: list[tuple[int, Row]] = []
    for artifact, one in found.objects(Kind.LISTING):
        changed = one.get("ctime")
        if isinstance(changed, int):
            name = bytes_of(one, "path").decode("utf-8", "backslashreplace")
            row = (artifact.source.get("container", ""), epoch(changed, NANO), one.get("kind", ""), one.get("size", ""), name)
            newest.append((changed, row))
        if len(newest) > 2 * ROWS_MOST:
            newest = _newest(newest)
    yield from (row for _, row in _newest(newest))


def _newest(rows: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    return sorted(rows, key=lambda one: one[0], reverse=True)[:ROWS_MOST]


def _acts(found: Found) -> Iterator[Row]:
    for line in found.custody:
        yield line.get("ts", ""), line.get("action", ""), line.get("object", "")


def _bytes(part: str) -> bytes:
    return part.encode("utf-8", "backslashreplace")
