"""What the planner sees of identities: the list of the frozen ones, and the ServiceAccount that a suspect acts as.

The controller makes them when it observes. A ServiceAccount's Secrets are known by name only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from firedoor.api import names

Json = Mapping[str, Any]
CLOUD_ROLES = ("eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id")
"""Annotations by which a cloud gives a ServiceAccount's pods a role there."""


@dataclass(frozen=True, slots=True)
class FrozenList:
    """The ConfigMap that the admission policy reads: each key is a frozen identity, its value the uid8s of its holders."""

    resource_version: str
    holders: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, config_map: Json) -> Self:
        data = config_map.get("data") or {}
        return cls(config_map["metadata"]["resourceVersion"], {key: tuple(value.split()) for key, value in data.items()})

    def of(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Who holds each of these keys now."""
        return {key: self.holders.get(key, ()) for key in keys}

    def held_by(self, incident_uid: str) -> tuple[str, ...]:
        """The keys that this incident holds."""
        own = names.uid8(incident_uid)
        return tuple(sorted(key for key, holders in self.holders.items() if own in holders))


@dataclass(frozen=True, slots=True)
class AccountView:
    """A ServiceAccount as a bearer of credentials."""

    namespace: str
    name: str
    cloud_roles: Mapping[str, str]
    secrets: tuple[str, ...]

    @classmethod
    def read(cls, account: Json) -> Self:
        metadata = account["metadata"]
        annotations = metadata.get("annotations") or {}
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            cloud_roles={key: annotations[key] for key in CLOUD_ROLES if key in annotations},
            secrets=tuple(secret["name"] for secret in account.get("secrets") or ()),
        )


@dataclass(frozen=True, slots=True)
class IdentityView:
    """What is known of the suspect's identity."""

    looked: bool = False
    """Whether any of it was looked at."""
    frozen: FrozenList | None = None
    enforced: bool = False
    """Whether the API server, asked, said that it refuses the keys that this incident holds."""
    account: AccountView | None = None

    def with_holder(self, incident_uid: str, keys: Iterable[str]) -> Self:
        """The same once this incident holds these keys too."""
        own = names.uid8(incident_uid)
        return self._with({key: (*holders, own) for key, holders in self._of(keys).items()})

    def without_holder(self, incident_uid: str, keys: Iterable[str]) -> Self:
        """The same once this incident holds these keys no more."""
        own = names.uid8(incident_uid)
        return self._with({key: tuple(one for one in holders if one != own) for key, holders in self._of(keys).items()})

    def _of(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return self.frozen.of(keys) if self.frozen else {}

    def _with(self, changed: Mapping[str, tuple[str, ...]]) -> Self:
        if self.frozen is None:
            return self
        holders = {key: holders for key, holders in {**self.frozen.holders, **changed}.items() if holders}
        return replace(self, frozen=replace(self.frozen, holders=holders))


NOT_LOOKED: Final = IdentityView()
