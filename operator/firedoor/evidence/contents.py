"""The files of a bag as they lie there: looked at once, and each read once for both digests, however often it is asked about.

For whoever checks a bag or hands it over. Links are never followed, and what lies behind one is not in the bag. Nothing that
lies there ends the look: what cannot be read is known by name afterwards.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firedoor.evidence.artifact import file_digests

CONTENT_MOST: Final = 256 << 20
"""Bytes of a file that is read into memory as a whole; firedoor's own are far smaller."""


class Contents:
    """What is in a bag now; paths are relative to it, with slashes."""

    def __init__(self, bag: Path) -> None:
        self.files: set[str] = set()
        """Everything that is no folder."""
        self.sizes: dict[str, int] = {}
        """The plain files among them, and their bytes."""
        self.empty: list[str] = []
        """Folders with nothing in them."""
        self.unreadable: dict[str, str] = {}
        """What could not be read up to now, and why."""
        self._bag = bag
        self._digests: dict[str, dict[str, str]] = {}
        for path, entries in folders(bag, self.unreadable):
            self._look(path, entries)

    def lines(self, path: str) -> list[str]:
        """By line feed alone; bytes that are not UTF-8 stay what they are."""
        content = self.content(path)
        return content.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if path in self.sizes else []

    def content(self, path: str) -> bytes:
        """Empty where there is no plain file, and where it cannot be read."""
        if self.sizes.get(path, 0) > CONTENT_MOST:
            self.unreadable[path] = f"more than {CONTENT_MOST} bytes"
        if path not in self.sizes or path in self.unreadable:
            return b""
        try:
            return (self._bag / path).read_bytes()
        except OSError as error:
            self.unreadable[path] = why(error)
            return b""

    def digest(self, path: str, algorithm: str) -> str:
        """Of a plain file, in hexadecimal, empty where it cannot be read; algorithm: sha256 or sha512."""
        if path not in self._digests:
            try:
                self._digests[path] = file_digests(self._bag / path)
            except OSError as error:
                self._digests[path], self.unreadable[path] = {}, why(error)
        return self._digests[path].get(algorithm, "")

    def _look(self, folder: str, entries: list[os.DirEntry[str]]) -> None:
        if not entries:
            self.empty.append(folder or ".")
        for entry in entries:
            path = f"{folder}{entry.name}"
            if _is_folder(entry):
                continue
            self.files.add(path)
            try:
                if entry.is_file(follow_symlinks=False):
                    self.sizes[path] = entry.stat(follow_symlinks=False).st_size
            except OSError as error:
                self.unreadable[path] = why(error)


def folders(bag: Path, unreadable: dict[str, str]) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Every folder with what is in it, by paths that end in slashes; those that cannot be read are told in `unreadable`."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(bag / folder) as opened:
                entries = sorted(opened, key=lambda entry: entry.name)
        except OSError as error:
            unreadable[folder.rstrip("/") or "."] = why(error)
            continue
        yield folder, entries
        waiting.extend(f"{folder}{entry.name}/" for entry in reversed(entries) if _is_folder(entry))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # some file systems have to be asked once more
        return False


def why(error: OSError) -> str:
    return error.strerror or type(error).__name__
