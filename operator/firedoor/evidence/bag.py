"""A BagIt bag (RFC 8493) that is filled crash-safely and always sealed: also partial, also on a full volume.

The collector writes it. Paths in the bag are the collector's own words, never names from the evidence. An artifact is
hashed while it is written, flushed, then renamed into place and noted in custody; what a crash leaves behind is kept
and said to be partial. `bagit.py --validate` and `sha256sum -c` accept the result.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firedoor.evidence.artifact import ACQUIRED, ALGORITHMS, Artifact, Writer, file_digest, file_digests
from firedoor.evidence.custody import Custody
from firedoor.evidence.volume import FULL, Volume, VolumeFull, flush_folder, flush_folders

SAFE_PATH = re.compile(r"data/[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
MANIFESTS = tuple(f"manifest-{algorithm}.txt" for algorithm in ALGORITHMS)
VIEWS = ("timeline.jsonl", "bodyfile.txt", "report.html")
TAG_FILES = ("bagit.txt", "bag-info.txt", "capture.json", "custody.jsonl", *MANIFESTS)


class Bag:
    """A bag under a volume's root, from its opening to its seal."""

    def __init__(self, root: Path, name: str, actor: Mapping[str, str], clock: Callable[[], str]) -> None:
        self.sealed_folder = root / name
        self.folder = root / f"{name}.partial"
        self._clock = clock
        self._volume = Volume(self.folder)
        self.artifacts: dict[str, Artifact] = {}
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        flush_folder(root)
        self._volume.lay_ballast()
        self.custody = Custody(self.folder / "custody.jsonl", actor)
        self._take_up()

    @property
    def full(self) -> bool:
        return self._volume.full

    def has(self, planned: str) -> bool:
        """Whether this planned artifact has been settled, here or by an earlier process that was not interrupted."""
        return any(artifact.id == planned and artifact.reason != "Interrupted" for artifact in self.artifacts.values())

    def note(self, action: str, **detail: Any) -> None:
        """Notes an act in custody that is not about an artifact."""
        self._volume.surely(lambda: self.custody.note(self._clock(), action, **detail))

    @contextmanager
    def artifact(self, planned: str, source: Mapping[str, Any], *, part_of: str = "") -> Iterator[Writer]:
        """Writes one artifact; whatever ends the writing, what was written stays and is told of.

        A path that an earlier try has taken is never written again: this one becomes -r2 beside it. What is `part_of`
        another planned artifact does not settle anything by itself.
        """
        writer = self.begin(planned, source, part_of=part_of)
        try:
            yield writer
        except VolumeFull:
            writer.artifact.short("VolumeFull", "The evidence volume took no more.")
        except BaseException as error:
            writer.artifact.short("Interrupted", f"The capture ended early: {type(error).__name__}.")
            raise
        finally:
            self.finish(writer)

    def begin(self, planned: str, source: Mapping[str, Any], *, part_of: str = "") -> Writer:
        """An artifact that is still to be written; `finish` settles it."""
        path = self._free(planned)
        artifact = Artifact(path=path, id="" if part_of else planned, source=dict(source), started=self._clock())
        return Writer(self.folder / f"{path}.part", artifact, self._volume.gives_up)

    def finish(self, writer: Writer) -> None:
        """Flushes, renames into place and notes in custody. Of what failed or was skipped without a byte there is no file."""
        artifact = writer.artifact
        if not writer.opened and artifact.status in ("complete", "partial"):
            self._volume.surely(writer.open)
        if writer.opened:
            writer.close()
            self._volume.surely(lambda: writer.part.rename(self.folder / artifact.path))
            flush_folders(writer.part.parent, self.folder)
        self._settle(artifact)

    def skip(self, planned: str, source: Mapping[str, Any], status: str, reason: str, message: str = "") -> None:
        """Tells of an artifact that there is no file for."""
        writer = self.begin(planned, source)
        writer.artifact.ends(status, reason, message)
        self.finish(writer)

    def rename(self, writer: Writer, path: str) -> None:
        """What is being written turned out to be something else than planned: it gets this path."""
        writer.artifact.path = self._free(path)

    def drop(self, artifact: Artifact) -> None:
        """Gives up a settled part for newer ones; custody keeps its hash."""
        self.note("artifact.dropped", object=artifact.path, artifact=artifact.told())
        del self.artifacts[artifact.path]
        (self.folder / artifact.path).unlink()

    def view(self, name: str, content: Iterable[bytes]) -> None:
        """Writes a view, in the place of one that an earlier process wrote; none where the volume does not take it whole."""
        part = self.folder / f"{name}.part"
        part.unlink(missing_ok=True)
        if self.full:  # what space is left is for the books
            return self.note("view.failed", object=name, reason="VolumeFull")
        try:
            with part.open("wb") as opened:
                opened.writelines(content)
                opened.flush()
                os.fsync(opened.fileno())
            part.rename(self.folder / name)
        except OSError as error:
            part.unlink()
            if error.errno not in FULL:
                raise
            return self.note("view.failed", object=name, reason="VolumeFull")
        except BaseException:
            part.unlink()
            raise
        return None

    def read_back(self) -> None:
        """Makes the digests for the manifests, of what the volume gives back now; what was read back before is not again."""
        for artifact in self.artifacts.values():
            if artifact.hashes and artifact.hashes.keys() != set(ALGORITHMS):
                self._read_back(artifact)

    def seal(self, information: Mapping[str, str], capture: Mapping[str, Any]) -> None:
        """Reads back what was captured, writes manifests and custody's end, and renames the bag to its final name."""
        self.read_back()
        self._volume.drop_ballast()
        kept = sorted((a for a in self.artifacts.values() if a.hashes), key=lambda artifact: artifact.path)
        oxum = f"{sum(a.bytes for a in kept)}.{len(kept)}"
        told = [artifact.told() for artifact in self.artifacts.values()]
        self._tag("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        self._tag("capture.json", json.dumps({**capture, "artifacts": told}, indent=1) + "\n")
        for algorithm in ALGORITHMS:
            self._tag(f"manifest-{algorithm}.txt", "".join(f"{a.hashes[algorithm]}  {a.path}\n" for a in kept))
        self.note("bag.sealed", object=self.sealed_folder.name, oxum=oxum)
        ours = {"Payload-Oxum": oxum, "Custody-Head-SHA256": self.custody.head}
        self._tag("bag-info.txt", "".join(f"{key}: {value}\n" for key, value in {**information, **ours}.items()))
        for algorithm in ALGORITHMS:
            tags = (f"{file_digest(self.folder / name, algorithm)}  {name}\n" for name in sorted(self._tag_files()))
            self._tag(f"tagmanifest-{algorithm}.txt", "".join(tags))
        self._close()

    def _read_back(self, artifact: Artifact) -> None:
        """Where that is not what was captured, it is said."""
        file, acquired = self.folder / artifact.path, artifact.hashes[ACQUIRED]
        try:
            artifact.hashes, artifact.bytes = file_digests(file), file.stat().st_size
        except OSError as error:
            artifact.hashes, artifact.bytes = {}, 0
            artifact.ends("failed", "ReadErrors", f"The evidence volume does not give back what was captured: {error.strerror}.")
            return self.note("artifact.lost", object=artifact.path, sha256=acquired)
        if artifact.hashes[ACQUIRED] != acquired:
            artifact.short("ReadErrors", f"The evidence volume gives back something else than was captured, sha256 {acquired}.")
            self.note("artifact.altered", object=artifact.path, sha256=acquired, found=artifact.hashes[ACQUIRED])
        return None

    def _tag_files(self) -> list[str]:
        return [*TAG_FILES, *(name for name in VIEWS if (self.folder / name).exists())]

    def _free(self, planned: str) -> str:
        if not SAFE_PATH.fullmatch(planned):
            raise ValueError(f"{planned!r} is no path for a bag; paths are made of plain words under data/")
        folder, _, name = planned.rpartition("/")
        stem, dot, ending = name.partition(".")
        names = (planned, *(f"{folder}/{stem}-r{number}{dot}{ending}" for number in range(2, 1000)))
        return next(name for name in names if not (self.folder / name).exists())

    def _settle(self, artifact: Artifact) -> None:
        artifact.ended = self._clock()
        self.artifacts[artifact.path] = artifact
        word = "captured" if artifact.status == "complete" else artifact.status
        self.note(f"artifact.{word}", object=artifact.path, artifact=artifact.told())

    def _take_up(self) -> None:
        """Goes on where an earlier process was: settled artifacts stand, half-written files are kept as partial."""
        for line in self.custody.lines:
            if line["action"] == "artifact.dropped":
                self.artifacts.pop(line["object"], None)
            elif "artifact" in line:
                self.artifacts[line["object"]] = Artifact(**line["artifact"])
        for file in sorted((self.folder / "data").rglob("*")):
            path = str(file.relative_to(self.folder))
            if file.is_file() and not self._settled(path):
                self._salvage(file, path)

    def _settled(self, path: str) -> bool:
        return path in self.artifacts and bool(self.artifacts[path].hashes)

    def _salvage(self, file: Path, path: str) -> None:
        kept = self.folder / self._free(path.removesuffix(".part").removesuffix(".salvaged") + ".salvaged")
        self._volume.surely(lambda: file.rename(kept))
        name = str(kept.relative_to(self.folder))
        artifact = Artifact(path=name, source={"kind": "salvaged", "of": path}, started=self._clock())
        artifact.short("CollectorRestarted", "An earlier collector was cut off while it wrote this.")
        artifact.bytes = kept.stat().st_size
        artifact.hashes = file_digests(kept)
        self._settle(artifact)

    def _tag(self, name: str, text: str) -> None:
        self._volume.surely(lambda: _replace(self.folder / name, text))

    def _close(self) -> None:
        flush_folder(self.folder)
        self.folder.rename(self.sealed_folder)
        flush_folder(self.sealed_folder.parent)
        for file in (self.sealed_folder, *self.sealed_folder.rglob("*")):
            file.chmod(0o555 if file.is_dir() else 0o444)


def _replace(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    part.rename(file)
