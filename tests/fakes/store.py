"""What the fake API server holds, and every change that was ever made: a test can ask what has never been true.

Tests use it as somebody else at the same cluster; the server in front of it does what requests ask for.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from tests.fakes import objects
from tests.fakes.kinds import typed
from tests.fakes.objects import Obj, Refusal, selected
from tests.fakes.patches import merged

Key = tuple[str, str, str]
"""Collection, namespace, name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object; `before` is None when it was made, `after` when it went."""

    version: int
    key: Key
    before: Obj | None
    after: Obj | None

    def told(self, labels: str) -> Obj | None:
        """The watch event for whoever selects by these labels, if it is one."""
        was, now = selected(self.before, labels), selected(self.after, labels)
        if now:
            return {"type": "MODIFIED" if was else "ADDED", "object": self.after}
        last = self.after or self.before
        return {"type": "DELETED", "object": objects.gone(last, self.version)} if was and last else None


@dataclass
class Store:
    """The objects of one cluster."""

    held: dict[Key, Obj] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    version: int = 100
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, collection: str, obj: Obj) -> Obj:
        """Makes an object; 409 when the name is taken."""
        metadata = obj["metadata"]
        key = (collection, metadata.get("namespace", ""), metadata["name"])
        if key in self.held:
            raise Refusal(409, "AlreadyExists", f"{key} exists")
        return self._became(key, None, objects.created(typed(collection, obj), self.version + 1))

    def get(self, collection: str, namespace: str, name: str) -> Obj:
        """The object; 404 when there is none."""
        found = self.held.get((collection, namespace, name))
        if found is None:
            raise Refusal(404, "NotFound", f"{collection} {namespace}/{name} not found")
        return found

    def all(self, collection: str, namespace: str = "", labels: str = "") -> list[Obj]:
        """The objects of a namespace, or of the cluster."""
        return [
            obj
            for (kind, place, _), obj in self.held.items()
            if kind == collection and namespace in ("", place) and selected(obj, labels)
        ]

    def change(self, collection: str, namespace: str, name: str, patch: Obj) -> Obj:
        """Changes an object by a merge patch."""
        return self.replace((collection, namespace, name), lambda before: dict(merged(before, patch)))

    def replace(self, key: Key, form: Callable[[Obj], Obj]) -> Obj:
        """Gives an object a new form; one that says nothing new is no change, and one that nothing holds any more goes."""
        before = self.get(*key)
        wanted = objects.tidied(form(copy.deepcopy(before)))
        objects.check_finalizers(before, wanted)
        if wanted == before:
            return before
        after = objects.changed(before, wanted, self.version + 1)
        if "deletionTimestamp" in after["metadata"] and not after["metadata"].get("finalizers"):
            self._became(key, after, None)
            return after
        return self._became(key, before, after)

    def remove(self, collection: str, namespace: str, name: str, preconditions: Obj | None = None) -> Obj:
        """Deletes an object; finalizers hold it."""
        key, found = (collection, namespace, name), self.get(collection, namespace, name)
        objects.check(found, preconditions or {})
        if found["metadata"].get("finalizers"):
            return self.change(*key, {"metadata": {"deletionTimestamp": objects.stamp()}})
        self._became(key, found, None)
        return found

    async def changes(self, since: int) -> AsyncIterator[Change]:
        """All changes after this version, those of before and those to come."""
        at = 0
        while True:
            while at < len(self.history):
                if self.history[at].version > since:
                    yield self.history[at]
                at += 1
            await self._news.wait()

    def _became(self, key: Key, before: Obj | None, after: Obj | None) -> Obj:
        self.version += 1
        self.history.append(Change(self.version, key, before, after))
        if after is None:
            del self.held[key]
        else:
            self.held[key] = after
        self._news.set()
        self._news = asyncio.Event()
        return after or {}
