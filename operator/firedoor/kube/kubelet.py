"""One kubelet, asked directly for files below /var/log on its node: folders by their listing, files by their bytes.

The API server's own way there (nodes/proxy) is also a way into every container of the node, so it is not taken. A kubelet
sees the token that it is shown, and the node may be the attacker's: so it is never shown one that may do more than this.
Whoever calls it brings such a token, and the CAs that sign kubelets' certificates. Redirects are not followed.
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import aiohttp

from firedoor.kube.client import STREAM, Obj
from firedoor.kube.credentials import trusting
from firedoor.kube.errors import Gone, Invalid, Unavailable, from_answer, in_words
from firedoor.kube.exec import BROKEN

PORT: Final = 10250
LISTING_BYTES: Final = 1 << 20
NAME = re.compile(rb'<a href="([^"]+)">')
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
UNKNOWN_CA: Final = (
    "its certificate is signed by nobody who is trusted. Have kubelets' certificates signed by the cluster's CA "
    "(serverTLSBootstrap), or name their CA in actions.nodeLogs.certificateAuthorities."
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file from some byte on."""

    start: int
    size: int
    """Of the whole file, as it was when it was opened."""
    chunks: AsyncIterator[bytes]


class Kubelet:
    """The road to one kubelet."""

    def __init__(self, server: str, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    async def names(self, folder: str) -> list[str]:
        """The names in a folder, as the listing links them; Gone when there is no such folder."""
        async with self._get(f"{folder}/", {}) as answer:
            listing = await answer.content.read(LISTING_BYTES)
            while not answer.content.at_eof() and len(listing) < LISTING_BYTES:
                listing += await answer.content.read(LISTING_BYTES)
        return [unquote(name.decode("ascii", "replace")) for name in NAME.findall(listing)]

    @asynccontextmanager
    async def file(self, path: str, start: int = 0) -> AsyncIterator[Part]:
        """A file from this byte on; Gone when it is not there, or not so long."""
        async with self._get(path, {"Range": f"bytes={start}-"} if start else {}) as answer:
            if found := RANGE.fullmatch(answer.headers.get("Content-Range", "")):
                yield Part(int(found[1]), int(found[2]), answer.content.iter_any())
            elif answer.content_length is not None:
                yield Part(0, answer.content_length, answer.content.iter_any())
            else:
                raise Invalid(f"{self.server}/logs/{path}: the answer does not say how long the file is")

    @asynccontextmanager
    async def _get(self, path: str, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        what = f"{self.server}/logs/{path}"
        try:
            url = f"{self.server}/logs/{quote(path)}"
            async with self._session.get(url, headers=headers, allow_redirects=False, timeout=STREAM) as answer:
                if answer.status == 416:
                    raise Gone(f"{what}: it is shorter than it was", status=416)
                if answer.status not in (200, 206):
                    raise from_answer(max(answer.status, 400), await answer.content.read(500), what)
                yield answer
        except aiohttp.ClientConnectorCertificateError as error:
            raise Unavailable(f"{what}: {UNKNOWN_CA}") from error
        except BROKEN as error:
            raise Unavailable(f"{what}: {in_words(error)}") from error


def trusted(account: Path, more: str | None) -> ssl.SSLContext:
    """The cluster's own CA, and those of a file that an administrator may have given beside it."""
    context = trusting(cafile=account / "ca.crt")
    if more and Path(more).is_file():
        context.load_verify_locations(cafile=more)
    return context


@asynccontextmanager
async def kubelet(node: Obj, token: str, trust: ssl.SSLContext) -> AsyncIterator[Kubelet]:
    """The road to this node's kubelet, open as long as the context lasts."""
    status = node.get("status", {})
    address = next((one["address"] for one in status.get("addresses") or () if one["type"] == "InternalIP"), None)
    if address is None:
        raise Unavailable(f"node {node['metadata']['name']} has no internal address to ask its kubelet at")
    port = status.get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port", PORT)
    host = f"[{address}]" if ":" in address else address
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2, ssl=trust), headers=headers) as session:
        yield Kubelet(f"https://{host}:{port}", session)
