"""The index beside each archive: what is in it, with sizes, times and hashes. Nothing is extracted.

The collector makes them of what lies on its volume, once nothing more is asked of the suspect; what an earlier collector
left of an archive is listed too. The archive itself was hashed on its way, so nothing that is said here is taken on trust.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firedoor.evidence.artifact import BLOCK, Artifact
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import Kind
from firedoor.evidence.tarindex import index

ARCHIVES: Final = (Kind.FILES, Kind.EXECUTABLES, Kind.TMPFS, Kind.CHANGED)
LIMIT: Final = 64 << 20


def write(bag: Bag) -> None:
    """Writes those that are not there yet."""
    made = [one for one in bag.artifacts.values() if one.source.get("kind") == Kind.INDEX and one.reason != "Interrupted"]
    listed = {one.source["of"] for one in made}
    for archive in tuple(bag.artifacts.values()):
        if archive.hashes and _is_archive(archive) and archive.path not in listed:
            _write(bag, archive)


def _write(bag: Bag, archive: Artifact) -> None:
    """An index is as whole as its archive; on a full volume there is none, because the space that is left is for the books."""
    planned, source = _beside(archive), {**archive.source, "kind": Kind.INDEX, "of": archive.path}
    if bag.full:
        return bag.skip(planned, source, "failed", "VolumeFull", "The evidence volume was full.")
    with bag.artifact(planned, source, part_of=archive.path) as writer:
        for line in index(_blocks(bag.folder / archive.path, writer.artifact)):
            if writer.artifact.bytes + len(line) > LIMIT:
                writer.artifact.short("LimitReached", f"The archive has more entries than fit into {LIMIT} bytes of index.")
                break
            writer.write(line)
        if writer.artifact.status == "complete" and archive.status != "complete":
            writer.artifact.ends(archive.status, archive.reason)
    return None


def _is_archive(artifact: Artifact) -> bool:
    left = artifact.source.get("kind") == "salvaged" and str(artifact.source["of"]).endswith(".tar.part")
    return left or artifact.source.get("kind") in ARCHIVES


def _beside(archive: Artifact) -> str:
    if archive.source["kind"] == Kind.FILES:
        return f"{archive.path.rpartition('/')[0]}/index.jsonl"
    return f"{archive.path.removesuffix('.tar')}.index.jsonl"


def _blocks(file: Path, listed: Artifact) -> Iterator[bytes]:
    try:
        with file.open("rb", buffering=0) as opened:
            while block := opened.read(BLOCK):
                yield block
    except OSError as error:
        listed.short("ReadErrors", f"The evidence volume does not give back the archive: {error.strerror}.")
