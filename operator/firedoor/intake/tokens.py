"""Who may post: bearer tokens from files, one file a source, as a Secret mounts them. No file, no entrance.

The server asks before it reads a body. Files are read anew every few seconds, so that a rotated Secret counts.
"""

import hmac
import logging
import time
from pathlib import Path

log = logging.getLogger(__name__)
MINIMUM = 16
"""Shorter tokens can be guessed, so they open nothing."""
FRESH_SECONDS = 2.0


class Tokens:
    """The tokens of each source."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[float, tuple[bytes, ...]]] = {}

    def open_to(self, source: str, authorization: str | None) -> bool:
        """Whether this Authorization header opens this source. All tokens are compared, each in constant time."""
        scheme, _, given = (authorization or "").partition(" ")
        matches = [hmac.compare_digest(token, given.strip().encode()) for token in self._of(source)]
        return scheme.lower() == "bearer" and any(matches)

    def _of(self, source: str) -> tuple[bytes, ...]:
        at, tokens = self._read.get(source, (float("-inf"), ()))
        if time.monotonic() - at > FRESH_SECONDS:
            tokens = self._load(source)
            self._read[source] = (time.monotonic(), tokens)
        return tokens

    def _load(self, source: str) -> tuple[bytes, ...]:
        file = self._folder / source
        try:
            lines = [line.strip() for line in file.read_bytes().splitlines()]
        except FileNotFoundError:
            return ()
        if any(0 < len(line) < MINIMUM for line in lines):
            log.warning("%s holds a token shorter than %d characters; it opens nothing", file, MINIMUM)
        return tuple(line for line in lines if len(line) >= MINIMUM)
