"""The copier against a real store: what it lays down is locked, whole and once there, and what stops it has a name."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firedoor.evidence.copies.copier import ORDER, REFUSED
from firedoor.evidence.verify import verify
from tests.e2e.copies.gateway import (
    LOCKED,
    PASSWORD,
    PLAIN,
    REGION,
    USER,
    Gateway,
    gateway,
    refuses_to_delete,
    versions,
)
from tests.e2e.ports import free_port
from tests.unit.evidence.test_bag import ARTIFACTS, accepted_by_others, filled

FOLDER = "cluster-1/uid-1/incident-1"
LONG = {**ARTIFACTS, "data/03-filesystem/web/files.tar": random.Random(1).randbytes(20 << 20)}
"""Of three parts."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("store")) as found:
        yield found


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """Where this story's objects are."""
    return f"{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}/incident-1"


class Run:
    """One run of the copier's process on a bag."""

    def __init__(self, bag: Path, url: str, folder: str, bucket: str = LOCKED, **changed: Any) -> None:
        self.said = bag.parent / "termination-log"
        self.said.unlink(missing_ok=True)
        credentials = bag.parent / "credentials"
        credentials.mkdir(exist_ok=True)
        for name, content in {"access-key-id": USER, "secret-access-key": PASSWORD, **changed.pop("keys", {})}.items():
            (credentials / name).write_text(content)
        until = datetime.now(UTC) + changed.pop("keep", timedelta(hours=1))
        order = {"bundle": bag.name, "sealedAs": changed.pop("sealed_as", digest(bag)), "bucket": f"{url}/{bucket}"}
        order |= {"region": REGION, "folder": folder, "mode": "COMPLIANCE", "retainUntil": until.isoformat(), **changed}
        self._environment = os.environ | {
            ORDER: json.dumps(order),
            "FIREDOOR_EVIDENCE_ROOT": str(bag.parent),
            "FIREDOOR_STORE_CREDENTIALS": str(credentials),
            "FIREDOOR_TERMINATION": str(self.said),
        }

    def start(self) -> "subprocess.Popen[bytes]":
        command = [str(Path(sys.executable).with_name("firedoor")), "copy-bag"]
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ends(self) -> tuple[int, dict[str, Any]]:
        """Its status, and what it said."""
        status = self.start().wait()
        return status, json.loads(self.said.read_text())


def digest(bag: Path) -> str:
    return hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()


def fetched(store: Gateway, folder: str, into: Path) -> Path:
    """The bag, as a stranger's client gets it from the store."""
    bag = into / "fetched" / "incident-1"
    for key in versions(store.client, prefix=folder):
        store.client.fget_object(bucket_name=LOCKED, object_name=key, file_path=str(bag / key.removeprefix(f"{folder}/")))
    return bag


def test_a_bag_lies_in_the_store_byte_for_byte_and_the_store_refuses_to_delete_it(
    store: Gateway, folder: str, tmp_path: Path
) -> None:
    bag = filled(tmp_path, LONG)
    status, told = Run(bag, store.url, folder).ends()
    assert (status, told["objects"], told["replaced"]) == (0, len([file for file in bag.rglob("*") if file.is_file()]), "")
    copy = fetched(store, folder, tmp_path)
    assert accepted_by_others(copy)
    assert verify(copy) == []
    for key, (version,) in versions(store.client, prefix=folder).items():
        assert refuses_to_delete(store.client, key, version), key


def test_a_second_run_lays_nothing_down_and_says_the_same(store: Gateway, folder: str, tmp_path: Path) -> None:
    run = Run(filled(tmp_path, LONG), store.url, folder)
    first = run.ends()
    before = versions(store.client, prefix=folder)
    assert run.ends() == first
    assert versions(store.client, prefix=folder) == before


def test_killed_at_any_moment_it_goes_on_and_lays_nothing_down_twice(store: Gateway, folder: str, tmp_path: Path) -> None:
    run, chance = Run(filled(tmp_path, LONG), store.url, folder), random.Random(7)
    for _ in range(8):
        process = run.start()
        time.sleep(0.3 + chance.random() * 0.7)
        process.kill()
        process.wait()
    status, told = run.ends()
    assert (status, told["replaced"]) == (0, "")
    assert {len(found) for found in versions(store.client, prefix=folder).values()} == {1}
    assert verify(fetched(store, folder, tmp_path)) == []


def test_what_somebody_put_in_its_place_is_replaced_and_named(store: Gateway, folder: str, tmp_path: Path) -> None:
    forged = b"nothing happened\n"
    store.client.put_object(LOCKED, f"{folder}/bagit.txt", io.BytesIO(forged), len(forged))
    status, told = Run(filled(tmp_path), store.url, folder).ends()
    assert (status, told["replaced"]) == (0, "bagit.txt")
    assert verify(fetched(store, folder, tmp_path)) == []


def test_what_is_there_without_a_lock_is_locked(store: Gateway, folder: str, tmp_path: Path) -> None:
    bag = filled(tmp_path)
    store.client.fput_object(LOCKED, f"{folder}/bagit.txt", str(bag / "bagit.txt"))
    assert Run(bag, store.url, folder).ends()[0] == 0
    for key, (version, *_) in versions(store.client, prefix=folder).items():
        assert refuses_to_delete(store.client, key, version), key


def test_a_lock_is_made_longer_and_never_shorter(store: Gateway, folder: str, tmp_path: Path) -> None:
    bag = filled(tmp_path)
    assert Run(bag, store.url, folder, keep=timedelta(hours=2)).ends()[0] == 0
    shorter = Run(bag, store.url, folder, keep=timedelta(hours=1)).ends()[1]["retainUntil"]
    longer = Run(bag, store.url, folder, keep=timedelta(hours=3)).ends()[1]["retainUntil"]
    left = [datetime.fromisoformat(until) - datetime.now(UTC) for until in (shorter, longer)]
    assert [timedelta(minutes=110) < left[0] < timedelta(hours=2), timedelta(minutes=170) < left[1] < timedelta(hours=3)] == [
        True
    ] * 2


def refused(bag: Path, url: str, folder: str, **changed: Any) -> tuple[int, str]:
    status, told = Run(bag, url, folder, **changed).ends()
    return status, str(told["reason"])


def test_what_stops_it_has_a_name_and_nothing_is_laid_down(store: Gateway, folder: str, tmp_path: Path) -> None:
    bag, url = filled(tmp_path), store.url
    assert refused(bag, url, folder, bucket=PLAIN) == (REFUSED, "ObjectLockOff")
    assert refused(bag, url, folder, bucket="nowhere") == (REFUSED, "NoSuchBucket")
    assert refused(bag, url, folder, keys={"secret-access-key": "wrong"}) == (REFUSED, "AccessDenied")
    assert refused(bag, url, folder, keys={"access-key-id": "nobody"}) == (REFUSED, "AccessDenied")
    assert refused(bag, f"http://127.0.0.1:{free_port()}", folder) == (REFUSED, "StoreUnreachable")
    assert refused(bag, url, folder, sealed_as="0" * 64) == (REFUSED, "BagAltered")
    assert versions(store.client, prefix=folder) == versions(store.client, PLAIN) == {}


@pytest.mark.parametrize("altered", ["data/00-pod/pod.json", "custody.jsonl", "manifest-sha256.txt"])
def test_a_bag_that_is_not_as_it_was_sealed_is_not_kept_for_years(
    store: Gateway, folder: str, tmp_path: Path, altered: str
) -> None:
    bag = filled(tmp_path)
    (bag / altered).chmod(0o600)
    (bag / altered).write_bytes((bag / altered).read_bytes().replace(b"1", b"2", 1) + b" ")
    status, told = Run(bag, store.url, folder).ends()
    assert (status, told["reason"]) == (REFUSED, "BagAltered")
    assert altered in told["message"]
    assert f"{folder}/tagmanifest-sha256.txt" not in versions(store.client, prefix=folder)


def test_a_file_that_was_added_or_taken_away_is_told(store: Gateway, folder: str, tmp_path: Path) -> None:
    bag = filled(tmp_path)
    bag.chmod(0o755)
    (bag / "note.txt").write_text("added")
    assert "note.txt" in Run(bag, store.url, folder).ends()[1]["message"]
    (bag / "note.txt").unlink()
    (bag / "custody.jsonl").unlink()
    assert "custody.jsonl is gone" in Run(bag, store.url, folder).ends()[1]["message"]


def test_a_certificate_of_ones_own_is_trusted_only_where_the_secret_has_it(folder: str, tmp_path: Path) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    about = ["-subj", "/CN=store", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *about], check=True, capture_output=True)
    store, bag = Gateway(tmp_path / "store", free_port(), (certificate, key)), filled(tmp_path)
    store.start()
    try:
        assert refused(bag, store.url, folder) == (REFUSED, "CertificateNotTrusted")
        assert refused(bag, store.url, folder, keys={"ca.crt": certificate.read_text()}) == (REFUSED, "NoSuchBucket")
    finally:
        store.stop()


def test_memory_stays_within_64_mib_however_long_a_file_is(store: Gateway, folder: str, tmp_path: Path) -> None:
    bag = filled(tmp_path, {"data/02-logs/web/current.log": bytes(200 << 20)})
    process = Run(bag, store.url, folder).start()
    most = 0
    while process.poll() is None:
        most = max(most, high_water(process.pid))
        time.sleep(0.01)
    assert process.returncode == 0
    assert 0 < most <= 64 << 10, f"{most} KiB"


def high_water(pid: int) -> int:
    """The most that a process ever held, in KiB; 0 when it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
