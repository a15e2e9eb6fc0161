"""The copier: one run, one sealed bag, one bucket; everything that it says was seen by asking the store again.

Runs as `firedoor copy-bag`. Started again after a kill, it finds what is there by its checksum and goes on. Writes to the
store and its termination message and nowhere else; an end with status 3 has its reason there.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from firedoor.evidence.copies import parts
from firedoor.evidence.copies.cut import Cut, measured
from firedoor.evidence.copies.listing import altered, listed
from firedoor.evidence.copies.refused import Refused
from firedoor.evidence.copies.road import road
from firedoor.evidence.copies.store import Found, Lock, Store, stamp

log = logging.getLogger(__name__)
ORDER: Final = "FIREDOOR_COPY"
REFUSED: Final = 3
"""Exit status of a run that could not copy and knows why."""
NAMED: Final = 5
"""Objects that a sentence names; more are counted."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to copy where, and how long it is to be kept."""

    bundle: str
    sealed_as: str
    """SHA-256 of the tag manifest, as the controller knows it."""
    bucket: str
    """Its URL."""
    region: str
    folder: str
    """What the keys of all objects begin with."""
    lock: Lock

    @classmethod
    def load(cls, text: str) -> Self:
        told: dict[str, str] = json.loads(text)
        lock = Lock(told["mode"], datetime.fromisoformat(told["retainUntil"]).replace(microsecond=0))
        return cls(told["bundle"], told["sealedAs"], told["bucket"], told["region"], told["folder"], lock)

    def key(self, path: str) -> str:
        return f"{self.folder}/{path}"


@dataclass(slots=True)
class Copying:
    """One bag on its way."""

    bag: Path
    order: Order
    store: Store

    async def copy(self) -> dict[str, Any]:
        """Copies what is not there yet, then asks the store for all of it; what it said. Refused: not all is well."""
        await self.store.must_lock()
        cuts: dict[str, Cut] = {}
        replaced = []
        for path, sealed in listed(self.bag, self.order.sealed_as).items():
            cuts[path] = self._measured(path, sealed)
            if await self._lay_down(path, cuts[path]):
                replaced.append(path)
        found = [await self._verified(path, cut) for path, cut in cuts.items()]
        return self._told(found, replaced)

    def _measured(self, path: str, sealed: str | None) -> Cut:
        cut = measured(self.bag / path)
        if sealed not in (None, cut.sha256):
            raise altered(path, cut.sha256, str(sealed))
        return cut

    async def _lay_down(self, path: str, cut: Cut) -> bool:
        """Sees to it that the object is there; whether something else was in its place."""
        key = self.order.key(path)
        found = await self.store.find(key)
        if found is not None and await self._is(key, found, cut):
            if not found.keeps(self.order.lock):
                await self.store.keep_longer(key, found, self.order.lock)
            return False
        lay = (
            self.store.put(key, self.bag / path, cut, self.order.lock) if len(cut.parts) == 1 else self._in_parts(key, path, cut)
        )
        await lay
        return found is not None

    async def _in_parts(self, key: str, path: str, cut: Cut) -> None:
        await parts.lay_down(self.store.road, key, self.bag / path, cut, self.order.lock)

    async def _is(self, key: str, found: Found, cut: Cut) -> bool:
        return found.size == cut.size and await self.store.checksum(key, found) == cut.checksum

    async def _verified(self, path: str, cut: Cut) -> Found:
        key = self.order.key(path)
        found = await self.store.find(key)
        if found is None:
            raise Refused("CopyDiffers", f"{key} was laid down and is not there any more")
        if not await self._is(key, found, cut):
            raise Refused("CopyDiffers", f"{key} was laid down and now has another content")
        if not found.keeps(self.order.lock):
            until = stamp(found.until) if found.until else "never"
            raise Refused("NotLocked", f"{key} is locked {found.mode or 'not at all'} until {until}, not as asked")
        return found

    def _told(self, found: list[Found], replaced: list[str]) -> dict[str, Any]:
        until = min(one.until for one in found if one.until)
        names = ", ".join(replaced[:NAMED]) + (f" and {len(replaced) - NAMED} more" if len(replaced) > NAMED else "")
        return {
            "objects": len(found),
            "bytes": sum(one.size for one in found),
            "mode": self.order.lock.mode,
            "retainUntil": stamp(until),
            "replaced": names,
        }


async def run(order: Order, root: Path, credentials: Path) -> dict[str, Any]:
    """Carries out an order."""
    async with road(order.bucket, order.region, credentials) as way:
        return await Copying(root / order.bundle, order, Store(way)).copy()


def main(environment: Mapping[str, str]) -> int:
    """Carries out the order of the environment; what came of it goes to the termination message."""
    order = Order.load(environment[ORDER])
    root = Path(environment.get("FIREDOOR_EVIDENCE_ROOT", "/evidence"))
    credentials = Path(environment.get("FIREDOOR_STORE_CREDENTIALS", "/var/run/firedoor/store"))
    status, told = 0, {}
    try:
        told = asyncio.run(run(order, root, credentials))
        log.info("copied %s to %s/%s: %s objects", order.bundle, order.bucket, order.folder, told["objects"])
    except Refused as refused:
        status, told = REFUSED, {"reason": refused.reason, "message": refused.message}
        log.error("%s is not copied: %s: %s", order.bundle, refused.reason, refused.message)
    Path(environment.get("FIREDOOR_TERMINATION", "/dev/termination-log")).write_text(json.dumps(told))
    return status
