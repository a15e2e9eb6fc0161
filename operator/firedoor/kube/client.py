"""The verbs: get, list, create, apply, patch, delete, logs and exec, as raw JSON; errors as one tree.

Everyone who needs the API server is given a `Kube`. It keeps no state but a count of its calls.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from firedoor.api.names import FIELD_MANAGER
from firedoor.kube.errors import Conflict, Gone, Unavailable, from_answer, in_words
from firedoor.kube.exec import BROKEN, ExecStream, websocket
from firedoor.kube.resources import PODS, SERVICE_ACCOUNTS, Resource

Obj = dict[str, Any]
JsonPatch = list[Obj]

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
CHUNK = 500
GROUPS = Resource("", "", "groups", "APIGroup", namespaced=False)
VERSION = Resource("", "", "version", "Version", namespaced=False)
TOKEN_SECONDS = 600
"""The shortest that the API server gives."""
STREAM = aiohttp.ClientTimeout(total=None, sock_connect=3.0, sock_read=None)


class Kube:
    """The road to one API server."""

    def __init__(self, server: str, session: aiohttp.ClientSession) -> None:
        self.server = server.rstrip("/")
        self.session = session
        self.calls: Counter[tuple[str, str]] = Counter()
        """How often each verb was used on each resource."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        """One object; Gone when there is none."""
        return await self._call("get", resource, "GET", resource.path(namespace, name))

    async def find(self, resource: Resource, name: str, namespace: str | None = None, *, recalled: bool = False) -> Obj | None:
        """One object, or None when there is none.

        recalled: as the API server's own memory has it, which spares the way to etcd and may lag behind (resourceVersion=0,
        "Any" in Kubernetes' API concepts). Good where a patch tests the version.
        """
        try:
            if recalled:
                return await self._call("get", resource, "GET", resource.path(namespace, name), {"resourceVersion": "0"})
            return await self.get(resource, name, namespace)
        except Gone:
            return None

    async def list(self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Obj]:
        """All objects of a namespace, or of the cluster; each with its apiVersion and kind."""
        return [found async for page in self.pages(resource, namespace, labels=labels, fields=fields) for found in page]

    async def pages(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "", size: int = CHUNK
    ) -> AsyncIterator[Sequence[Obj]]:
        """The same a page at a time, for whoever need not keep them all; every page is of the same moment."""
        query = {"limit": str(size), "labelSelector": labels, "fieldSelector": fields}
        query = {key: value for key, value in query.items() if value}
        while True:
            page = await self._call("list", resource, "GET", resource.path(namespace), query)
            yield [{"apiVersion": resource.api_version, "kind": resource.kind, **item} for item in page["items"]]
            rest = page.get("metadata", {}).get("continue")
            if not rest:
                return
            query = {**query, "continue": rest}

    async def groups(self) -> dict[str, tuple[str, ...]]:
        """The API groups that the server serves, each with its versions, the preferred one first."""
        found = await self._call("discover", GROUPS, "GET", "/apis")
        return {group["name"]: tuple(version["version"] for version in group["versions"]) for group in found["groups"]}

    async def version(self) -> str:
        """The version of the server: the least that can be asked."""
        return str((await self._call("get", VERSION, "GET", "/version")).get("gitVersion", ""))

    async def create(self, resource: Resource, obj: Obj) -> Obj:
        """Makes an object; Conflict when the name is taken."""
        path = resource.path(obj["metadata"].get("namespace"))
        return await self._call("create", resource, "POST", path, {"fieldManager": FIELD_MANAGER}, obj)

    async def ensure(self, resource: Resource, obj: Obj) -> Obj | None:
        """Makes an object; None where its name is taken, which is well. Conflict: a quota moved, and nothing was made."""
        try:
            return await self.create(resource, obj)
        except Conflict as conflict:
            if conflict.reason != "AlreadyExists":
                raise
            return None

    async def apply(self, resource: Resource, obj: Obj, *, subresource: str | None = None) -> Obj:
        """Server-side apply, forced: the fields in `obj` become ours (KEP-555)."""
        metadata = obj["metadata"]
        path = resource.path(metadata.get("namespace"), metadata["name"], subresource)
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._call("apply", resource, "PATCH", path, query, obj, APPLY_PATCH)

    async def patch(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        body: Obj | JsonPatch,
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Obj:
        """A JSON patch when the body is a list, a merge patch when it is an object; Conflict when a tested version moved.

        A dry run goes through admission and changes nothing.
        """
        content = JSON_PATCH if isinstance(body, list) else MERGE_PATCH
        path = resource.path(namespace, name, subresource)
        query = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
        return await self._call("patch", resource, "PATCH", path, query, body, content)

    async def delete(self, resource: Resource, name: str, namespace: str | None, *, uid: str | None = None) -> None:
        """Deletes an object, and what it owns in the background; with a uid only that very object, else Conflict."""
        options: Obj = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        await self._call("delete", resource, "DELETE", resource.path(namespace, name), {}, options)

    async def token(self, namespace: str, account: str, seconds: int = TOKEN_SECONDS) -> str:
        """A token of a ServiceAccount, for so long."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
        path = SERVICE_ACCOUNTS.path(namespace, account, "token")
        return str((await self._call("create", SERVICE_ACCOUNTS, "POST", path, None, body))["status"]["token"])

    async def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, since: str = ""
    ) -> AsyncIterator[bytes]:
        """A container's log with timestamps, raw and unbounded, in the chunks in which it comes; `since` in whole seconds."""
        query = {"container": container, "timestamps": "true", **({"previous": "true"} if previous else {})}
        query |= {"sinceTime": since} if since else {}
        url = self.server + PODS.path(namespace, pod, "log")
        what = f"log of container {container} in pod {namespace}/{pod}"
        self.calls["logs", PODS.plural] += 1
        try:
            async with self.session.get(url, params=query, timeout=STREAM) as answer:
                if answer.status >= 400:
                    raise from_answer(answer.status, await answer.read(), what)
                async for chunk in answer.content.iter_any():
                    yield chunk
        except BROKEN as error:
            raise Unavailable(f"{what}: {in_words(error)}") from error

    @asynccontextmanager
    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool = True
    ) -> AsyncIterator[ExecStream]:
        """A command in a container, as a stream of its output that takes input; argv, never a shell line."""
        query = [("container", container), ("stdout", "true"), ("stderr", "true"), ("stdin", str(stdin).lower())]
        url = self.server + PODS.path(namespace, pod, "exec")
        what = f"exec in container {container} of pod {namespace}/{pod}"
        self.calls["exec", PODS.plural] += 1
        arguments = [("command", word) for word in command]
        async with websocket(self.session, url, [*query, *arguments], what) as stream:
            yield stream

    async def _call(
        self,
        verb: str,
        resource: Resource,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content: str = JSON,
    ) -> Obj:
        self.calls[verb, resource.plural] += 1
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": JSON, **({"Content-Type": content} if data is not None else {})}
        what = f"{verb} {path}"
        try:
            async with self.session.request(method, self.server + path, params=query, data=data, headers=headers) as answer:
                raw = await answer.read()
        except BROKEN as error:
            raise Unavailable(f"{what}: {in_words(error)}") from error
        if answer.status >= 400:
            raise from_answer(answer.status, raw, what)
        found: Obj = json.loads(raw)
        return found
