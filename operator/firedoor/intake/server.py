"""The receiver's HTTP server: authenticate, read within bounds, parse, look up, store, answer.

`firedoor receive` runs it. A wrong token, a source without one and an unknown source are told the same thing. What a
sender wrote is never repeated to it, nor put in a log.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from firedoor.api import names
from firedoor.intake import alertmanager, falco
from firedoor.intake.alert import Alert, Malformed
from firedoor.intake.body import documents
from firedoor.intake.resolve import target
from firedoor.intake.store import Stored, store
from firedoor.intake.tokens import Tokens
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect
from firedoor.kube.errors import KubeError

log = logging.getLogger(__name__)

Parse = Callable[[list[Any]], tuple[list[Alert], int]]
BODY_SECONDS = 10.0
requests = Counter("firedoor_receiver_requests", "Requests by source and answer.", ["source", "code"])


@dataclass(frozen=True, slots=True)
class Adapter:
    """How one kind of sender is understood, and how much it may send at once."""

    parse: Parse
    limit: int


ADAPTERS: Mapping[str, Adapter] = {
    "falco": Adapter(falco.parse, 1 << 20),
    "alertmanager": Adapter(alertmanager.parse, 8 << 20),
}


class Refused(Exception):
    """The request gets this status and sentence and nothing else."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the receiver's tokens and incidents are."""

    tokens: Path = Path("/etc/firedoor/tokens")
    home: str = names.HOME_NAMESPACE_DEFAULT
    body_seconds: float = BODY_SECONDS


def build_app(settings: Settings, kube: Kube, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The application on a connection that somebody else opened."""
    app = FastAPI(title="firedoor receiver", docs_url=None, redoc_url=None, openapi_url=None)
    tokens = Tokens(settings.tokens)

    @app.post("/v1/alerts/{source}")
    async def receive(source: str, request: Request) -> Response:
        answer = await _receive(source, request)
        requests.labels(source if source in ADAPTERS else "unknown", answer.status_code).inc()
        return answer

    async def _receive(source: str, request: Request) -> Response:
        try:
            adapter = _opened(tokens, source, request)
            raw = await _body(request, adapter.limit, settings.body_seconds)
            alerts, ignored = adapter.parse(documents(raw))
            stored = [await _store(alert) for alert in alerts]
            return JSONResponse({"incidents": [_told(one) for one in stored], "ignored": ignored})
        except Refused as refused:
            return _error(refused.status, refused.sentence)
        except Malformed as malformed:
            return _error(400, str(malformed))
        except KubeError as error:
            log.error("an alert of source %s could not be stored: %s", source, error)
            return _error(503, "The alert could not be stored now; send it again.", {"Retry-After": "5"})

    async def _store(alert: Alert) -> Stored:
        return await store(kube, settings.home, alert, await target(kube, alert), clock())

    @app.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return app


def _opened(tokens: Tokens, source: str, request: Request) -> Adapter:
    adapter = ADAPTERS.get(source)
    if adapter is None or not tokens.open_to(source, request.headers.get("authorization")):
        raise Refused(401, "This needs the bearer token of a configured source.")
    return adapter


async def _body(request: Request, limit: int, seconds: float) -> bytes:
    too_large = Refused(413, f"The body is larger than {limit} bytes.")
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > limit:
        raise too_large
    raw = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > limit:
                    raise too_large
    except (TimeoutError, ClientDisconnect) as error:
        raise Refused(408, f"The body did not arrive within {seconds:.0f} s.") from error
    return bytes(raw)


def _told(stored: Stored) -> dict[str, str]:
    return {"namespace": stored.namespace, "name": stored.name, "stored": stored.how}


def _error(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status_code=status, headers=dict(headers or {}))


async def _serve() -> None:
    settings = Settings(
        tokens=Path(os.environ.get("FIREDOOR_TOKENS_DIR", "/etc/firedoor/tokens")),
        home=os.environ.get("FIREDOOR_NAMESPACE", names.HOME_NAMESPACE_DEFAULT),
    )
    async with connect() as kube:
        port = int(os.environ.get("FIREDOOR_PORT", "8080"))
        host = os.environ.get("FIREDOOR_HOST", "")  # every address of the pod, of both families
        config = uvicorn.Config(
            build_app(settings, kube),
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
        )
        await uvicorn.Server(config).serve()


def main() -> None:
    """Serves until it is asked to end."""
    asyncio.run(_serve())
