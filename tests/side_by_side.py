"""How the tests of one run are dealt to its processes: the machine is busy from the first minute to the last.

The tests stand in one row (`tests.e2e.turns`): stories that need a cluster to themselves, then those that share one, then what
needs none. The first process of each cluster takes from the front, all others from the back, and they meet among the
stories that share.
"""

from _pytest.config import Config
from xdist.remote import Producer
from xdist.scheduler import LoadScheduling
from xdist.workermanage import WorkerController


class FromBothEnds(LoadScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own dealing, but for the end of the row from which a process is served."""

    def __init__(self, config: Config, log: Producer, clusters: int) -> None:
        super().__init__(config, log)
        self._front = {f"gw{number}" for number in range(clusters)}

    def _send_tests(self, node: WorkerController, num: int) -> None:
        if node.gateway.id in self._front:
            super()._send_tests(node, num)
            return
        self.pending.reverse()
        super()._send_tests(node, num)
        self.pending.reverse()
