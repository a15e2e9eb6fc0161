"""An index: which uids have a key, so that nobody looks through all incidents for the few that matter.

The ledger keeps one over everything that it is asked by. It knows keys and uids, not incidents.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Key = tuple[str, ...]


@dataclass(slots=True)
class Index:
    """Uids by the keys that they have now, in the order in which they came."""

    _uids: dict[Key, dict[str, None]] = field(default_factory=dict)
    _keys: dict[str, tuple[Key, ...]] = field(default_factory=dict)

    def put(self, uid: str, keys: Iterable[Key]) -> None:
        """Gives a uid these keys instead of those that it had."""
        now, before = tuple(dict.fromkeys(keys)), self._keys.get(uid, ())
        if now == before:
            return
        for key in before:
            if key not in now:
                self._leave(uid, key)
        for key in now:
            self._uids.setdefault(key, {})[uid] = None
        self._keys[uid] = now

    def of(self, *key: str) -> tuple[str, ...]:
        """The uids that have this key."""
        return tuple(self._uids.get(key, ()))

    def drop(self, uid: str) -> None:
        """Forgets a uid."""
        for key in self._keys.pop(uid, ()):
            self._leave(uid, key)

    def _leave(self, uid: str, key: Key) -> None:
        del self._uids[key][uid]
        if not self._uids[key]:
            del self._uids[key]
