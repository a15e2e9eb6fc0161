"""The tasks that read files: those in memory, the listing of everything, what changed since the start, and what was asked for.

Everything is looked at (lstat) before anything is read, because reading moves the time of last access.
"""

import os
import stat
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
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
from firedoor.look.withheld import withheld

LISTED_MOST: Final = 250_000
Walk = Generator[Found, None, None]
"""Holds a folder open until it is closed."""


class Tree:
    """The suspect's files, with what may be read of them."""

    def __init__(self, root: Root, mounts: list[Mount], secrets: Iterable[str], sending: Sending) -> None:
        self.root = root
        self._mounts = mounts
        self._points = {mount.at: mount for mount in mounts}
        self._withheld = withheld(root, mounts, secrets)
        self._sending = sending

    def below(self, top: Path) -> Walk:
        """Everything from `top` on that has files, of every file system."""

        def enter(path: Path) -> bool:
            return path == top or self._kind(b"/".join(path)) not in WITHOUT_FILES

        return self._walk(top, enter)

    def on(self, *, in_memory: bool) -> Walk:
        """Everything on the file systems in memory, or on the others.

        Each is walked by itself, because one may be mounted below another in any order.
        """
        for at in sorted({b"", *self._points}):
            kind, top = self._kind(at), parts(at)
            if kind not in WITHOUT_FILES and (kind in IN_MEMORY) == in_memory and self.why_not(top) is None:
                yield from self._alone(top)

    def why_not(self, path: Path) -> str | None:
        """Why a file may not be read; None when it may."""
        mount = over(self._mounts, b"/".join(path))
        if mount is None:
            return None
        return "made by the kernel; not read" if mount.kind in WITHOUT_FILES else self._withheld.get(mount.at)

    def say_withheld(self, top: Path) -> None:
        """Says what is not read from `top` on, though it is not as Kubernetes keeps Secrets."""
        for at, said in self._withheld.items():
            if said and parts(at)[: len(top)] == top:
                self._sending.lacks("Withheld", f"{at.decode('utf-8', 'backslashreplace')}: {said}")

    def _kind(self, at: bytes) -> str:
        """Of the file system that is mounted here; empty where none is."""
        return self._points[at].kind if at in self._points else ""

    def _alone(self, top: Path) -> Walk:
        def here(path: Path) -> bool:
            return path == top or b"/".join(path) not in self._points

        return (found for found in self._walk(top, here) if here(found.path))

    def _walk(self, top: Path, enter: Callable[[Path], bool]) -> Walk:
        for found in self.root.walk(top, enter, self._trouble):
            self._sending.sender.alive()
            yield found

    def _trouble(self, path: Path, error: OSError) -> None:
        named = b"/".join(path).decode("utf-8", "backslashreplace")
        if isinstance(error, FileNotFoundError):
            return  # gone between two looks, as files go
        reason = "LimitReached" if isinstance(error, TooDeep) else reason_of(error)
        self._sending.lacks(reason, f"{named}: {why(error)}")


def tmpfs(sending: Sending, plan: Plan, place: Place) -> None:
    """Files of the file systems in memory."""
    with _tree(sending, plan, place) as tree:
        tree.say_withheld(())
        with closing(tree.on(in_memory=True)) as found:
            _archive(sending, plan, tree, found)


def everything(sending: Sending, plan: Plan, place: Place) -> None:
    """The listing: a line for each file."""
    with _tree(sending, plan, place) as tree, closing(tree.below(())) as every:
        for number, found in enumerate(every):
            if number == LISTED_MOST:
                sending.lacks("LimitReached", f"more than {LISTED_MOST} files")
                return
            sending.line(listing.line(found))


def changed(sending: Sending, plan: Plan, place: Place) -> None:
    """Files whose inode changed after the container started. Files that were deleted cannot be seen this way."""
    with _tree(sending, plan, place) as tree:
        since = plan.started * 1e9
        with closing(tree.on(in_memory=False)) as every:
            candidates = (one for one in every if one.about.st_ctime_ns > since and not stat.S_ISDIR(one.about.st_mode))
            chosen = list(islice(candidates, plan.files + 1))  # no more are held than will be taken
        # All are chosen before the first is read.
        _archive(sending, plan, tree, chosen)


def asked_for(sending: Sending, plan: Plan, place: Place) -> None:
    """The paths of the order, and everything below them."""
    with _tree(sending, plan, place) as tree, closing(_asked(sending, plan, tree)) as found:
        _archive(sending, plan, tree, found)


def _asked(sending: Sending, plan: Plan, tree: Tree) -> Walk:
    seen = set[Path]()
    for number, pattern in enumerate(plan.paths):
        tops = list(tree.root.matching(parts(os.fsencode(pattern.split("/**", 1)[0]))))
        if not tops:
            sending.absent.append(number)
        for top in tops:
            if (said := tree.why_not(top)) is not None:
                sending.lacks("Withheld", f"{pattern}: {said or 'a Secret or ConfigMap; not read'}")
                continue
            tree.say_withheld(top)
            for found in tree.below(top):
                if found.path == top and stat.S_ISSOCK(found.about.st_mode):
                    sending.lacks("Unsupported", f"{pattern}: a socket, in which there is nothing to read")
                if found.path not in seen:
                    seen.add(found.path)
                    yield found


def _archive(sending: Sending, plan: Plan, tree: Tree, found: Iterable[Found]) -> None:
    archive = Archive(sending, plan.file_bytes, plan.tar_bytes)
    for number, one in enumerate(found):
        if number == plan.files:
            sending.lacks("LimitReached", f"more than {plan.files} files")
            break
        if one.path and tree.why_not(one.path) is None:
            archive.add(tree.root, one)
    archive.end()


@contextmanager
def _tree(sending: Sending, plan: Plan, place: Place) -> Iterator[Tree]:
    descriptor = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mounts, _ = mounts_of(place, sending)
        yield Tree(Root(descriptor), mounts, plan.secrets, sending)
    finally:
        os.close(descriptor)
