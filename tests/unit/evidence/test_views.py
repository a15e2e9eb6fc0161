"""The views of a bag: what other people's tools ask of them, and what an attacker's words can do in them."""

import base64
import gzip
import hashlib
import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import bagit

from firedoor.evidence.bag import Bag
from firedoor.evidence.verify import verify
from firedoor.evidence.views import timeline as timelines
from firedoor.evidence.views.write import write
from tests.unit.evidence.test_bag import INFORMATION, clock, small_volume

__all__ = ("small_volume",)
HOSTILE = "<script>alert(1)</script>\u2028\u202e\x1b]0;owned\x07|\\ 'x' \"y\" &lt; javascript:"
ABOUT = {
    "incident": {"key": "shop/<b>web", "uid": "uid-1"},
    "pod": {"namespace": "shop", "name": "web-1", "uid": "pod-uid"},
    "started": "2026-01-01T10:00:00Z",
    "ended": "2026-01-01T10:05:00Z",
    "status": "Complete",
    "notTried": "",
}
POD = {
    "metadata": {"creationTimestamp": "2026-01-01T09:00:00Z"},
    "status": {"containerStatuses": [{"name": "web", "state": {"running": {"startedAt": "2026-01-01T09:00:01Z"}}}]},
}
LISTED = {"kind": "file", "mode": "4755", "uid": 0, "gid": 7, "size": 3, "inode": 9, "atime": 1, "mtime": 1767258001500000001}
FILES = {
    "pod": [json.dumps(POD)],
    "system": [json.dumps({"boot_time": 1767250000, "clock_ticks": 100})],
    "events": [
        json.dumps([{"eventTime": "2026-01-01T09:00:02.5Z", "reason": "Started", "note": HOSTILE}, {"reason": "Timeless"}])
    ],
    "processes": [
        json.dumps({"pid": 7, "start_ticks": 800150, "cmdline": ["sh", "-c", HOSTILE], "exe": "/bin/sh", "comm": "sh"})
    ],
    "sockets": [
        json.dumps(
            {"proto": "tcp", "state": "LISTEN", "local": "0.0.0.0", "local_port": 80, "remote": "1.2.3.4", "remote_port": 0}
        )
    ],
    "listing": [
        json.dumps({**LISTED, "path": f"/tmp/{HOSTILE}\n", "ctime": 1767258001500000001}),
        json.dumps({**LISTED, "path_b64": base64.b64encode(b"/tmp/\xff|x").decode(), "ctime": 5, "mtime": 5}),
        json.dumps({**LISTED, "path": "/odd", "size": "three", "kind": ["file"], "ctime": 1767258001500000001, "mtime": "x"}),
        json.dumps({**LISTED, "kind": "symlink", "path": "/l", "link": "/etc/passwd", "ctime": 5, "mtime": 5}),
        "not json",
        "[1]",
    ],
}
LOG = [
    b"2026-01-01T10:00:00.123456789Z " + HOSTILE.encode(),
    b"no time",
    b"2026-99-99T10:00:00Z x",
    b"2026-01-01T10:00:01+01:00 \xff",
]


def opened(root: Path) -> Bag:
    times = clock()
    return Bag(root, "incident-1", {}, lambda: next(times))


def captured(root: Path, log: list[bytes] = LOG, files: dict[str, list[str]] = FILES) -> Path:
    """A sealed bag with views, made of these files."""
    bag = opened(root)
    for kind, lines in files.items():
        _keep(bag, f"data/00-volatile/{kind}.json", kind, "\n".join(lines).encode())
    _keep(bag, "data/02-logs/web/current.log", "log", b"\n".join(log) + b"\n")
    write(bag, ABOUT)
    bag.seal(INFORMATION, ABOUT)
    return root / "incident-1"


def _keep(bag: Bag, path: str, kind: str, content: bytes) -> None:
    with bag.artifact(path, {"kind": kind, "container": "web"}) as writer:
        writer.write(content)


def rows(bag: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (bag / "timeline.jsonl").read_bytes().split(b"\n")[:-1]]


def test_the_views_are_in_the_bag_and_in_its_tag_manifests(tmp_path: Path) -> None:
    bag = captured(tmp_path)
    bagit.Bag(str(bag)).validate()
    assert verify(bag) == []
    listed = (bag / "tagmanifest-sha256.txt").read_text()
    assert all(name in listed for name in ("timeline.jsonl", "bodyfile.txt", "report.html"))


def test_every_line_of_the_timeline_is_what_timesketch_and_ecs_ask_for(tmp_path: Path) -> None:
    found = rows(captured(tmp_path))
    types: dict[str, type] = {}
    for row in found:
        assert {"message", "datetime", "timestamp_desc", "@timestamp", "ecs.version"} <= row.keys()
        at = datetime.fromisoformat(row["datetime"])
        assert at.utcoffset() is not None
        assert row["timestamp"] == round(at.timestamp() * 1e6)
        assert datetime.fromisoformat(row["@timestamp"]) == at
        assert not row.keys() & {"_id", "_type", "_index", "_source", "__ts_timeline_id"}
        for key, value in row.items():
            assert types.setdefault(key, type(value)) is type(value), f"{key} changes its type"
            assert len(str(value).encode()) < 32766


def test_what_happened_is_in_the_timeline_when_it_happened(tmp_path: Path) -> None:
    found = {(row["timestamp_desc"], row["datetime"][:23]) for row in rows(captured(tmp_path))}
    assert found >= {
        ("Log Time", "2026-01-01T10:00:00.123"),
        ("Log Time", "2026-01-01T09:00:01.000"),
        ("Start Time", "2026-01-01T09:00:01.000"),
        ("Event First Seen", "2026-01-01T09:00:02.500"),
        ("Process Start", "2026-01-01T09:00:01.500"),
        ("Content Modification Time", "2026-01-01T09:00:01.500"),
    }
    assert len([row for row in rows(tmp_path / "incident-1") if row["data_type"] == "fs:stat"]) == 3


def test_a_log_line_says_where_in_the_bag_it_stands(tmp_path: Path) -> None:
    bag = captured(tmp_path)
    for row in (row for row in rows(bag) if row["data_type"] == "k8s:container:log"):
        raw = (bag / row["evidence.path"]).read_bytes()
        assert raw[row["evidence.offset"] :].startswith(row["event.original_time"].encode())
        assert row["evidence.sha256"] == hashlib.sha256(raw).hexdigest()


def test_what_was_rotated_away_is_in_the_timeline_and_no_line_twice(tmp_path: Path) -> None:
    bag = opened(tmp_path)
    _keep(bag, "data/02-logs/web/current.log", "log", b"2026-01-01T10:00:00Z first\n2026-01-01T10:00:05Z last\n")
    _keep(
        bag,
        "data/02-logs/web/node/0.log",
        "node-log",
        b"2026-01-01T10:00:05Z stdout F last\n2026-01-01T10:00:07Z stderr P late\n",
    )
    rotated = gzip.compress(b"2026-01-01T09:00:00.5Z stdout F long ago\nno time\n")
    _keep(bag, "data/02-logs/web/node/0.log.20260101-095959.gz", "node-log", rotated)
    _keep(bag, "data/02-logs/web/node/0.log.20260101-095958.gz", "node-log", rotated[:20])
    write(bag, ABOUT)
    bag.seal(INFORMATION, ABOUT)
    told = [
        (row["message"], row["datetime"][11:21]) for row in rows(tmp_path / "incident-1") if row["timestamp_desc"] == "Log Time"
    ]
    assert told == [("first", "10:00:00.0"), ("last", "10:00:05.0"), ("late", "10:00:07.0"), ("long ago", "09:00:00.5")]


def test_of_a_long_log_the_timeline_has_the_beginning_and_the_end_and_stays_in_its_bounds(
    tmp_path: Path,
) -> None:
    lines = [b"2026-01-01T10:00:00.%06dZ %s" % (number, b"x" * 900) for number in range(30_000)]
    bag = captured(tmp_path, lines, {})
    told = [row["datetime"] for row in rows(bag) if row["data_type"] == "k8s:container:log"]
    assert "000000" in told[0]
    assert "029999" in told[-1]
    assert 10_000 < len(told) < 20_000
    assert (bag / "timeline.jsonl").stat().st_size <= timelines.BYTES_MOST + 4096


def unescaped(name: bytes) -> bytes:
    """As people read it back."""
    return re.sub(rb"\\(x[0-9a-f]{2}|.)", lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else m[1], name)


def test_the_bodyfile_has_eleven_fields_a_line_whatever_the_names_are(tmp_path: Path) -> None:
    lines = (captured(tmp_path) / "bodyfile.txt").read_bytes().split(b"\n")[:-1]
    fields = [line.split(b"|") for line in lines]  # as mactime does, which knows of no bar that is escaped
    assert [len(one) for one in fields] == [11] * 4
    assert all(re.fullmatch(rb"[ -~]*", line) for line in lines)
    assert [unescaped(one[1]) for one in fields] == [
        b"web:/tmp/" + HOSTILE.encode() + b"\n",
        b"web:/tmp/\xff|x",
        b"web:/odd",
        b"web:/l -> /etc/passwd",
    ]
    assert fields[0][2:] == [
        b"9",
        b"r/rrwsr-xr-x",
        b"0",
        b"7",
        b"3",
        b"0.000000001",
        b"1767258001.500000001",
        b"1767258001.500000001",
        b"0",
    ]
    assert fields[3][3] == b"l/lrwsr-xr-x"


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.policy = self.style = self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._in = tag
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""

    def handle_data(self, data: str) -> None:
        self.style += data if self._in == "style" else ""

    def handle_endtag(self, tag: str) -> None:
        self._in = ""


def test_hostile_text_does_nothing_in_the_report(tmp_path: Path) -> None:
    text = (captured(tmp_path) / "report.html").read_text()
    page = Page(text)
    assert page.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "table", "tr", "th", "td", "p"}
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert "&lt;script&gt;" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_the_reports_policy_allows_nothing_but_its_own_style(tmp_path: Path) -> None:
    page = Page((captured(tmp_path) / "report.html").read_text())
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "unsafe" not in page.policy
    assert "url(" not in page.style


def test_a_view_that_cannot_be_made_is_left_out_and_the_bag_is_sealed(tmp_path: Path) -> None:
    bag = captured(tmp_path, files={"events": ['[1, null, "x"]'], "pod": ['{"status": {"containerStatuses": 5}}']})
    bagit.Bag(str(bag)).validate()
    assert verify(bag) == []
    assert not (bag / "timeline.jsonl").exists()
    assert b"view.failed" in (bag / "custody.jsonl").read_bytes()


def test_on_a_full_volume_the_books_are_kept_and_the_views_are_not(small_volume: Path) -> None:
    bag = opened(small_volume)
    _keep(bag, "data/02-logs/web/current.log", "log", b"2026-01-01T10:00:00Z x\n" * 200_000)
    write(bag, ABOUT)
    bag.seal(INFORMATION, ABOUT)
    sealed = small_volume / "incident-1"
    assert verify(sealed) == []
    assert not (sealed / "timeline.jsonl").exists()


def test_a_volume_that_only_a_view_fills_loses_the_view_alone(small_volume: Path) -> None:
    bag = opened(small_volume)
    _keep(bag, "data/02-logs/web/current.log", "log", b"2026-01-01T10:00:00Z x\n" * 20_000)
    write(bag, ABOUT)
    bag.seal(INFORMATION, ABOUT)
    sealed = small_volume / "incident-1"
    assert verify(sealed) == []
    assert not (sealed / "timeline.jsonl").exists()
    assert (sealed / "report.html").exists()
