"""The suspect's file system, seen through /proc/PID/root: every step by descriptor, and no link is ever followed by the kernel.

A name that was a folder when it was listed may be a link when it is opened; so each component is opened on its own,
without following. Links in asked-for paths are resolved here, below the suspect's root, forty at most.
"""

import fnmatch
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
DEEPEST: Final = 200
LINKS_MOST: Final = 40
Path = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing of the walk: its path below the root, and what lstat said before anything was read."""

    path: Path
    about: os.stat_result
    link: bytes | None = None

    @property
    def name(self) -> bytes:
        return b"/".join(self.path)


class TooDeep(OSError):
    """A folder that lies too deep to be walked."""


Trouble = Callable[[Path, OSError], None]
Enter = Callable[[Path], bool]


class Root:
    """A file system below an open folder."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @contextmanager
    def folder(self, path: Path) -> Iterator[int]:
        """The descriptor of a folder."""
        held = os.dup(self._descriptor)
        try:
            for name in path:
                following = os.open(name, FOLDER, dir_fd=held)
                os.close(held)
                held = following
            yield held
        finally:
            os.close(held)

    @contextmanager
    def file(self, path: Path) -> Iterator[int]:
        """The descriptor of a file; a FIFO or device is opened without waiting and must not be read."""
        with self.folder(path[:-1]) as folder:
            descriptor = _opened(path[-1], folder)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def look(self, path: Path) -> Found:
        """What lies at a path."""
        with self.folder(path[:-1]) as folder:
            return _found(path, folder)

    def walk(self, top: Path, enter: Enter, trouble: Trouble) -> Iterator[Found]:
        """A folder and everything below it, folder by folder; `enter` says which folders to go into."""
        try:
            found = self.look(top) if top else Found((), os.fstat(self._descriptor))
        except OSError as error:
            trouble(top, error)
            return
        yield found
        if not stat.S_ISDIR(found.about.st_mode):
            return
        waiting = [top]
        while waiting:
            for below in self._listed(waiting.pop(), enter, trouble):
                yield below
                if stat.S_ISDIR(below.about.st_mode):
                    waiting.append(below.path)

    def resolved(self, path: Path) -> Path:
        """The path without links, all of them taken below this root; OSError where there is nothing."""
        done: Path = ()
        left, links = list(path), 0
        while left:
            name = left.pop(0)
            if name == b"..":
                done = done[:-1]
                continue
            found = self.look((*done, name))
            if found.link is None:
                done = (*done, name)
                continue
            links += 1
            if links > LINKS_MOST:
                raise OSError(40, "too many links")
            if found.link.startswith(b"/"):
                done = ()
            left = [*parts(found.link), *left]
        return done

    def matching(self, pattern: Path) -> Iterator[Path]:
        """Paths that a glob means, links in it resolved; a plain name is taken as it is."""
        waiting: list[tuple[Path, Path]] = [((), pattern)]
        while waiting:
            base, left = waiting.pop()
            if not left:
                yield base
                continue
            for name in self._names(base, left[0]):
                try:
                    waiting.append((self.resolved((*base, name)), left[1:]))
                except OSError:
                    continue

    def _names(self, base: Path, word: bytes) -> list[bytes]:
        if not any(sign in word for sign in b"*?["):
            return [word]
        try:
            with self.folder(base) as folder:
                names = [os.fsencode(name) for name in os.listdir(folder)]
        except OSError:
            return []
        return sorted(n for n in names if fnmatch.fnmatchcase(n, word) and (n[:1] != b"." or word[:1] == b"."))

    def _listed(self, path: Path, enter: Enter, trouble: Trouble) -> Iterator[Found]:
        if not enter(path):
            return
        try:
            if len(path) > DEEPEST:
                raise TooDeep(36, "the folder lies too deep")
            with self.folder(path) as folder, os.scandir(folder) as entries:
                for entry in entries:
                    below = (*path, os.fsencode(entry.name))
                    try:
                        yield _found(below, folder)
                    except OSError as error:
                        trouble(below, error)
        except OSError as error:
            trouble(path, error)


def parts(path: bytes) -> Path:
    """The components of a path; those that say nothing are left out."""
    return tuple(part for part in path.split(b"/") if part not in (b"", b"."))


def _found(path: Path, folder: int) -> Found:
    about = os.stat(path[-1], dir_fd=folder, follow_symlinks=False)
    link = os.readlink(path[-1], dir_fd=folder) if stat.S_ISLNK(about.st_mode) else None
    return Found(path, about, link)


def _opened(name: bytes, folder: int) -> int:
    try:
        # Only the owner may read without leaving a mark on the time of last access.
        return os.open(name, FILE | os.O_NOATIME, dir_fd=folder)
    except PermissionError:
        return os.open(name, FILE, dir_fd=folder)
