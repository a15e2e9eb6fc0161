"""What the cluster knows of the suspect: who owns it, whom it acts as and what that may do, what led to it, where it ran.

Read-only, and by reference where it is secret: Secrets and ConfigMaps are named, never read. Policies are kept when the
capture begins and when it ends; firedoor's own carry its labels.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from firedoor.api import names
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import CLUSTER, Kind, Way
from firedoor.evidence.order import CaptureOrder
from firedoor.evidence.redact import redacted
from firedoor.evidence.sources.objects import keep
from firedoor.evidence.sources.suspect import patiently, reason_of
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import KubeError
from firedoor.kube.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    NETWORK_POLICIES,
    NODES,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    SERVICES,
    TARGETS,
)

OWNERS_MOST: Final = 8
ROLES_MOST: Final = 200


class Context:
    """The surroundings of one suspect, each kept once."""

    def __init__(self, bag: Bag, order: CaptureOrder, kube: Kube, pod: Obj, key: str) -> None:
        self._bag = bag
        self._order = order
        self._kube = kube
        self._pod = pod
        self._key = key

    async def at_the_start(self) -> None:
        """What firedoor's own acts may change."""
        await self._kept("policies", self._policies)

    async def at_the_end(self) -> None:
        """All else, and the policies once more."""
        await self._kept("owners", self._owners)
        await self._kept("service-account", self._account)
        await self._kept("bindings", self._bindings)
        await self._kept("services", self._services)
        await self._kept("node", self._node)
        await self._kept("policies.final", self._policies)
        keep(self._bag, f"{CLUSTER}/references.json", self._source("references"), references(self._pod))
        keep(self._bag, f"{CLUSTER}/images.json", self._source("images"), images(self._pod))

    async def _kept(self, about: str, ask: Callable[[], Awaitable[object]]) -> None:
        planned = f"{CLUSTER}/{about}.json"
        if self._bag.has(planned):
            return
        try:
            found = await ask()
        except KubeError as error:
            self._bag.skip(planned, self._source(about), "failed", reason_of(error), str(error))
        else:
            keep(self._bag, planned, self._source(about), redacted(found, self._key))

    def _source(self, about: str) -> dict[str, str]:
        return {"kind": Kind.CONTEXT, "way": Way.API, "about": about}

    async def _policies(self) -> list[Obj]:
        return await patiently(lambda: self._kube.list(NETWORK_POLICIES, self._order.namespace), self._order.limits)

    async def _owners(self) -> list[Obj]:
        """From the nearest to the top. A released suspect has none any more; what it had been owned by is in its notes."""
        chain: list[Obj] = []
        wanted = _controller(self._pod) or _recorded_owner(self._pod)
        while wanted is not None and len(chain) < OWNERS_MOST and wanted["kind"] in TARGETS:
            resource, name = TARGETS[wanted["kind"]], wanted["name"]
            found = await self._kube.find(resource, name, self._order.namespace)
            if found is None:
                break
            chain.append({"apiVersion": resource.api_version, "kind": resource.kind, **found})
            wanted = _controller(found)
        return chain

    async def _account(self) -> Obj | None:
        return await self._kube.find(SERVICE_ACCOUNTS, self._account_name, self._order.namespace)

    async def _bindings(self) -> dict[str, list[Obj]]:
        """Role bindings that name the suspect's account or a group that it is in, and the roles that they give it."""
        limits, namespace = self._order.limits, self._order.namespace
        found = await patiently(lambda: self._kube.list(ROLE_BINDINGS, namespace), limits)
        found += await patiently(lambda: self._kube.list(CLUSTER_ROLE_BINDINGS), limits)
        bound = [binding for binding in found if binds(binding, namespace, self._account_name)]
        wanted = {(binding["roleRef"]["kind"], binding["roleRef"]["name"]) for binding in bound}
        roles = [role for kind, name in sorted(wanted)[:ROLES_MOST] if (role := await self._role(kind, name))]
        return {"bindings": bound, "roles": roles}

    async def _role(self, kind: str, name: str) -> Obj | None:
        resource = CLUSTER_ROLES if kind == "ClusterRole" else ROLES
        return await self._kube.find(resource, name, None if kind == "ClusterRole" else self._order.namespace)

    async def _services(self) -> list[Obj]:
        """Services that select the suspect by its labels as they are, or as they were before firedoor took them off."""
        every = await patiently(lambda: self._kube.list(SERVICES, self._order.namespace), self._order.limits)
        before = recorded(self._pod).get("labels")
        told = [self._pod["metadata"].get("labels") or {}, before if isinstance(before, dict) else {}]
        return [service for service in every if any(led_to(service, labels) for labels in told)]

    async def _node(self) -> Obj | None:
        name = self._pod["spec"].get("nodeName")
        return await self._kube.find(NODES, name) if name else None

    @property
    def _account_name(self) -> str:
        return str(self._pod["spec"].get("serviceAccountName") or "default")


def binds(binding: Obj, namespace: str, account: str) -> bool:
    """Whether a role binding is about this account, by name or by one of the groups that every account is in."""
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"}
    where = binding["metadata"].get("namespace", "")
    return any(
        (subject["kind"] == "Group" and subject["name"] in groups)
        or (subject["kind"] == "ServiceAccount" and (subject.get("namespace") or where, subject["name"]) == (namespace, account))
        or (subject["kind"] == "User" and subject["name"] == f"system:serviceaccount:{namespace}:{account}")
        for subject in binding.get("subjects") or ()
    )


def led_to(service: Obj, labels: Mapping[str, str]) -> bool:
    """Whether a service selects these labels; one without a selector selects nothing by itself."""
    selector = service["spec"].get("selector") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def recorded(pod: Obj) -> Mapping[str, Any]:
    """What firedoor noted on the pod of how it was before. The pod's owner can edit it: it is shown, never acted on."""
    note = (pod["metadata"].get("annotations") or {}).get(names.PRIOR, "{}")
    try:
        found = json.loads(note)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def references(pod: Obj) -> list[dict[str, str]]:
    """Secrets, ConfigMaps and claims that the pod uses, by name alone."""
    return [dict(one) for one in sorted({tuple(sorted(one.items())) for one in _references(pod["spec"])})]


def images(pod: Obj) -> list[dict[str, str]]:
    """What each container runs, by the digest that the runtime says."""
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    statuses = [status for kind in kinds for status in pod.get("status", {}).get(kind) or ()]
    return [{key: str(status.get(key, "")) for key in ("name", "image", "imageID", "containerID")} for status in statuses]


def _references(found: Any) -> Iterator[dict[str, str]]:
    """Wherever in a spec: {secretKeyRef: {name}}, {secret: {secretName}}, {configMap: {name}} and the like."""
    if isinstance(found, list):
        for one in found:
            yield from _references(one)
    if not isinstance(found, dict):
        return
    for field, value in found.items():
        if field in REFERRING and isinstance(value, dict):
            name = value.get("name") or value.get("secretName") or value.get("claimName")
            key = {"key": str(value["key"])} if "key" in value else {}
            if name:
                yield {"kind": REFERRING[field], "name": str(name), **key}
        elif field == "imagePullSecrets":
            yield from ({"kind": "Secret", "name": str(one.get("name", ""))} for one in value)
        yield from _references(value)


REFERRING: Final = {
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
    "secret": "Secret",
    "nodePublishSecretRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMap": "ConfigMap",
    "persistentVolumeClaim": "PersistentVolumeClaim",
}


def _controller(found: Obj) -> Obj | None:
    owners = found["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def _recorded_owner(pod: Obj) -> Obj | None:
    owner = recorded(pod).get("owner")
    return owner if isinstance(owner, dict) and {"kind", "name"} <= owner.keys() else None
