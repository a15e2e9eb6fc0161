"""The connection: where the API server is, and HTTP sessions that carry this process's credentials.

Stands on the official client for configuration (in the cluster, else the kubeconfig) and for refreshing tokens. Its
typed models and request path are left aside: raw JSON over the same aiohttp costs a third (kopf study, section 3).
"""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import incluster_config, kube_config

from firedoor.kube.client import Kube

POOL_LIMIT = 64
CONNECT_SECONDS = 3.0
VERB_SECONDS = 10.0


async def configuration() -> Configuration:
    """This process's configuration: of its pod when it runs in one, else of the kubeconfig."""
    found = Configuration()
    if incluster_config.SERVICE_HOST_ENV_NAME in os.environ and "KUBECONFIG" not in os.environ:
        incluster_config.load_incluster_config(client_configuration=found)  # type: ignore[no-untyped-call]
    else:
        await kube_config.load_kube_config(config_file=os.environ.get("KUBECONFIG"), client_configuration=found)  # type: ignore[no-untyped-call]
    return found


def session(config: Configuration, limit: int = POOL_LIMIT) -> aiohttp.ClientSession:
    """An HTTP session whose every request carries the credentials as they are at that moment."""

    async def authorize(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        token = await config.get_api_key_with_prefix("BearerToken")
        if token:
            request.headers["Authorization"] = token
        return await handler(request)

    connector = aiohttp.TCPConnector(limit=limit, ssl=_trust(config), keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=VERB_SECONDS, sock_connect=CONNECT_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(authorize,), trust_env=False)


@asynccontextmanager
async def connect() -> AsyncIterator[Kube]:
    """The road, open as long as the context lasts."""
    config = await configuration()
    async with session(config) as opened:
        yield Kube(config.host, opened)


def _trust(config: Configuration) -> ssl.SSLContext | bool:
    if config.host.startswith("http://"):
        return False
    context = ssl.create_default_context(cafile=config.ssl_ca_cert, cadata=config.ca_cert_data)
    # Kubernetes' own CAs seldom carry the extensions that the strict flag asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if config.cert_file:
        context.load_cert_chain(config.cert_file, keyfile=config.key_file)
    if not config.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
