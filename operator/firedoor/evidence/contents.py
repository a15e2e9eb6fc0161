"""The files of a bag as they lie there: looked at once, and each read once for both digests, however often it is asked about.

For whoever checks a bag. Links are never followed, and what lies behind one is not in the bag.
"""

import os
from pathlib import Path

from firedoor.evidence.artifact import file_digests


class Contents:
    """What is in a bag now; paths are relative to it, with slashes."""

    def __init__(self, bag: Path) -> None:
        self.files: set[str] = set()
        """Everything that is no folder."""
        self.sizes: dict[str, int] = {}
        """The plain files among them, and their bytes."""
        self.empty: list[str] = []
        """Folders with nothing in them."""
        self._bag = bag
        self._digests: dict[str, dict[str, str]] = {}
        self._walk("")

    def lines(self, path: str) -> list[str]:
        """By line feed alone; bytes that are not UTF-8 stay what they are."""
        content = self.content(path)
        return content.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if path in self.sizes else []

    def content(self, path: str) -> bytes:
        """Empty where there is no plain file."""
        return (self._bag / path).read_bytes() if path in self.sizes else b""

    def digest(self, path: str, algorithm: str) -> str:
        """Of a plain file, in hexadecimal; algorithm: sha256 or sha512."""
        if path not in self._digests:
            self._digests[path] = file_digests(self._bag / path)
        return self._digests[path][algorithm]

    def _walk(self, folder: str) -> None:
        with os.scandir(self._bag / folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        if not found:
            self.empty.append(folder or ".")
        for entry in found:
            path = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                self._walk(f"{path}/")
                continue
            self.files.add(path)
            if entry.is_file(follow_symlinks=False):
                self.sizes[path] = entry.stat(follow_symlinks=False).st_size
