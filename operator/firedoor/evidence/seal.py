"""What a signature is about: the digests and figures of one sealed bag, as its collector told them.

The collector makes it of the bag, the controller reads and checks it before it signs, and whoever verifies compares it
with the bag again. Knows no cryptography.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from firedoor.api.names import uid8

SUBJECTS: Final = {
    "tagmanifest-sha256.txt": "sha256",
    "tagmanifest-sha512.txt": "sha512",
    "manifest-sha256.txt": "sha256",
    "manifest-sha512.txt": "sha512",
    "custody.jsonl": "sha256",
}
"""The files that are signed, and by which digest; through the manifests they stand for every other file."""
LENGTHS: Final = {"sha256": 64, "sha512": 128}
SIGNED: Final = "tagmanifest-sha256.txt"
"""The file that the detached signature is about."""
HEX = re.compile(r"[0-9a-f]+")
WORD = re.compile(r"[A-Za-z0-9.:+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed bag in a few words."""

    incident_uid: str
    bundle: str
    status: str
    sealed_at: str
    payload_oxum: str
    custody_head: str
    digests: Mapping[str, str]
    """Of each of the subjects."""

    @classmethod
    def told(cls, incident_uid: str, result: Mapping[str, Any]) -> Self:
        """The seal in a collector's result. ValueError: it is none of this incident, or not of this form."""
        digests = result.get("digests")
        if not isinstance(digests, dict) or digests.keys() != SUBJECTS.keys():
            raise ValueError("the collector's result does not name the digests that are signed")
        words = {key: str(result.get(key, "")) for key in ("bundle", "status", "sealedAt", "payloadOxum", "custodyHead")}
        if words["bundle"] != f"incident-{uid8(incident_uid)}":
            raise ValueError("the collector's result names the bag of another incident")
        if wrong := [key for key, word in words.items() if not WORD.fullmatch(word)]:
            raise ValueError(f"the collector's result has no usable {wrong[0]}")
        for name, algorithm in SUBJECTS.items():
            _is_digest(name, digests[name], algorithm)
        _is_digest("custodyHead", words["custodyHead"], "sha256")
        if digests[SIGNED] != result.get("tagManifestSHA256"):
            raise ValueError("the collector's result contradicts itself about the tag manifest")
        bundle, status, sealed_at, oxum, head = words.values()
        return cls(incident_uid, bundle, status, sealed_at, oxum, head, digests)


def _is_digest(name: str, found: object, algorithm: str) -> None:
    if not isinstance(found, str) or len(found) != LENGTHS[algorithm] or not HEX.fullmatch(found):
        raise ValueError(f"the collector's result has no {algorithm} of {name}")
