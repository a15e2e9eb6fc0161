"""The signature of a bag: a DSSE envelope over an in-toto statement, and a plain ECDSA one that openssl understands.

Signed by `sign`, in a process of its own that the controller starts, because it alone needs cryptography; checked by
whoever verifies. Both files lie in the bag beside the tag manifests, which cannot list what is made after them. The
collector never sees the key.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key

from firedoor.evidence.contents import Contents
from firedoor.evidence.custody import digest
from firedoor.evidence.ecdsa import DIGESTED, holds, is_low, signed
from firedoor.evidence.seal import SIGNED, SUBJECTS, Seal
from firedoor.evidence.verify import DETACHED, ENVELOPE, Finding

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://firedoor.dev/evidence/v1"
LOW: Final = "low-s"
"""The form of both signatures; it is signed as well, so that a bag that was signed without it is not called altered."""
MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

PublicKeys = Mapping[str, ec.EllipticCurvePublicKey]
"""By their ids."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Both signatures of a bag, and the key that they are checked with."""

    key_id: str
    public_key: str
    """PEM."""
    envelope: str
    """The DSSE envelope, as its file."""
    detached: str
    """The ECDSA signature (DER) of the tag manifest, in base64."""


def sign(seal: Seal, signed_at: str, key: ec.EllipticCurvePrivateKey) -> Signature:
    """Signs what the seal says; the bag itself is not needed for it."""
    body = _dumped(_statement(seal, signed_at))
    public = key.public_key()
    signature = base64.b64encode(signed(key, pae(body))).decode()
    envelope = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(public), "sig": signature}],
    }
    detached = signed(key, bytes.fromhex(seal.digests[SIGNED]), DIGESTED)
    return Signature(key_id(public), _pem(public), _dumped(envelope).decode() + "\n", base64.b64encode(detached).decode())


def private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The signing key in a PEM file. ValueError: it is none, or not on the curve P-256."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the signing key is no ECDSA key on the curve P-256")
    return key


def public_keys(*pems: bytes) -> dict[str, ec.EllipticCurvePublicKey]:
    """The public keys in PEM files, by their ids. ValueError: one of them is no ECDSA key."""
    found: dict[str, ec.EllipticCurvePublicKey] = {}
    for pem in pems:
        try:
            key = load_pem_public_key(pem)
        except UnsupportedAlgorithm as error:
            raise ValueError("a public key is of an unknown kind") from error
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError("a public key is no ECDSA key")
        found[key_id(key)] = key
    return found


def key_id(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 of the key's DER form: `openssl pkey -pubin -in key.pem -outform DER | sha256sum` says the same."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def pae(body: bytes) -> bytes:
    """What DSSE signs (Dead Simple Signing Envelope, protocol v1.0.2)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def check(bag: Path, keys: PublicKeys) -> list[Finding]:
    """Every fault of the bag's signatures: missing, by nobody known, wrong, or about another bag."""
    here = Contents(bag)
    if missing := [name for name in (ENVELOPE, DETACHED) if name not in here.sizes]:
        return [Finding("SignatureMissing", name, "the bag is not signed, or its signature was taken away") for name in missing]
    try:
        keyid, body, signature = _opened(here.content(ENVELOPE))
    except MALFORMED as error:
        return [Finding("SignatureWrong", ENVELOPE, f"is no envelope as firedoor writes it: {error}")]
    if keyid not in keys:
        return [Finding("SignatureWrong", ENVELOPE, f"is signed by key {keyid}, which is none of those given")]
    return list(_signatures(here, keys[keyid], body, signature))


def _signatures(here: Contents, key: ec.EllipticCurvePublicKey, body: bytes, signature: bytes) -> Iterator[Finding]:
    """What is wrong with both; of the statement only what was signed is believed, also that it is one."""
    detached = here.content(DETACHED)
    if not holds(key, detached, here.content(SIGNED)):
        yield Finding("SignatureWrong", DETACHED, f"the signature is not that of {SIGNED} as it is")
    if not holds(key, signature, pae(body)):
        yield Finding("SignatureWrong", ENVELOPE, "the signature is not that of this statement")
        return
    try:
        told = Told.read(json.loads(body))
    except MALFORMED:
        yield Finding("SignatureDisagrees", ENVELOPE, "the statement that was signed is not about a bag of firedoor's")
        return
    yield from _twins(told, {ENVELOPE: (signature, pae(body)), DETACHED: (detached, here.content(SIGNED))}, key)
    yield from _subjects(here, told)


def _twins(told: "Told", signatures: Mapping[str, tuple[bytes, bytes]], key: ec.EllipticCurvePublicKey) -> Iterator[Finding]:
    for name, (signature, data) in signatures.items():
        if told.form == LOW and holds(key, signature, data) and not is_low(signature):
            yield Finding("SignatureWrong", name, "is right, but was altered: it is the twin (r, n-s) of the one that was made")


def _subjects(here: Contents, told: "Told") -> Iterator[Finding]:
    """The statement is as it was signed; whether it is about this bag shows here."""
    for name, algorithm in SUBJECTS.items():
        if name not in here.sizes or told.digests.get(name) != {algorithm: here.digest(name, algorithm)}:
            yield Finding("SignatureDisagrees", name, "is not the file that was signed")
    last = here.content("custody.jsonl").splitlines()[-1:]
    if [told.head] != [digest(line) for line in last]:
        yield Finding("SignatureDisagrees", "custody.jsonl", "its last line is not the one that was signed")


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement says of a bag; earlier versions did not say in which form they signed."""

    digests: Mapping[object, object]
    head: object
    form: object

    @classmethod
    def read(cls, statement: Any) -> Self:
        """One of MALFORMED: it says nothing of a bag."""
        digests = {subject["name"]: subject["digest"] for subject in statement["subject"]}
        return cls(digests, statement["predicate"]["custodyHead"], statement["predicate"].get("signatures"))


def _opened(raw: bytes) -> tuple[str, bytes, bytes]:
    """Key id, statement and signature of an envelope that is written exactly as `sign` writes it."""
    envelope = json.loads(raw)
    (signature,) = envelope["signatures"]
    body = base64.b64decode(envelope["payload"], validate=True)
    given = base64.b64decode(signature["sig"], validate=True)
    again = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": str(signature["keyid"]), "sig": base64.b64encode(given).decode()}],
    }
    if _dumped(again) + b"\n" != raw:
        raise ValueError("it was written again by somebody else")
    json.loads(body)["predicate"]["custodyHead"]
    return str(signature["keyid"]), body, given


def _statement(seal: Seal, signed_at: str) -> dict[str, Any]:
    told = asdict(seal)
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {kind: seal.digests[name]}} for name, kind in SUBJECTS.items()],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "incidentUid": told["incident_uid"],
            "bundle": told["bundle"],
            "status": told["status"],
            "sealedAt": told["sealed_at"],
            "payloadOxum": told["payload_oxum"],
            "custodyHead": told["custody_head"],
            "signedAt": signed_at,
            "signatures": LOW,
        },
    }


def _dumped(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _pem(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
