"""An object store as a process of this machine: versitygw on a folder, spoken to as a stranger would, by MinIO's client."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import S3Error

from cluster import build
from tests.e2e.conftest import eventually
from tests.e2e.ports import free_port, listens

USER, PASSWORD = "firedoor", "not-a-secret"
LOCKED, PLAIN = "evidence", "no-lock"
REGION = "eu-central-1"


@dataclass
class Gateway:
    """The store; `folder` is all that it has."""

    folder: Path
    port: int
    tls: tuple[Path, Path] | None = None
    """Certificate and key."""
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        data, versions = self.folder / "data", self.folder / "versions"
        for place in (data, versions):
            place.mkdir(parents=True, exist_ok=True)
        secured = ["--cert", str(self.tls[0]), "--key", str(self.tls[1])] if self.tls else []
        command = [str(build.program("versitygw")), "--port", f"127.0.0.1:{self.port}", "--quiet", "--region", REGION, *secured]
        environment = os.environ | {"ROOT_ACCESS_KEY": USER, "ROOT_SECRET_KEY": PASSWORD}
        posix = ["posix", "--versioning-dir", str(versions), str(data)]
        self.process = subprocess.Popen([*command, *posix], env=environment, stdout=subprocess.DEVNULL)
        eventually(lambda: listens(self.port), "the store comes up", seconds=20)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def client(self) -> Minio:
        return client(f"127.0.0.1:{self.port}")


def client(address: str) -> Minio:
    """A stranger's client, which tries nothing twice."""
    patience = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(10))
    return Minio(endpoint=address, access_key=USER, secret_key=PASSWORD, region=REGION, secure=False, http_client=patience)


@contextmanager
def gateway(folder: Path) -> Iterator[Gateway]:
    """A store with a bucket that locks and one that does not."""
    store = Gateway(folder, free_port())
    store.start()
    try:
        store.client.make_bucket(bucket_name=LOCKED, object_lock=True)
        store.client.make_bucket(bucket_name=PLAIN)
        yield store
    finally:
        store.stop()


def versions(store: Minio, bucket: str = LOCKED, prefix: str = "") -> dict[str, list[str]]:
    """The versions of every object, by its key."""
    found: dict[str, list[str]] = {}
    for one in store.list_objects(bucket_name=bucket, prefix=prefix, recursive=True, include_version=True):
        found.setdefault(str(one.object_name), []).append(str(one.version_id))
    return found


def refuses_to_delete(store: Minio, key: str, version: str) -> bool:
    """Whether the store keeps this version although its owner wants it gone."""
    try:
        store.remove_object(bucket_name=LOCKED, object_name=key, version_id=version)
    except S3Error as error:
        return error.code == "AccessDenied"
    return False
