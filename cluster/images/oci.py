"""An OCI image archive of one layer, written by hand: a tar of blobs and an index (OCI image-spec 1.1).

The test images use it. Deterministic: the same files give the same bytes.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A file, folder or symbolic link of the layer."""

    path: str
    content: bytes | None = None
    link: str | None = None
    mode: int = 0o755


def write(archive: Path, name: str, entries: Sequence[Entry], command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Writes an archive with one image of this name."""
    layer = _layer(entries)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": list(command),
                "Env": [f"{key}={value}" for key, value in environment.items()],
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    packed = gzip.compress(layer, compresslevel=1, mtime=0)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar+gzip", packed)],
        }
    )
    descriptor = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]}
    index = _json({"schemaVersion": 2, "manifests": [descriptor | {"annotations": annotations}]})
    _archive(archive, index, (config, packed, manifest))


def _archive(archive: Path, index: bytes, blobs: Sequence[bytes]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    part = archive.with_suffix(".part")
    with tarfile.open(part, "w") as tar:
        _add(tar, Entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}', mode=0o644))
        _add(tar, Entry("index.json", index, mode=0o644))
        for blob in blobs:
            _add(tar, Entry(f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}", blob, mode=0o644))
    part.rename(archive)


def _layer(entries: Sequence[Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in entries:
            _add(tar, entry)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    header = tarfile.TarInfo(entry.path)
    header.mode = entry.mode
    if entry.link is not None:
        header.type, header.linkname = tarfile.SYMTYPE, entry.link
        tar.addfile(header)
    elif entry.content is None:
        header.type = tarfile.DIRTYPE
        tar.addfile(header)
    else:
        header.size = len(entry.content)
        tar.addfile(header, io.BytesIO(entry.content))


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _descriptor(media: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media, "digest": _digest(blob), "size": len(blob)}
