"""What an object store is asked for: what is there, to lay a file down under a lock, and to keep it locked for longer.

The copier uses it; nothing else of firedoor speaks to a store. What it says of an object is believed only as far as the
copier compares it: length, checksum, lock.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from firedoor.evidence.copies.cut import BLOCK, Cut, Meter, blocks, encoded
from firedoor.evidence.copies.refused import Refused
from firedoor.evidence.copies.road import Road, Sending

CHECKSUM: Final = "x-amz-checksum-sha256"


@dataclass(frozen=True, slots=True)
class Lock:
    """How an object is kept: COMPLIANCE, which nobody lifts, or GOVERNANCE, which those with a special right can; until when."""

    mode: str
    until: datetime

    @property
    def headers(self) -> dict[str, str]:
        return {"x-amz-object-lock-mode": self.mode, "x-amz-object-lock-retain-until-date": stamp(self.until)}


@dataclass(frozen=True, slots=True)
class Found:
    """The version of an object that its key leads to."""

    version: str
    size: int
    checksum: str
    """Empty where the store does not say it."""
    mode: str
    until: datetime | None

    def keeps(self, lock: Lock) -> bool:
        """Whether it is locked for at least as long as asked, and at least as well."""
        return self.mode in (lock.mode, "COMPLIANCE") and self.until is not None and self.until >= lock.until


class Store:
    """One bucket."""

    def __init__(self, road: Road) -> None:
        self.road = road

    async def must_lock(self) -> None:
        """Refused ObjectLockOff: the bucket cannot keep anything from being deleted."""
        told = await self.road.ask("GET", params={"object-lock": ""})
        if told.xml().findtext(".//ObjectLockEnabled") != "Enabled":
            raise Refused("ObjectLockOff", f"bucket {self.road.url} has no Object Lock")

    async def find(self, key: str) -> Found | None:
        """What is there, or None."""
        try:
            told = await self.road.ask("HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"})
        except Refused as refused:
            if refused.reason == "NotThere":
                return None
            raise
        until = told.headers.get("x-amz-object-lock-retain-until-date")
        return Found(
            version=told.headers.get("x-amz-version-id", ""),
            size=int(told.headers.get("content-length", "0")),
            checksum=told.headers.get(CHECKSUM, ""),
            mode=told.headers.get("x-amz-object-lock-mode", ""),
            until=datetime.fromisoformat(until) if until else None,
        )

    async def checksum(self, key: str, found: Found) -> str:
        """Of what is there: as the store says, else of its bytes, read back."""
        if found.checksum:
            return found.checksum
        meter = Meter(found.size)
        async with self.road.opened("GET", key, params={"versionId": found.version} if found.version else {}) as answer:
            async for block in answer.content.iter_chunked(BLOCK):
                meter.take(block)
        return meter.cut().checksum

    async def put(self, key: str, file: Path, cut: Cut, lock: Lock) -> None:
        """Lays a file down in one piece; the store compares what arrives with the checksum."""
        sending = Sending(lambda: blocks(file), cut.size, cut.sha256)
        await self.road.ask("PUT", key, headers={**lock.headers, CHECKSUM: cut.checksum}, sending=sending)

    async def keep_longer(self, key: str, found: Found, lock: Lock) -> None:
        """Locks the version that is there as asked."""
        body = f"<Retention><Mode>{lock.mode}</Mode><RetainUntilDate>{stamp(lock.until)}</RetainUntilDate></Retention>".encode()
        params = {"retention": "", **({"versionId": found.version} if found.version else {})}
        headers = {CHECKSUM: encoded(hashlib.sha256(body).digest())}
        await self.road.ask("PUT", key, params=params, headers=headers, sending=Sending.of(body))


def stamp(at: datetime) -> str:
    """A moment as stores take it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
