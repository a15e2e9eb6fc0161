"""Handing a bag over: sends its files through an exec stream, from where the taker already is.

Runs in the reader's pod as `firedoor hand-over BUNDLE`, which mounts the volume read-only; `cli/arrivals.py` is the
other end. On standard input comes one line of JSON, {"have": {path: bytes}}; out go, for each file, a line of JSON and
its bytes from there on, and a line that says that this was all. It does not end before a line says that all arrived: a
stream whose command has ended may be cut by the kubelet (kubernetes issue 60140). Links are never followed.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from firedoor.evidence.contents import Contents
from firedoor.evidence.verify import PAYLOAD, TAGS, safe

CHUNK = 1 << 16
FIRST = (*TAGS, *PAYLOAD)
"""The manifests go first, those of the manifests before all, so that every other file can be checked as it arrives."""


class Changed(Exception):
    """A file of the bag became shorter while it was sent."""


def hand_over(bag: Path, asked: BinaryIO, out: BinaryIO) -> None:
    """Sends the bag; Changed when it is not what it was a moment ago."""
    have = json.loads(asked.readline())["have"]
    count = 0
    for path, size in _files(bag):
        offset = min(int(have.get(path, 0)), size)
        _say(out, {"path": path, "size": size, "offset": offset})
        _send(bag / path, offset, size, out)
        count += 1
    _say(out, {"end": count})
    asked.readline()


def _files(bag: Path) -> Iterator[tuple[str, int]]:
    """Plain files with names as a bag has them, and their sizes; whatever else lies there was not put there by firedoor."""
    sizes = Contents(bag).sizes.items()
    plain = ((path, size) for path, size in sizes if safe(path))
    return iter(sorted(plain, key=lambda one: (FIRST.index(one[0]) if one[0] in FIRST else len(FIRST), one[0])))


def _send(file: Path, offset: int, size: int, out: BinaryIO) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        while offset < size:
            data = os.pread(descriptor, min(CHUNK, size - offset), offset)
            if not data:
                raise Changed(f"{file} became shorter")
            out.write(data)
            offset += len(data)
    finally:
        os.close(descriptor)


def _say(out: BinaryIO, words: dict[str, object]) -> None:
    out.write(json.dumps(words, separators=(",", ":")).encode() + b"\n")
    out.flush()


def main(bundle: str, root: Path = Path("/evidence")) -> None:
    """Hands over the bag of this name; ValueError for a name that is no bag's."""
    if not safe(bundle) or "/" in bundle:
        raise ValueError(f"{bundle!r} is no name of a bag")
    hand_over(root / bundle, sys.stdin.buffer, sys.stdout.buffer)
