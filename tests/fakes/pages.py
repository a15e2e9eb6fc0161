"""Listings in pages, as an API server gives them to whoever sets a limit: every page is of the moment of the first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fakes.objects import Obj, Refusal


@dataclass
class Pages:
    """What is still owed to those who began a listing."""

    _owed: dict[str, list[Obj]] = field(default_factory=dict)
    _begun: int = 0

    def cut(self, found: list[Obj], query: Mapping[str, str]) -> tuple[list[Obj], str]:
        """One page, and the token by which the next is asked for. found: everything, as of now."""
        token = query.get("continue", "")
        if token and token not in self._owed:
            raise Refusal(410, "Expired", "The provided continue parameter is too old")
        items = self._owed.pop(token) if token else found
        limit = int(query.get("limit") or 0) or len(items)
        if len(items) <= limit:
            return items, ""
        self._begun += 1
        self._owed[following := f"page-{self._begun}"] = items[limit:]
        return items[:limit], following
