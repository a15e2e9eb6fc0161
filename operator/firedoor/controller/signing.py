"""Signing what collectors sealed: the controller signs, because it never touches what the suspect wrote.

The loop over the collectors calls it once a sealed bag. What a collector claims is checked against what it was told
before anything is signed. The key is read and used by a process of its own, so that neither it nor the memory of the
cryptography stays here.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from firedoor.actions import signature
from firedoor.api import names
from firedoor.evidence.seal import SIGNED, Seal
from firedoor.kube.client import Kube
from firedoor.kube.resources import CLAIMS

log = logging.getLogger(__name__)
SIGNER_SECONDS = 30.0
SAID_MOST = 300


class Unsigned(Exception):
    """A bag that cannot be signed, and why."""


@dataclass(slots=True)
class Signing:
    """The hand that signs. `key`: the file with the private key, which a Secret puts there; None: signing is off."""

    kube: Kube
    home: str
    image: str
    key: Path | None
    clock: Callable[[], datetime]
    _published: set[str] = field(default_factory=set)

    async def sign(self, uid: str, message: str) -> None:
        """Signs the bag that a collector's last words tell of, and starts to lay the signature into it.

        Unsigned: it must not be signed, or cannot.
        """
        seal = checked(uid, _result(message), await self._noted(uid))
        if self.key is None or not self.key.is_file():
            await self._note(uid, seal)
            raise Unsigned("there is no signing key")
        made = await self._made(self.key, seal)
        key_id = made["key_id"]
        if key_id not in self._published:
            await signature.publish(self.kube, self.home, key_id, made["public_key"])
            self._published.add(key_id)
        await self._note(uid, seal, keyId=key_id)
        laying = signature.Laying(seal.bundle, seal.digests[SIGNED], made["envelope"], made["detached"])
        await signature.lay(self.kube, self.home, self.image, uid, key_id, laying)
        log.info("signed %s of incident %s, custody head %s, with key %s", seal.bundle, uid, seal.custody_head, key_id)

    async def _noted(self, uid: str) -> dict[str, Any]:
        """What the claim knows of an earlier seal."""
        claim = await self.kube.get(CLAIMS, names.evidence_claim(uid), self.home)
        noted = _parsed(claim["metadata"].get("annotations", {}).get(names.SEALED, "{}"))
        if noted is None:
            raise Unsigned(
                f"annotation {names.SEALED} of claim {claim['metadata']['name']} was changed: it may hide another seal"
            )
        return noted

    async def _note(self, uid: str, seal: Seal, **more: str) -> None:
        words = {"status": seal.status, "sealedAt": seal.sealed_at, "payloadOxum": seal.payload_oxum}
        digests = {"tagManifestSHA256": seal.digests[SIGNED], "custodyHead": seal.custody_head}
        await signature.note_on_claim(self.kube, self.home, uid, {"bundle": seal.bundle, **words, **digests, **more})

    async def _made(self, key: Path, seal: Seal) -> dict[str, str]:
        asked = json.dumps({"seal": asdict(seal), "signedAt": self.clock().isoformat()}).encode()
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "firedoor.evidence.sign", str(key))
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            async with asyncio.timeout(SIGNER_SECONDS):
                said, error = await process.communicate(asked)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise Unsigned("the signing process did not end in time") from None
        if process.returncode:
            raise Unsigned(f"the signing process failed: {error.decode(errors='replace').strip()[-SAID_MOST:]}")
        made: dict[str, str] = json.loads(said)
        return made


def checked(uid: str, result: dict[str, Any], noted: dict[str, Any]) -> Seal:
    """The seal that a collector claims, where it is this incident's and the first one. Unsigned: it is not."""
    try:
        seal = Seal.told(uid, result)
    except ValueError as error:
        raise Unsigned(str(error)) from error
    if noted.get("tagManifestSHA256", seal.digests[SIGNED]) != seal.digests[SIGNED]:
        raise Unsigned("the bag has been sealed before with another digest, which the claim still knows")
    return seal


def _result(message: str) -> dict[str, Any]:
    result = _parsed(message)
    if result is None:
        raise Unsigned("its collector ended without a result")
    return result


def _parsed(text: str) -> dict[str, Any] | None:
    """The object that a text is in JSON; None when it is not."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
