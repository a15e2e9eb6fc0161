"""Where the API server is, whom to trust there and what to show it: of the pod this process runs in, or of a kubeconfig.

In a pod two files say it all, read here: the official client would say the same and costs 20 MiB of models that nothing
uses, so the operator's image does not even hold it (docs/performance.md). A kubeconfig has many ways to log in, so that
one is read by the official client, an extra of the package.
"""

import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes.aio.client.configuration import Configuration

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet keeps the service account's token and the cluster's CA."""
TOKEN_SECONDS = 60.0
"""How long a token is used before its file is read again; the kubelet renews it well before it ends (KEP-1205)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection needs. `authorization`: the header as it has to be now; empty for none."""

    server: str
    trust: ssl.SSLContext | bool
    authorization: Callable[[], Awaitable[str]]


async def credentials(environment: Mapping[str, str]) -> Credentials:
    """This process's credentials; a KUBECONFIG goes before the pod's own."""
    if "KUBERNETES_SERVICE_HOST" in environment and "KUBECONFIG" not in environment:
        return of_pod(environment, ACCOUNT)
    return await of_kubeconfig(environment.get("KUBECONFIG"))


def of_pod(environment: Mapping[str, str], account: Path) -> Credentials:
    """What the kubelet gave this pod."""
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    address = f"[{host}]" if ":" in host else host
    return Credentials(f"https://{address}:{port}", trusting(cafile=account / "ca.crt"), TokenFile(account / "token"))


async def of_kubeconfig(file: str | None) -> Credentials:
    """What a kubeconfig says, with every way of logging in that the official client knows."""
    try:
        from kubernetes.aio.client.configuration import Configuration
        from kubernetes.aio.config import kube_config
    except ModuleNotFoundError as missing:
        raise RuntimeError("Reading a kubeconfig needs the official client: pip install 'firedoor[kubeconfig]'.") from missing

    found = Configuration()
    await kube_config.load_kube_config(config_file=file, client_configuration=found)  # type: ignore[no-untyped-call]

    async def authorization() -> str:
        return await found.get_api_key_with_prefix("BearerToken") or ""

    return Credentials(found.host, _trust(found), authorization)


class TokenFile:
    """The authorization header from a token file that is renewed from time to time. clock: seconds."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._header = ""
        self._read_at = float("-inf")

    async def __call__(self) -> str:
        if self._clock() - self._read_at > TOKEN_SECONDS:
            self._header = f"Bearer {self._file.read_text().strip()}"
            self._read_at = self._clock()
        return self._header


def trusting(*, cafile: Path | str | None = None, cadata: str | bytes | None = None) -> ssl.SSLContext:
    """A context that trusts this CA alone, or the system's where none is given."""
    context = ssl.create_default_context(cafile=cafile, cadata=cadata)
    # Kubernetes' own CAs seldom carry the extensions that the strict flag asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _trust(found: "Configuration") -> ssl.SSLContext | bool:
    if found.host.startswith("http://"):
        return False
    context = trusting(cafile=found.ssl_ca_cert, cadata=found.ca_cert_data)
    if found.cert_file:
        context.load_cert_chain(found.cert_file, keyfile=found.key_file)
    if not found.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
