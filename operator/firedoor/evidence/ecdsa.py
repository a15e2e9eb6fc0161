"""ECDSA signatures on the curve P-256, in one of their two forms.

Whoever has a signature (r, s) can make a second one, (r, n-s), that is as right: its twin. firedoor writes the one whose s
is low, so that its twin is known for what it is; openssl accepts both. For whoever signs bags or checks them.
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

WHOLE: Final = ec.ECDSA(hashes.SHA256())
DIGESTED: Final = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve's base point (SEC 2, secp256r1)."""


def signed(key: ec.EllipticCurvePrivateKey, data: bytes, algorithm: ec.ECDSA = WHOLE) -> bytes:
    """The signature of the data, or of what has this digest; in DER."""
    signature = key.sign(data, algorithm)
    return signature if is_low(signature) else twin(signature)


def twin(signature: bytes) -> bytes:
    """The other form."""
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, ORDER - s)


def is_low(signature: bytes) -> bool:
    """Whether a signature that is right has the form that firedoor writes."""
    return utils.decode_dss_signature(signature)[1] <= ORDER // 2


def holds(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    """Whether it is the key's signature of the data, in either form."""
    try:
        key.verify(signature, data, WHOLE)
    except InvalidSignature:
        return False
    return True
