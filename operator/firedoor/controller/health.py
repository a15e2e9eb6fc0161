"""Health and metrics over HTTP, for the kubelet and Prometheus. Answers from what the controller knows; asks nobody.

Alive: the queue works and the watch brings what a listing shows. Ready: a first listing has been seen.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


@dataclass(frozen=True, slots=True)
class Health:
    """Where the answers come from: each gives why not, or an empty string."""

    sick: Callable[[], str]
    unready: Callable[[], str]

    async def serve(self, port: int) -> web.AppRunner:
        """Starts serving on all addresses; the caller cleans the runner up."""
        app = web.Application()
        app.router.add_get("/healthz", self._answer(self.sick))
        app.router.add_get("/readyz", self._answer(self.unready))
        app.router.add_get("/metrics", _metrics)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, None, port).start()
        return runner

    def _answer(self, why_not: Callable[[], str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(_: web.Request) -> web.Response:
            found = why_not()
            return web.Response(status=503 if found else 200, text=(found or "ok") + "\n")

        return answer


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
