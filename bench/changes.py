"""What a watch tells, for as long as somebody listens. The floor and the onlooker ask it.

An API server ends the watch of a client that reads too slowly, as one does in a burst; it goes on where it was cut.
"""

import json
from collections.abc import AsyncGenerator

import aiohttp

from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import Resource

STREAM = aiohttp.ClientTimeout(total=None)


async def changes(kube: Kube, resource: Resource, space: str, version: str) -> AsyncGenerator[tuple[str, Obj], None]:
    """The events of a namespace after this version, as type and object; a version that is too old is a RuntimeError."""
    while True:
        query = {"watch": "true", "resourceVersion": version}
        async with kube.session.get(kube.server + resource.path(space), params=query, timeout=STREAM) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise RuntimeError(f"the watch on {resource.plural} cannot go on: {event['object'].get('message')}")
                version = event["object"]["metadata"]["resourceVersion"]
                yield event["type"], event["object"]


async def newest(kube: Kube, resource: Resource, space: str) -> str:
    """The version from which a watch misses nothing that comes after this call."""
    async with kube.session.get(kube.server + resource.path(space), params={"limit": "1"}) as answer:
        answer.raise_for_status()
        return str((await answer.json())["metadata"]["resourceVersion"])
