"""A BagIt bag (RFC 8493) that is filled crash-safely and always sealed: also partial, also on a full volume.

The collector writes it. Paths in the bag are the collector's own words, never names from the evidence. An artifact is
hashed while it is written, flushed, then renamed into place and noted in custody; what a crash leaves behind is kept
and said to be partial. `bagit.py --validate` and `sha256sum -c` accept the result.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firedoor.evidence.custody import Custody

SAFE_PATH = re.compile(r"^data/[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$")
ALGORITHMS = ("sha256", "sha512")
TAG_FILES = ("bagit.txt", "bag-info.txt", "capture.json", "custody.jsonl", "manifest-sha256.txt", "manifest-sha512.txt")
BALLAST = ".ballast"
FULL = (errno.ENOSPC, errno.EDQUOT)


class VolumeFull(Exception):
    """The volume took no more; what had been written stays."""


@dataclass
class Artifact:
    """One captured thing, as capture.json tells of it."""

    path: str
    source: Mapping[str, Any] = field(default_factory=dict)
    status: str = "complete"
    reason: str = ""
    message: str = ""
    bytes: int = 0
    started: str = ""
    ended: str = ""
    hashes: dict[str, str] = field(default_factory=dict)

    def short(self, reason: str, message: str = "") -> None:
        """Says that something is missing, and why."""
        self.status, self.reason, self.message = "partial", reason, message[:500]

    def told(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value not in ("", {})}


class Writer:
    """An artifact's file while it is written."""

    def __init__(self, path: Path, artifact: Artifact) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        self._hashes = [hashlib.new(name) for name in ALGORITHMS]
        self.artifact = artifact

    def write(self, data: bytes) -> None:
        """Appends; VolumeFull when the volume takes no more."""
        view = memoryview(data)
        while view:
            try:
                taken = os.write(self._descriptor, view)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise VolumeFull from error
            for hashed in self._hashes:
                hashed.update(view[:taken])
            self.artifact.bytes += taken
            view = view[taken:]

    def close(self) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self.artifact.hashes = {name: hashed.hexdigest() for name, hashed in zip(ALGORITHMS, self._hashes, strict=True)}


class Bag:
    """A bag under a volume's root, from its opening to its seal."""

    def __init__(self, root: Path, name: str, actor: Mapping[str, str], clock: Callable[[], str]) -> None:
        self.sealed_folder = root / name
        self.folder = root / f"{name}.partial"
        self._clock = clock
        self.artifacts: dict[str, Artifact] = {}
        self.full = False
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self._make_ballast()
        self.custody = Custody(self.folder / "custody.jsonl", actor)
        self._take_up()

    def has(self, path: str) -> bool:
        """Whether an earlier process has settled this artifact."""
        return path in self.artifacts

    @contextmanager
    def artifact(self, path: str, source: Mapping[str, Any]) -> Iterator[Writer]:
        """Writes one artifact; whatever ends the writing, what was written stays and is told of."""
        artifact = self._begun(path, source)
        part = self.folder / f"{path}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        writer = Writer(part, artifact)
        try:
            yield writer
        except VolumeFull:
            self._volume_is_full()
            artifact.short("VolumeFull", "The evidence volume took no more.")
        finally:
            writer.close()
            part.rename(self.folder / path)
            _flush_folder(part.parent)
            self._settle(artifact)

    def skip(self, path: str, source: Mapping[str, Any], status: str, reason: str, message: str = "") -> None:
        """Tells of an artifact that there is no file for."""
        artifact = self._begun(path, source)
        artifact.status, artifact.reason, artifact.message = status, reason, message[:500]
        self._settle(artifact)

    def seal(self, information: Mapping[str, str], capture: Mapping[str, Any]) -> dict[str, Any]:
        """Writes manifests and custody's end, and renames the bag to its final name; the seal's figures."""
        self._drop_ballast()
        kept = sorted((a for a in self.artifacts.values() if a.hashes), key=lambda artifact: artifact.path)
        oxum = f"{sum(a.bytes for a in kept)}.{len(kept)}"
        told = [artifact.told() for artifact in self.artifacts.values()]
        self._tag("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        self._tag("bag-info.txt", "".join(f"{key}: {value}\n" for key, value in {**information, "Payload-Oxum": oxum}.items()))
        self._tag("capture.json", json.dumps({**capture, "artifacts": told}, indent=1) + "\n")
        for algorithm in ALGORITHMS:
            self._tag(f"manifest-{algorithm}.txt", "".join(f"{a.hashes[algorithm]}  {a.path}\n" for a in kept))
        self.custody.note(self._clock(), "bag.sealed", object=self.sealed_folder.name, oxum=oxum)
        tags = "".join(f"{_file_digest(self.folder / name)}  {name}\n" for name in sorted(TAG_FILES))
        self._tag("tagmanifest-sha256.txt", tags)
        self._close()
        return {
            "tagManifestSHA256": hashlib.sha256(tags.encode()).hexdigest(),
            "custodyHead": self.custody.head,
            "payloadOxum": oxum,
        }

    def _begun(self, path: str, source: Mapping[str, Any]) -> Artifact:
        if not SAFE_PATH.match(path):
            raise ValueError(f"{path!r} is no path for a bag; paths are made of plain words under data/")
        return Artifact(path=path, source=dict(source), started=self._clock())

    def _settle(self, artifact: Artifact) -> None:
        artifact.ended = self._clock()
        self.artifacts[artifact.path] = artifact
        try:
            self._note(artifact)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._volume_is_full()
            self._note(artifact)

    def _note(self, artifact: Artifact) -> None:
        self.custody.note(self._clock(), f"artifact.{artifact.status}", object=artifact.path, artifact=artifact.told())

    def _take_up(self) -> None:
        """Goes on where an earlier process was: settled artifacts stand, half-written files are kept as partial."""
        for line in self.custody.lines:
            if "artifact" in line:
                self.artifacts[line["object"]] = Artifact(**line["artifact"])
        for file in sorted((self.folder / "data").rglob("*")):
            path = str(file.relative_to(self.folder))
            if file.is_file() and path not in self.artifacts:
                self._salvage(file, path)

    def _salvage(self, file: Path, path: str) -> None:
        kept = _free_name(file.with_name(file.name.removesuffix(".part") + ".salvaged"))
        file.rename(kept)
        artifact = Artifact(
            path=str(kept.relative_to(self.folder)), source={"kind": "salvaged", "of": path}, started=self._clock()
        )
        artifact.short("CollectorRestarted", "An earlier collector was cut off while it wrote this.")
        artifact.bytes = kept.stat().st_size
        artifact.hashes = {name: _file_digest(kept, name) for name in ALGORITHMS}
        self._settle(artifact)

    def _volume_is_full(self) -> None:
        self.full = True
        self._drop_ballast()

    def _make_ballast(self) -> None:
        """Space held back so that manifests and custody can be written when nothing else fits any more."""
        if (self.folder / BALLAST).exists():
            return
        volume = os.statvfs(self.folder)
        size = max(64 << 10, min(16 << 20, volume.f_blocks * volume.f_frsize // 64))
        try:
            (self.folder / BALLAST).write_bytes(b"\0" * size)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._volume_is_full()

    def _drop_ballast(self) -> None:
        (self.folder / BALLAST).unlink(missing_ok=True)

    def _tag(self, name: str, text: str) -> None:
        part = self.folder / f"{name}.part"
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self.folder / name)

    def _close(self) -> None:
        self.folder.rename(self.sealed_folder)
        _flush_folder(self.sealed_folder.parent)
        for file in (self.sealed_folder, *self.sealed_folder.rglob("*")):
            file.chmod(0o555 if file.is_dir() else 0o444)


def _free_name(file: Path) -> Path:
    names = (file.with_name(f"{file.name}{number or ''}") for number in range(1000))
    return next(name for name in names if not name.exists())


def _file_digest(file: Path, algorithm: str = "sha256") -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
