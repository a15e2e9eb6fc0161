"""The road to one bucket: signed requests by aiohttp-s3-client, tried again while they fail in a way that passes.

`Store` and `parts` use it. Redirects are not followed: a signed request goes nowhere else.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import aiohttp
from aiohttp_s3_client import S3Client

from firedoor.evidence.copies import answers
from firedoor.evidence.copies.answers import Answer
from firedoor.evidence.copies.refused import Refused

PAUSES: Final = (1.0, 2.0, 4.0)
TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=60.0)
KEY_ID: Final = "access-key-id"
KEY: Final = "secret-access-key"
TRUSTED: Final = "ca.crt"
"""Keys of the Secret with the credentials; the last is there only where the store's certificate is signed by nobody known."""
NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Sending:
    """What goes along with a request: its bytes, from the beginning each time that they are asked for."""

    blocks: Callable[[], Iterable[bytes]]
    length: int
    sha256: str

    @classmethod
    def of(cls, body: bytes) -> Self:
        return cls(lambda: [body], len(body), hashlib.sha256(body).hexdigest())

    async def stream(self) -> AsyncIterator[bytes]:
        for block in self.blocks():
            yield block


class Road:
    """Requests about the objects of one bucket."""

    def __init__(self, client: S3Client, pauses: tuple[float, ...] = PAUSES) -> None:
        self._client = client
        self._pauses = pauses
        self.url = str(client.url)

    async def ask(
        self,
        method: str,
        key: str = "",
        *,
        params: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        sending: Sending | None = None,
    ) -> Answer:
        """One request and its answer. Refused: it failed, also when it was tried again."""
        for pause in (*self._pauses, 0.0):
            try:
                async with self.opened(method, key, params=params, headers=headers, sending=sending) as answer:
                    return Answer(answer.headers, await _body(answer))
            except Refused as refused:
                if not (refused.passing and pause):
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("the last try answers or raises")

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        key: str,
        *,
        params: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        sending: Sending | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One good answer, to be read by the caller. Refused: it is none, or breaks off."""
        what = f"{method} {self.url}/{key}".rstrip("/")
        try:
            async with self._sent(method, key, params, headers, sending) as answer:
                if answer.status >= 300:
                    raise answers.error(answer.status, await _body(answer), what)
                yield answer
        except aiohttp.ClientConnectorCertificateError as error:
            raise Refused("CertificateNotTrusted", f"{what}: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            words = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            raise Refused("StoreUnreachable", f"{what}: {words}", passing=True) from error

    def _sent(
        self, method: str, key: str, params: Mapping[str, str], headers: Mapping[str, str], sending: Sending | None
    ) -> "aiohttp.client._RequestContextManager":
        empty = sending is None and method in ("PUT", "POST")
        return self._client.request(
            method,
            key,
            headers=dict(headers),
            params=dict(params),
            data=None if sending is None else sending.stream(),
            data_length=None if sending is None else sending.length,
            content_sha256=Sending.of(b"").sha256 if empty else sending.sha256 if sending else None,
            allow_redirects=False,
        )


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """As much as is ever asked for; whoever sends more is not listened to."""
    raw = b""
    async for block in answer.content.iter_any():
        raw += block
        if len(raw) > answers.MOST:
            raise Refused("StoreRefused", "the store's answer is longer than any that was asked for")
    return raw


@asynccontextmanager
async def road(bucket_url: str, region: str, credentials: Path) -> AsyncIterator[Road]:
    """The road to a bucket, with the credentials in a folder. Refused CredentialsMissing: they are not there."""
    try:
        key_id, key = ((credentials / name).read_text().strip() for name in (KEY_ID, KEY))
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise Refused("CredentialsMissing", f"the Secret with the store's credentials has no key {name}") from error
    connector = aiohttp.TCPConnector(ssl=_trust(credentials / TRUSTED))
    async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session:
        yield Road(S3Client(session, bucket_url, key, key_id, region=region))


def _trust(own: Path) -> ssl.SSLContext:
    """The world's certificates, and the store's own authority where there is one."""
    context = ssl.create_default_context()
    if own.exists():
        context.load_verify_locations(own)
    return context
