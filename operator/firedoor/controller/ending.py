"""How a controller's process ends: with a part that died, or anew when its lead is lost. `controller.process` alone calls it.

Neither end waits for anything: what is under way is cut off as by SIGKILL, and found again from the cluster.
"""

import asyncio
import logging
import os
import sys
from typing import NoReturn

log = logging.getLogger(__name__)


def die_with(part: "asyncio.Task[None]") -> None:
    """Ends the process with a part that ended by itself; as a task's callback."""
    if part.cancelled():
        return
    log.critical("part %s of the controller ended; the process ends with it", part.get_name(), exc_info=part.exception())
    os._exit(1)


def begin_anew() -> NoReturn:
    """The same command under the same pid, with no connection, task, thread or memory of before.

    A container that ends is started by its kubelet, which waits longer each time (CrashLoopBackOff: up to five minutes), and
    an API server that comes and goes would leave its cluster without a controller just when it is back.
    """
    log.critical("the lead was lost; this process begins anew, so that it cannot act beside another leader")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell: our own argv
