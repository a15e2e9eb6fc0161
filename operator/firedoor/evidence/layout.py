"""Where things lie in a bag, and what kinds of things there are.

Sources name their artifacts with it. Whoever reads a bag finds its files by their kind in capture.json
(`artifacts[].source.kind`), never by their names: a second try has another name.
"""

from enum import StrEnum
from typing import Final

VOLATILE: Final = "data/00-volatile"
MEMORY: Final = "data/01-memory"
LOGS: Final = "data/02-logs"
FILESYSTEM: Final = "data/03-filesystem"
CLUSTER: Final = "data/06-cluster"


class Kind(StrEnum):
    """What an artifact is."""

    ORDER = "order"
    POD = "pod"
    EVENTS = "events"
    LOG = "log"
    FILES = "files"
    """A tar stream of files."""
    INDEX = "index"
    """What is in a tar stream: JSON lines."""


class Way(StrEnum):
    """The way by which it was got."""

    API = "api"
    EXEC = "exec"


TARGET_BINARIES: Final = "target-binaries"
"""The trust in what the suspect's own tools say: no more than in the suspect."""
