"""A tar stream as it passes: whether its end was seen, and what is in it. Nothing is extracted.

Sources follow one while it comes, and the index is made of one that lies on the volume. A header-only reader of our own,
because listing hostile archives with a full tar reader has had endless loops (CVE-2025-8194); this one only ever moves
forward, and keeps at most one name in memory.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

BLOCK = 512
NAME_LIMIT = 64 << 10
DECIMAL = re.compile(rb"-?[0-9]{1,19}(\.[0-9]*)?")
"""Numbers in pax headers; times may have a fraction."""
EMPTY = b"123456"
"""Types that have no content, whatever their size field says (POSIX pax, ustar typeflag)."""
NAMING = {b"L": "name", b"K": "link", b"x": "pax", b"g": "global"}
"""Entries about the next entry: GNU's long names and links, pax headers. Global pax headers say nothing of names."""
TYPES = {
    b"0": "file",
    b"\0": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "chardev",
    b"4": "blockdev",
    b"5": "folder",
    b"6": "fifo",
}


Entry = dict[str, Any]


def index(stream: Iterable[bytes]) -> Iterator[bytes]:
    """A JSON line for each entry of the archive, files with their SHA-256."""
    tar, hashed = TarStream(), hashlib.sha256()
    for data in stream:
        for part in tar.feed(data):
            if isinstance(part, bytes):
                hashed.update(part)
                continue
            digest = {"sha256": hashed.hexdigest()} if part["kind"] == "file" else {}
            yield json.dumps(part | digest, separators=(",", ":")).encode() + b"\n"
            hashed = hashlib.sha256()


class TarStream:
    """Feed it the stream; `ended` says whether the archive's end was seen."""

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._padding = 0
        self._entry: Entry | None = None
        self._said: dict[str, bytes] = {}
        self._naming: bytes | None = None
        self._zeros = 0
        self.ended = False
        self.broken = ""

    def follow(self, data: bytes) -> None:
        """Looks for the end alone."""
        for _ in self.feed(data):
            pass

    def feed(self, data: bytes) -> Iterator[bytes | Entry]:
        """Pieces of what entries hold, and each entry behind its own."""
        self._buffer += data
        while not self.ended and not self.broken:
            if self._entry is not None:
                yield from self._content()
                if self._left or self._padding:
                    return
                yield from self._finish()
            elif len(self._buffer) >= BLOCK:
                self._header()
            else:
                return
        self._buffer = b""

    def _content(self) -> Iterator[bytes]:
        taken, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._left -= len(taken)
        if self._naming is None:
            yield taken
        elif len(self._naming) < NAME_LIMIT:
            self._naming += taken
        if not self._left:
            dropped = min(self._padding, len(self._buffer))
            self._buffer, self._padding = self._buffer[dropped:], self._padding - dropped

    def _header(self) -> None:
        block, self._buffer = self._buffer[:BLOCK], self._buffer[BLOCK:]
        if not any(block):
            self._zeros += 1
            self.ended = self._zeros == 2
            return
        self._zeros = 0
        try:
            self._begin(block)
        except ValueError:
            self.broken = "a header of the archive cannot be read"

    def _begin(self, block: bytes) -> None:
        kind = block[156:157]
        size = _number(block[124:136]) if kind in NAMING else self._figure("size", block[124:136])
        if size < 0 or _number(block[148:156]) != sum(block[:148]) + sum(b" " * 8) + sum(block[156:]):
            raise ValueError("not a header")
        self._left = 0 if kind in EMPTY else size
        self._padding = -self._left % BLOCK
        self._naming = b"" if kind in NAMING else None
        self._entry = {"kind": NAMING.get(kind) or TYPES.get(kind, "other")} | (
            {} if kind in NAMING else self._told(block, kind, size)
        )

    def _told(self, block: bytes, kind: bytes, size: int) -> Entry:
        link = self._said.get("link") or block[157:257].split(b"\0", 1)[0]
        return {
            **_text("name", self._said.get("name") or _name(block)),
            **(_text("link", link) if kind in (b"1", b"2") else {}),
            **({"sparse": int(self._said["sparse"])} if self._said.get("sparse", b"").isdigit() else {}),
            "size": size,
            "mode": oct(_number(block[100:108])),
            "uid": self._figure("uid", block[108:116]),
            "gid": self._figure("gid", block[116:124]),
            "mtime": self._figure("mtime", block[136:148]),
        }

    def _figure(self, key: str, field: bytes) -> int:
        """What does not fit into a header's field is said before it, and the field holds anything."""
        said = self._said.get(key, b"")
        if not said:
            return _number(field)
        if not DECIMAL.fullmatch(said):
            raise ValueError("no number")
        return int(said.partition(b".")[0])

    def _finish(self) -> Iterator[Entry]:
        entry, self._entry = self._entry, None
        assert entry is not None
        if self._naming is not None:
            self._said |= _naming(entry["kind"], self._naming)
            return
        self._said = {}
        yield entry


def _name(block: bytes) -> bytes:
    own = block[:100].split(b"\0", 1)[0]
    prefix = block[345:500].split(b"\0", 1)[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + own if prefix else own


def _naming(kind: str, content: bytes) -> dict[str, bytes]:
    """What a naming entry says of the next one."""
    if kind in ("name", "link"):
        return {kind: content.split(b"\0", 1)[0]}
    return dict(_pax(content)) if kind == "pax" else {}


def _pax(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What a pax header's records say that is of use here, "LENGTH KEY=VALUE\\n" each; a value may hold line feeds.

    A file in GNU's sparse form has another length than its entry, which begins with a table of what is in it.
    """
    keys = {b"path": "name", b"linkpath": "link", b"GNU.sparse.realsize": "sparse"}
    keys |= {key.encode(): key for key in ("size", "uid", "gid", "mtime")}
    while (length := content.split(b" ", 1)[0]).isdigit() and 0 < int(length[:9]) <= len(content):
        record, content = content[: int(length[:9])], content[int(length[:9]) :]
        key, _, value = record[len(length) + 1 : -1].partition(b"=")
        if key in keys:
            yield keys[key], value


def _number(field: bytes) -> int:
    """An octal field, or GNU's base-256 form for large values."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big", signed=True) + (0 if field[0] == 0xFF else 1 << (8 * len(field) - 1))
    return int(field.strip(b" \0") or b"0", 8)


def _text(key: str, raw: bytes) -> dict[str, str]:
    """UTF-8 as it is; anything else in base64 beside it, never replaced."""
    try:
        return {key: raw.decode()}
    except UnicodeDecodeError:
        return {f"{key}_b64": base64.b64encode(raw).decode()}
