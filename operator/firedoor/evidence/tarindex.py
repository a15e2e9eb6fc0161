"""An index of a tar stream, made while it passes: what is in it, with sizes, times and hashes. Nothing is extracted.

The file source feeds it. A header-only reader of our own, because listing hostile archives with a full tar reader has
had endless loops (CVE-2025-8194); this one only ever moves forward, and keeps at most one name in memory.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

BLOCK = 512
NAME_LIMIT = 64 << 10
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


class TarIndex:
    """Feed it the stream; take the lines. `ended` says whether the archive's end was seen."""

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._padding = 0
        self._entry: dict[str, Any] | None = None
        self._hash = hashlib.sha256()
        self._name = b""
        self._long_name: bytes | None = None
        self._zeros = 0
        self.ended = False
        self.broken = ""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The JSON lines of the entries that these bytes complete."""
        self._buffer += data
        while not self.ended and not self.broken:
            if self._entry is not None:
                if not self._content():
                    return
                yield from self._finish()
            elif len(self._buffer) >= BLOCK:
                self._header()
            else:
                return
        self._buffer = b""

    def _content(self) -> bool:
        taken, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._left -= len(taken)
        self._hash.update(taken)
        if self._long_name is not None and len(self._long_name) < NAME_LIMIT:
            self._long_name += taken
        if self._left:
            return False
        dropped = min(self._padding, len(self._buffer))
        self._buffer, self._padding = self._buffer[dropped:], self._padding - dropped
        return not self._padding

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
        size, kind = _number(block[124:136]), block[156:157]
        if size < 0:
            raise ValueError("negative size")
        self._left, self._padding = (size, -size % BLOCK) if kind in (b"0", b"\0", b"L", b"x", b"g", b"K") else (0, 0)
        self._hash = hashlib.sha256()
        self._long_name = b"" if kind in (b"L", b"x") else None
        prefix = block[345:500].rstrip(b"\0") if block[257:262] == b"ustar" and block[262:264] != b"  " else b""
        own = block[:100].split(b"\0", 1)[0]
        name = self._name or (prefix + b"/" + own if prefix else own)
        self._entry = {
            "kind": {b"L": "longname", b"x": "pax"}.get(kind) or TYPES.get(kind, "other"),
            **_text("name", name),
            **({"link": _text("", block[157:257].split(b"\0", 1)[0])} if kind in (b"1", b"2") else {}),
            "size": size,
            "mode": oct(_number(block[100:108])),
            "uid": _number(block[108:116]),
            "gid": _number(block[116:124]),
            "mtime": _number(block[136:148]),
        }

    def _finish(self) -> Iterator[bytes]:
        entry, self._entry = self._entry, None
        assert entry is not None
        if entry["kind"] == "longname":
            self._name = (self._long_name or b"").split(b"\0", 1)[0]
        elif entry["kind"] == "pax":
            self._name = _pax_path(self._long_name or b"") or self._name
        else:
            self._name = b""
            if entry["kind"] == "file":
                entry["sha256"] = self._hash.hexdigest()
            yield json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _number(field: bytes) -> int:
    """An octal field, or GNU's base-256 form for large values."""
    if field and field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)


def _pax_path(content: bytes) -> bytes:
    for record in content.split(b"\n"):
        _, _, pair = record.partition(b" ")
        if pair.startswith(b"path="):
            return pair.removeprefix(b"path=")
    return b""


def _text(key: str, raw: bytes) -> dict[str, str]:
    """UTF-8 as it is; anything else in base64 beside it, never replaced."""
    try:
        return {key or "to": raw.decode()}
    except UnicodeDecodeError:
        return {f"{key or 'to'}_b64": base64.b64encode(raw).decode()}
