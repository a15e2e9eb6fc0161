"""The evidence volume when it runs full: space held back for the seal, and one way to write what must be written.

The bag uses it. Payload that no longer fits is given up with a reason; manifests, custody and renames are not: they get
the ballast's space.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
BALLAST: Final = ".ballast"
LEAST, MOST, SHARE = 512 << 10, 16 << 20, 64
"""Bytes of ballast: a 64th of the volume, within these bounds. The books of a small pod take a fifth of the least."""

T = TypeVar("T")


class VolumeFull(Exception):
    """The volume took no more; what had been written stays."""


class Volume:
    """The volume under one bag. `full` never turns back: what came after the first refusal would be out of order."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / BALLAST
        self.full = False

    def lay_ballast(self) -> None:
        """Takes the space that the seal will need; a volume without it is full from the start."""
        if self._ballast.exists():
            return
        statistics = os.statvfs(self._ballast.parent)
        size = max(LEAST, min(MOST, statistics.f_blocks * statistics.f_frsize // SHARE))
        try:
            self._ballast.write_bytes(b"\0" * size)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self.gives_up()

    def gives_up(self) -> None:
        """The volume is full: from here on the ballast's space is for the seal alone."""
        self.full = True
        self.drop_ballast()

    def drop_ballast(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def surely(self, act: Callable[[], T]) -> T:
        """Does what must be done; on a full volume with the ballast's space."""
        try:
            return act()
        except OSError as error:
            if error.errno not in FULL:
                raise
        self.gives_up()
        return act()


def flush_folder(folder: Path) -> None:
    """Makes names in this folder survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folders(folder: Path, top: Path) -> None:
    """The same for this folder and those above it, up to `top`."""
    for place in (folder, *folder.parents):
        flush_folder(place)
        if place == top:
            return
