"""The tasks that read files: those in memory, the listing of everything, what changed since the start, and what was asked for.

Everything is looked at (lstat) before anything is read, because reading moves the time of last access.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final

from firedoor.look import listing
from firedoor.look.archive import Archive
from firedoor.look.frames import Sending
from firedoor.look.mounts import IN_MEMORY, WITHOUT_FILES, Mount, over
from firedoor.look.place import Place
from firedoor.look.plan import Plan
from firedoor.look.root import Found, Path, Root, TooDeep, parts
from firedoor.look.told import reason_of, why
from firedoor.look.volatile import mounts_of

LISTED_MOST: Final = 250_000


class Tree:
    """The suspect's files, with what may be read of them."""

    def __init__(self, root: Root, mounts: list[Mount], sending: Sending) -> None:
        self.root = root
        self._mounts = mounts
        self._points = {mount.at: mount for mount in mounts}
        self._sending = sending

    def below(self, top: Path, *, in_memory: bool | None = None) -> Iterator[Found]:
        """Everything from `top` on that has files, of every file system, or only of those in memory, or only of the others."""

        def enter(path: Path) -> bool:
            mount = self._points.get(b"/".join(path)) if path != top else None
            if mount is None:
                return True
            return mount.kind not in WITHOUT_FILES and in_memory in (None, mount.kind in IN_MEMORY)

        for found in self.root.walk(top, enter, self._trouble):
            self._sending.sender.alive()
            yield found

    def readable(self, path: Path) -> bool:
        """Whether a file may be read: not the kernel's own, not a Secret's."""
        mount = over(self._mounts, b"/".join(path))
        return mount is None or not (mount.kind in WITHOUT_FILES or mount.by_reference)

    def in_memory(self) -> list[Path]:
        """The tops of the file systems in memory that are not below another one."""
        tops = [parts(at) for at, mount in sorted(self._points.items()) if mount.kind in IN_MEMORY and self.readable(parts(at))]
        return [top for top in tops if not any(top != other and top[: len(other)] == other for other in tops)]

    def is_in_memory(self, path: Path) -> bool:
        mount = over(self._mounts, b"/".join(path))
        return mount is not None and mount.kind in IN_MEMORY

    def _trouble(self, path: Path, error: OSError) -> None:
        named = b"/".join(path).decode("utf-8", "backslashreplace")
        if isinstance(error, FileNotFoundError):
            return  # gone between two looks, as files go
        reason = "LimitReached" if isinstance(error, TooDeep) else reason_of(error)
        self._sending.lacks(reason, f"{named}: {why(error)}")


def tmpfs(sending: Sending, plan: Plan, place: Place) -> None:
    """Files of the file systems in memory."""
    with _tree(sending, place) as tree:
        found = (one for top in tree.in_memory() for one in tree.below(top, in_memory=True))
        _archive(sending, plan, tree, found)


def everything(sending: Sending, _: Plan, place: Place) -> None:
    """The listing: a line for each file."""
    with _tree(sending, place) as tree:
        for number, found in enumerate(tree.below(())):
            if number == LISTED_MOST:
                sending.lacks("LimitReached", f"more than {LISTED_MOST} files")
                return
            sending.line(listing.line(found))


def changed(sending: Sending, plan: Plan, place: Place) -> None:
    """Files whose inode changed after the container started. Files that were deleted cannot be seen this way."""
    with _tree(sending, place) as tree:
        since = plan.started * 1e9
        candidates = (
            found
            for found in tree.below((), in_memory=False)
            if found.about.st_ctime_ns > since and not stat.S_ISDIR(found.about.st_mode) and not tree.is_in_memory(found.path)
        )
        # All are chosen before the first is read, and no more are held than will be taken.
        _archive(sending, plan, tree, list(islice(candidates, plan.files + 1)))


def asked_for(sending: Sending, plan: Plan, place: Place) -> None:
    """The paths of the order, and everything below them."""
    with _tree(sending, place) as tree:
        _archive(sending, plan, tree, _asked(sending, plan, tree))


def _asked(sending: Sending, plan: Plan, tree: Tree) -> Iterator[Found]:
    seen = set[Path]()
    for number, pattern in enumerate(plan.paths):
        tops = list(tree.root.matching(parts(os.fsencode(pattern.split("/**", 1)[0]))))
        if not tops:
            sending.absent.append(number)
        for top in tops:
            if not tree.readable(top):
                sending.lacks("Forbidden", f"{pattern}: what the kernel makes, and secrets, are not read")
                continue
            for found in tree.below(top):
                if found.path not in seen:
                    seen.add(found.path)
                    yield found


def _archive(sending: Sending, plan: Plan, tree: Tree, found: Iterable[Found]) -> None:
    archive = Archive(sending, plan.file_bytes, plan.tar_bytes)
    for number, one in enumerate(found):
        if number == plan.files:
            sending.lacks("LimitReached", f"more than {plan.files} files")
            break
        if one.path and tree.readable(one.path):
            archive.add(tree.root, one)
    archive.end()


@contextmanager
def _tree(sending: Sending, place: Place) -> Iterator[Tree]:
    descriptor = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mounts, _ = mounts_of(place, sending)
        yield Tree(Root(descriptor), mounts, sending)
    finally:
        os.close(descriptor)
