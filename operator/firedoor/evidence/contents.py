"""The files of a bag as they lie there: looked at once, and each read once for both digests, however often it is asked about.

For whoever checks a bag. Links are never followed, and what lies behind one is not in the bag.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

BLOCK = 1 << 20


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
            self._digests[path] = self._hashed(path)
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

    def _hashed(self, path: str) -> dict[str, str]:
        hashes = {"sha256": hashlib.sha256(), "sha512": hashlib.sha512()}
        for block in self._blocks(path):
            for hashed in hashes.values():
                hashed.update(block)
        return {name: hashed.hexdigest() for name, hashed in hashes.items()}

    def _blocks(self, path: str) -> Iterator[bytes]:
        with (self._bag / path).open("rb", buffering=0) as opened:
            while block := opened.read(BLOCK):
                yield block
