"""The engine's process: `python -m cluster.policy --node NAME --kubeconfig FILE --mode-file FILE`.

Started once a node by the local cluster. Renders when what it watches or the mode changes, a few milliseconds after;
in mode `slow` five seconds after. The ruleset stays in force when the process ends.
"""

import argparse
import asyncio
import subprocess
import sys
from pathlib import Path

from cluster.policy.api import Server, Store
from cluster.policy.model import Pod, World
from cluster.policy.rules import ruleset

SETTLE_SECONDS = 0.01
SLOW_SECONDS = 5.0
MODE_SECONDS = 0.2


class Engine:
    """What is known, and what is in force."""

    def __init__(self, node: str, mode_file: Path) -> None:
        self._node = node
        self._mode_file = mode_file
        self._mode = "strict"
        self._in_force = ""
        self._changed = asyncio.Event()
        self.pods: Store = {}
        self.namespaces: Store = {}
        self.policies: Store = {}
        self.listed: set[str] = set()

    def changed(self, kind: str) -> None:
        """Something of this kind changed, or was listed for the first time."""
        self.listed.add(kind)
        self._changed.set()

    async def watch_mode(self) -> None:
        while True:
            mode = self._mode_file.read_text().strip() if self._mode_file.exists() else "strict"
            if mode != self._mode:
                self._mode = mode
                self._changed.set()
            await asyncio.sleep(MODE_SECONDS)

    async def render(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(SLOW_SECONDS if self._mode == "slow" else SETTLE_SECONDS)
            self._changed.clear()
            if len(self.listed) == 3:
                await self._put_in_force(ruleset(self._world(), self._node, self._mode))

    async def _put_in_force(self, text: str) -> None:
        if text == self._in_force:
            return
        command = ("nsenter", f"--net=/run/netns/{self._node}", "nft", "-f", "-")
        process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        _, errors = await process.communicate(text.encode())
        if process.returncode:
            print(f"nft refused the ruleset: {errors.decode()}\n{text}", file=sys.stderr, flush=True)
            return
        self._in_force = text

    def _world(self) -> World:
        pods = (Pod.read(pod) for pod in self.pods.values())
        labels = {n["metadata"]["name"]: n["metadata"].get("labels") or {} for n in self.namespaces.values()}
        return World(tuple(pod for pod in pods if pod), labels, tuple(self.policies.values()))


async def main() -> None:
    """Follows and renders until it is ended."""
    parser = argparse.ArgumentParser(prog="cluster.policy")
    for option in ("--node", "--kubeconfig", "--mode-file"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    engine, server = Engine(options.node, Path(options.mode_file)), Server(Path(options.kubeconfig))
    follow = server.follow
    async with asyncio.TaskGroup() as group:
        group.create_task(follow("/api/v1/pods", engine.pods, lambda: engine.changed("pods")))
        group.create_task(follow("/api/v1/namespaces", engine.namespaces, lambda: engine.changed("namespaces")))
        path = "/apis/networking.k8s.io/v1/networkpolicies"
        group.create_task(follow(path, engine.policies, lambda: engine.changed("policies")))
        group.create_task(engine.watch_mode())
        group.create_task(engine.render())


if __name__ == "__main__":
    asyncio.run(main())
