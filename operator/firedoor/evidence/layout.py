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
    CONTEXT = "context"
    """What the cluster knows of the suspect; `about` says what."""
    LOG = "log"
    NODE_LOG = "node-log"
    """A log file as it lies on the node."""
    FILES = "files"
    """A tar stream of files."""
    INDEX = "index"
    """What is in a tar stream: JSON lines."""
    PROCESSES = "processes"
    PROCESSES_TEXT = "processes-text"
    """What the suspect's own shell says of /proc, as it came."""
    HELPER = "helper"
    """Why there was no helper beside a container."""
    SOCKETS = "sockets"
    MOUNTS = "mounts"
    SYSTEM = "system"
    EXECUTABLES = "executables"
    """A tar stream of what ran or was held open and had no name in any folder."""
    TMPFS = "tmpfs"
    """A tar stream of the files in memory."""
    LISTING = "listing"
    """What lstat said of every file before anything was read: JSON lines."""
    CHANGED = "changed"
    """A tar stream of the files that changed after the container started."""


class Way(StrEnum):
    """The way by which it was got."""

    API = "api"
    HELPER = "helper"
    """firedoor's own program in an ephemeral container, as the suspect's user."""
    EXEC = "exec"
    KUBELET = "kubelet"
    """Asked of the kubelet itself, past the API server."""


OWN_BINARIES: Final = "own-binaries"
"""The trust in what our helper says: its program is ours, but who shares its user could have disturbed it."""
TARGET_BINARIES: Final = "target-binaries"
"""The trust in what the suspect's own tools say: no more than in the suspect."""
