"""The signature of a bag: what openssl and in-toto's own words say of it, and who may not make one."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bagit
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firedoor.controller.signing import Unsigned, checked
from firedoor.evidence.collector import sealed_result
from firedoor.evidence.ecdsa import is_low, twin
from firedoor.evidence.ecdsa import signed as ecdsa_signed
from firedoor.evidence.keep import Keeping, NotThatBag, keep
from firedoor.evidence.seal import Seal
from firedoor.evidence.signature import Signature, check, key_id, pae, private_key, public_keys, sign
from firedoor.evidence.verify import verify
from tests.keys import private_pem, public_pem
from tests.unit.evidence.test_bag import filled

UID = "1"
KEY = ec.generate_private_key(ec.SECP256R1())
KEYS = public_keys(public_pem(KEY).encode())


def made(bag: Path, key: ec.EllipticCurvePrivateKey = KEY) -> Signature:
    return sign(Seal.told(UID, sealed_result(bag)), "2026-01-01T00:01:00Z", key)


def signed(root: Path) -> Path:
    """A small bag with its signature laid into it."""
    bag = filled(root)
    lay(bag, made(bag))
    return bag


def lay(bag: Path, signature: Signature) -> None:
    manifest = hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    keep(bag.parent, Keeping(bag.name, manifest, signature.envelope, signature.detached))


def accepted_by_openssl(folder: Path, data: bytes, signature: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> bool:
    files = {"data": data, "signature": signature, "key.pem": public_pem(key).encode()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "data"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0


def test_openssl_accepts_the_detached_signature_of_the_tag_manifest_and_of_nothing_else(tmp_path: Path) -> None:
    bag = signed(tmp_path)
    manifest, signature = (bag / "tagmanifest-sha256.txt").read_bytes(), (bag / "signature.ecdsa").read_bytes()
    assert accepted_by_openssl(tmp_path, manifest, signature)
    assert not accepted_by_openssl(tmp_path, manifest + b"x", signature)
    assert not accepted_by_openssl(tmp_path, manifest, signature, ec.generate_private_key(ec.SECP256R1()))


def test_openssl_accepts_the_envelope_which_is_a_statement_about_the_bags_manifests_and_custody(tmp_path: Path) -> None:
    bag = signed(tmp_path)
    envelope = json.loads((bag / "signature.dsse.json").read_bytes())
    body = base64.b64decode(envelope["payload"])
    assert accepted_by_openssl(tmp_path, pae(body), base64.b64decode(envelope["signatures"][0]["sig"]))
    assert pae(b"x") == b"DSSEv1 28 application/vnd.in-toto+json 1 x"
    statement = json.loads(body)
    assert (statement["_type"], envelope["payloadType"]) == ("https://in-toto.io/Statement/v1", "application/vnd.in-toto+json")
    for subject in statement["subject"]:
        for algorithm, digest in subject["digest"].items():
            assert hashlib.new(algorithm, (bag / subject["name"]).read_bytes()).hexdigest() == digest
    assert {"manifest-sha256.txt", "tagmanifest-sha512.txt", "custody.jsonl"} <= {s["name"] for s in statement["subject"]}
    assert statement["predicate"]["custodyHead"] == sealed_result(bag)["custodyHead"]


def test_a_signed_bag_is_as_valid_as_before_and_its_folder_is_closed_again(tmp_path: Path) -> None:
    bag = signed(tmp_path)
    bagit.Bag(str(bag)).validate()
    assert verify(bag) + check(bag, KEYS) == []
    assert {oct(entry.stat().st_mode)[-3:] for entry in (bag, bag / "signature.ecdsa")} == {"555", "444"}


def test_the_key_id_is_what_openssl_makes_of_the_key(tmp_path: Path) -> None:
    command = ["openssl", "pkey", "-pubin", "-outform", "DER"]
    der = subprocess.run(command, input=public_pem(KEY).encode(), check=True, capture_output=True).stdout
    assert key_id(KEY.public_key()) == hashlib.sha256(der).hexdigest()


def test_after_a_rotation_old_bags_verify_with_the_key_of_their_time(tmp_path: Path) -> None:
    bag, later = signed(tmp_path), ec.generate_private_key(ec.SECP256R1())
    assert check(bag, public_keys(public_pem(later).encode(), public_pem(KEY).encode())) == []
    (finding,) = check(bag, public_keys(public_pem(later).encode()))
    assert (finding.kind, key_id(KEY.public_key()) in finding.what) == ("SignatureWrong", True)


def test_a_bag_that_was_made_anew_whole_is_betrayed_by_its_signature_alone(tmp_path: Path) -> None:
    bag, elsewhere = signed(tmp_path), tmp_path / "elsewhere"
    elsewhere.mkdir()
    forged = filled(elsewhere, {"data/00-volatile/pod.json": b"{}"})
    forged.chmod(0o755)
    for name in ("signature.dsse.json", "signature.ecdsa"):
        (forged / name).write_bytes((bag / name).read_bytes())
    assert verify(forged) == []
    assert {finding.kind for finding in check(forged, KEYS)} == {"SignatureWrong", "SignatureDisagrees"}


def test_every_signature_that_is_made_has_the_low_form_which_openssl_accepts_as_well(tmp_path: Path) -> None:
    for number in range(20):
        data = b"%d" % number
        assert is_low(ecdsa_signed(KEY, data))
        assert accepted_by_openssl(tmp_path, data, ecdsa_signed(KEY, data))
        assert accepted_by_openssl(tmp_path, data, twin(ecdsa_signed(KEY, data)))


def test_a_bag_that_was_signed_before_the_form_was_told_is_right_in_either(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    now = made(bag)
    envelope = json.loads(now.envelope)
    statement = json.loads(base64.b64decode(envelope["payload"]))
    del statement["predicate"]["signatures"]
    body = json.dumps(statement, separators=(",", ":")).encode()
    for form in (bytes, twin):
        envelope["payload"] = base64.b64encode(body).decode()
        envelope["signatures"][0]["sig"] = base64.b64encode(form(ecdsa_signed(KEY, pae(body)))).decode()
        detached = base64.b64encode(form(base64.b64decode(now.detached))).decode()
        lay(bag, Signature(now.key_id, now.public_key, json.dumps(envelope, separators=(",", ":")) + "\n", detached))
        assert check(bag, KEYS) == []


def test_a_bag_without_signature_is_said_to_have_none(tmp_path: Path) -> None:
    assert {finding.kind for finding in check(filled(tmp_path), KEYS)} == {"SignatureMissing"}


def test_a_signature_is_laid_into_the_bag_that_was_signed_and_into_no_other(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    signature = made(bag)
    with pytest.raises(NotThatBag, match="signed was 0000"):
        keep(tmp_path, Keeping(bag.name, "0" * 64, signature.envelope, signature.detached))
    assert not (bag / "signature.ecdsa").exists()


def test_a_second_signature_takes_the_place_of_the_first(tmp_path: Path) -> None:
    bag = signed(tmp_path)
    lay(bag, made(bag))
    assert check(bag, KEYS) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bundle": "incident-0123abcd"}, "another incident"),
        ({"digests": {}}, "does not name the digests"),
        ({"custodyHead": "x"}, "no sha256 of custodyHead"),
        ({"tagManifestSHA256": "0" * 64}, "contradicts itself"),
        ({"status": "Complete\n"}, "no usable status"),
    ],
    ids=["another bag", "no digests", "no head", "two manifests", "a line feed"],
)
def test_what_a_collector_claims_is_signed_only_where_it_fits_what_it_was_told(
    change: dict[str, Any], why: str, tmp_path: Path
) -> None:
    result = sealed_result(filled(tmp_path))
    assert checked(UID, result, {}).bundle == result["bundle"]
    with pytest.raises(Unsigned, match=why):
        checked(UID, {**result, **change}, {})


def test_a_bag_that_was_sealed_before_with_another_digest_is_not_signed_again(tmp_path: Path) -> None:
    result = sealed_result(filled(tmp_path))
    assert checked(UID, result, {"tagManifestSHA256": result["tagManifestSHA256"]})
    with pytest.raises(Unsigned, match="sealed before"):
        checked(UID, result, {"tagManifestSHA256": "f" * 64})


def test_the_signing_process_signs_with_a_key_file_and_says_in_a_line_when_it_cannot(tmp_path: Path) -> None:
    bag, key = filled(tmp_path), tmp_path / "key.pem"
    key.write_bytes(private_pem(KEY))
    done = started(key, bag)
    assert done.returncode == 0, done.stderr
    lay(bag, Signature(**json.loads(done.stdout)))
    assert check(bag, KEYS) == []
    key.write_bytes(b"not a key")
    done = started(key, bag)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)


def started(key: Path, bag: Path) -> subprocess.CompletedProcess[bytes]:
    seal = Seal.told(UID, sealed_result(bag))
    fields = {name: getattr(seal, name) for name in seal.__slots__}
    asked = json.dumps({"seal": fields, "signedAt": "2026-01-01T00:01:00Z"}).encode()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "firedoor.evidence.sign", str(key)]
    return subprocess.run(command, input=asked, env=environment, capture_output=True, check=False)


def test_a_key_on_another_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        private_key(private_pem(ec.generate_private_key(ec.SECP384R1())))
