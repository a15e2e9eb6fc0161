"""A real helper in a process of its own, looking at processes and folders that the test made."""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firedoor.look.frames import ACKNOWLEDGED, Kind, Reader
from firedoor.look.plan import Plan

DRIVER = """
import sys
sys.path[:0] = {paths!r}
from firedoor.look.place import Place
from firedoor.look.session import serve
sys.exit(serve(sys.stdin.buffer, sys.stdout.buffer, lambda plan: Place({first}, {root!r})))
"""


@dataclass
class Taken:
    """What came of one task."""

    content: bytearray
    end: dict[str, Any]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.content.splitlines()]

    @property
    def tar(self) -> tarfile.TarFile:
        return tarfile.open(fileobj=io.BytesIO(self.content), errorlevel=2)

    def reasons(self) -> dict[str, int]:
        return {missing["reason"]: missing["count"] for missing in self.end["missing"]}


def command(root: Path | None, first: int) -> list[str]:
    return [sys.executable, "-c", DRIVER.format(paths=sys.path, first=first, root=str(root))]


def look(root: Path, *tasks: str, first: int = 0, meanwhile: Callable[[], None] = lambda: None, **plan: Any) -> dict[str, Taken]:
    """What the helper says of these tasks, once it has ended well."""
    helper = subprocess.Popen(command(root, first or os.getpid()), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert helper.stdin
    assert helper.stdout
    helper.stdin.write(Plan(tasks, key="00", **plan).dump())
    helper.stdin.flush()
    taken, reader, name, last = dict[str, Taken](), Reader(), "", False
    while not last and (data := helper.stdout.read1(1 << 16)):  # type: ignore[attr-defined]
        for frame in reader.feed(data):
            match frame.kind:
                case Kind.OPEN:
                    name = frame.told()["task"]
                    taken[name] = Taken(bytearray(), {})
                case Kind.DATA:
                    taken[name].content += frame.payload
                    meanwhile()
                case Kind.END:
                    taken[name].end = frame.told()
                case Kind.LAST:
                    last = True
    helper.stdin.write(ACKNOWLEDGED)
    helper.stdin.close()
    assert helper.wait(10) == 0
    helper.stdout.close()
    return taken


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.01)
