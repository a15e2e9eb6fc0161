"""Whose turn it is on the cluster: stories run side by side, but for those that change what the others stand on.

A story marked `alone` has the cluster to itself: it switches the engine, stops a part, installs the chart anew, counts all calls.
One marked `in_turn("nodes")` shares it with all but those that are marked with the same word.
Every process of a test run asks here.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

WORDS = ("nodes", "home", "reader")
"""What stories take turns at: cordons, incidents in firedoor's home, the pod that reads evidence."""


@contextmanager
def turn(folder: Path, story: pytest.Item) -> Iterator[None]:
    """Waits for the story's turn and holds it; folder: shared by all processes of the run."""
    alone = story.get_closest_marker("alone") is not None
    with ExitStack() as held:
        for word in _words(story):  # in one order everywhere, so that nobody waits for somebody who waits for him
            held.enter_context(_lock(folder / word, fcntl.LOCK_EX))
        held.enter_context(_lock(folder / "cluster", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


def _words(story: pytest.Item) -> Sequence[str]:
    asked = {word for marker in story.iter_markers("in_turn") for word in marker.args}
    if unknown := asked - set(WORDS):
        raise ValueError(f"{story.nodeid} asks for a turn at {', '.join(sorted(unknown))}; there are {', '.join(WORDS)}")
    return sorted(asked)


@contextmanager
def _lock(file: Path, kind: int) -> Iterator[None]:
    with file.open("w") as opened:
        fcntl.flock(opened, kind)  # closing the file gives it back, also when the process dies
        yield


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Those that run alone, then those that share the cluster, then what needs none, each in its own order."""
    return sorted(items, key=lambda item: (not _is_story(item), item.get_closest_marker("alone") is None))


def _is_story(item: pytest.Item) -> bool:
    return "turn" in getattr(item, "fixturenames", ())
