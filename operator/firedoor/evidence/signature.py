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
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key

from firedoor.evidence.custody import digest
from firedoor.evidence.seal import SIGNED, SUBJECTS, Seal
from firedoor.evidence.verify import DETACHED, ENVELOPE, Finding

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://firedoor.dev/evidence/v1"
WHOLE: Final = ec.ECDSA(hashes.SHA256())
DIGESTED: Final = ec.ECDSA(utils.Prehashed(hashes.SHA256()))

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
    signed = base64.b64encode(key.sign(pae(body), WHOLE)).decode()
    envelope = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(public), "sig": signed}],
    }
    detached = key.sign(bytes.fromhex(seal.digests[SIGNED]), DIGESTED)
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
        key = load_pem_public_key(pem)
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
    if missing := [name for name in (ENVELOPE, DETACHED) if not _plain(bag / name)]:
        return [Finding("SignatureMissing", name, "the bag is not signed, or its signature was taken away") for name in missing]
    try:
        keyid, body, signed = _opened((bag / ENVELOPE).read_bytes())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return [Finding("SignatureWrong", ENVELOPE, f"is no envelope as firedoor writes it: {error}")]
    if keyid not in keys:
        return [Finding("SignatureWrong", ENVELOPE, f"is signed by key {keyid}, which is none of those given")]
    return [*_signatures(bag, keys[keyid], body, signed), *_subjects(bag, json.loads(body))]


def _signatures(bag: Path, key: ec.EllipticCurvePublicKey, body: bytes, signed: bytes) -> Iterator[Finding]:
    if not _holds(key, signed, pae(body), WHOLE):
        yield Finding("SignatureWrong", ENVELOPE, "the signature is not that of this statement")
    manifest = (bag / SIGNED).read_bytes() if _plain(bag / SIGNED) else b""
    if not _holds(key, (bag / DETACHED).read_bytes(), manifest, WHOLE):
        yield Finding("SignatureWrong", DETACHED, f"the signature is not that of {SIGNED} as it is")


def _subjects(bag: Path, statement: Mapping[str, Any]) -> Iterator[Finding]:
    """The statement is as it was signed; whether it is about this bag shows here."""
    told = {subject["name"]: subject["digest"] for subject in statement["subject"]}
    for name, algorithm in SUBJECTS.items():
        content = (bag / name).read_bytes() if _plain(bag / name) else b""
        if told.get(name) != {algorithm: hashlib.new(algorithm, content).hexdigest()}:
            yield Finding("SignatureDisagrees", name, "is not the file that was signed")
    last = (bag / "custody.jsonl").read_bytes().splitlines()[-1:] if _plain(bag / "custody.jsonl") else []
    if [statement["predicate"]["custodyHead"]] != [digest(line) for line in last]:
        yield Finding("SignatureDisagrees", "custody.jsonl", "its last line is not the one that was signed")


def _opened(raw: bytes) -> tuple[str, bytes, bytes]:
    """Key id, statement and signature of an envelope that is written exactly as `sign` writes it."""
    envelope = json.loads(raw)
    (signature,) = envelope["signatures"]
    body = base64.b64decode(envelope["payload"], validate=True)
    signed = base64.b64decode(signature["sig"], validate=True)
    again = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": str(signature["keyid"]), "sig": base64.b64encode(signed).decode()}],
    }
    if _dumped(again) + b"\n" != raw:
        raise ValueError("it was written again by somebody else")
    json.loads(body)["predicate"]["custodyHead"]
    return str(signature["keyid"]), body, signed


def _holds(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes, algorithm: ec.ECDSA) -> bool:
    try:
        key.verify(signature, data, algorithm)
    except InvalidSignature:
        return False
    return True


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
        },
    }


def _dumped(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _pem(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()
